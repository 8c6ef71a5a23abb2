"""The batch pipelines on Prism, Beam's portable local runner: `make prism` builds it and runs these."""

import os
import subprocess
import sys

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from helpers.generators import BROKEN, RECORDS, SMALL
from helpers.oracles import hashes_of
from helpers.repository import PRISM, REPOSITORY

from headroom_beam import CrushRecords, LookupOriginals, RestoreRecords, WriteCompacted
from headroom_beam.transforms.sinks import WriteFailures

pytestmark = [
    pytest.mark.prism,
    pytest.mark.skipif(not PRISM, reason="HEADROOM_BEAM_PRISM names no Prism binary; `make prism` does"),
]

OPTIONS = ["--runner=PrismRunner", f"--prism_location={PRISM}"]


def run(module: str, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", module, *arguments, *OPTIONS],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        check=True,
        timeout=600,
    )


def test_files_are_crushed_and_restored(tmp_path):
    source = tmp_path / "in" / "trace.jsonl"
    source.parent.mkdir()
    source.write_bytes(b"\n".join([*RECORDS, *BROKEN]))
    out, originals = f"{tmp_path}/out", f"{tmp_path}/originals"
    run(
        "pipelines.crush",
        f"--input={source}",
        f"--output={out}",
        f"--originals={originals}",
        "--max_tokens=200",
        "--trace_format=json",
    )
    run(
        "pipelines.restore", f"--input={out}", f"--originals={originals}", f"--output={tmp_path / 'restored'}"
    )
    assert (tmp_path / "restored" / "trace.jsonl").read_bytes() == source.read_bytes()


def test_records_are_crushed_written_and_restored(tmp_path, collect):
    store = str(tmp_path / "store")
    with beam.Pipeline(options=PipelineOptions(OPTIONS)) as pipeline:
        crushed = (
            pipeline
            | beam.Create([*enumerate(RECORDS), *((-1, record) for record in BROKEN)])
            | CrushRecords(trace_format="json", config=SMALL, originals=store)
        )
        collect((crushed.compacted | RestoreRecords(store)).restored, "restored")
        rows = crushed.compacted | beam.Values()
        collect((rows | WriteCompacted(str(tmp_path / "out"), file_format="parquet")).files, "files")
        collect((crushed.failures | WriteFailures(str(tmp_path / "failures"))).files, "failures")
        collect(rows | beam.FlatMap(hashes_of), "hashes")
    assert sorted(collect["restored"]) == list(enumerate(RECORDS))
    assert sum(file.records for file in collect["files"]) == len(RECORDS)
    assert sum(file.records for file in collect["failures"]) == len(BROKEN)
    for strategy in ("point", "join", "auto"):
        with beam.Pipeline(options=PipelineOptions(OPTIONS)) as pipeline:
            hashes = pipeline | beam.Create(collect["hashes"])
            collect((hashes | LookupOriginals(store, strategy=strategy)).found, strategy)
        assert sorted(row.hash for row in collect[strategy]) == sorted(collect["hashes"])
