"""The file transforms on local runners do what the plain functions do, with rows, counters and types."""

import datetime as dt
import json
import pickle
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.display import DisplayData
from helpers.faults import doubt_each_block
from helpers.generators import DROPPING, lines_of
from helpers.oracles import tree
from helpers.repository import PRISM

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.files.manifest import CompactedPart, StoredPack, read_manifest
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.run import run_shards
from headroom_beam.objects.open import open_objects
from headroom_beam.records import Failure
from headroom_beam.transforms.crush_files import CrushFiles
from headroom_beam.transforms.metrics import METRICS_NAMESPACE
from headroom_beam.transforms.restore_files import RestoreFiles

RUNNERS = [
    pytest.param(["--runner=FnApiRunner"], id="FnApiRunner"),
    pytest.param(
        ["--runner=FnApiRunner", "--direct_running_mode=multi_threading", "--direct_num_workers=2"],
        id="threads",
    ),
    pytest.param(["--runner=BundleBasedDirectRunner"], id="BundleBasedDirectRunner"),
    *(
        [
            pytest.param(
                ["--runner=PrismRunner", f"--prism_location={PRISM}"], id="Prism", marks=pytest.mark.prism
            )
        ]
        if PRISM
        else []
    ),
]


def crush_files(inputs: Path, tmp_path: Path, **changes: Any) -> CrushFiles:
    arguments = {
        "trace_format": "json",
        "config": DROPPING,
        "shard_bytes": 20_000,
        "run_date": "2026-01-31",
        **changes,
    }
    return CrushFiles(str(inputs), str(tmp_path / "out"), str(tmp_path / "originals"), **arguments)


def as_dicts(lines: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.splitlines()]


@pytest.mark.parametrize("runner", RUNNERS)
def test_files_are_crushed_and_restored(inputs: Path, tmp_path: Path, runner: list[str]) -> None:
    with beam.Pipeline(options=PipelineOptions(runner)) as pipeline:
        _ = pipeline | crush_files(inputs, tmp_path)
    with beam.Pipeline(options=PipelineOptions(runner)) as pipeline:
        restored = pipeline | RestoreFiles(
            str(tmp_path / "out"), str(tmp_path / "originals"), str(tmp_path / "restored")
        )
        names = restored.restored | beam.Map(lambda file: file.name)
        assert_that(names, equal_to(["records.jsonl", "awkward.jsonl.gz", "more.jsonl.zst"]), "restored")
        assert_that(restored.unresolved, equal_to([]), "unresolved")
    assert (tmp_path / "restored" / "records.jsonl").read_bytes() == lines_of(12)
    plain = RunSettings(
        output=str(tmp_path / "plain"),
        originals=str(tmp_path / "plain.originals"),
        trace_format="json",
        config=DROPPING,
        shard_bytes=20_000,
        run_date=read_date(tmp_path / "out"),
    )
    run_shards([str(inputs)], plain)
    expected, found = tree(tmp_path / "plain"), tree(tmp_path / "out")
    del expected["_run.json"], found["_run.json"]
    assert found == expected


def read_date(output: Path) -> Any:
    return dt.date.fromisoformat(read_manifest(open_objects(output)).run_date)


def test_the_outputs_are_rows_of_parts_packs_and_failures(inputs: Path, tmp_path: Path) -> None:
    def same(rows: Any, expected: list[Any]) -> None:
        assert_that(rows, equal_to(expected), f"rows {type(expected[0]).__name__}")

    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        _ = pipeline | crush_files(inputs, tmp_path)
    manifest = read_manifest(open_objects(tmp_path / "out"))
    failures = [
        Failure(**row)
        for path in sorted((tmp_path / "out" / "_failures").iterdir())
        for row in as_dicts(path.read_text())
    ]
    packs = [
        StoredPack(**pack)
        for path in sorted((tmp_path / "out" / "_shards").iterdir())
        for pack in json.loads(path.read_text())["packs"]
    ]
    assert len(failures) == 4
    # A resumed run gives all rows again, also of shards that it skips.
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        crushed = pipeline | crush_files(inputs, tmp_path)
        assert crushed.compacted.element_type == CompactedPart
        assert crushed.originals.element_type == StoredPack
        assert crushed.failures.element_type == Failure
        same(
            crushed.compacted | "parts" >> beam.Map(lambda row: row._replace(packs=list(row.packs))),
            list(manifest.parts),
        )
        same(crushed.originals, packs)
        same(
            crushed.failures | "hashes" >> beam.Map(lambda row: row._replace(hashes=list(row.hashes))),
            failures,
        )


def counters(result: Any) -> dict[str, int]:
    return {
        counter.key.metric.name: counter.result
        for counter in result.metrics().query()["counters"]
        if counter.key.metric.namespace == METRICS_NAMESPACE
    }


def test_counters_agree_with_the_summary(inputs: Path, tmp_path: Path) -> None:
    pipeline = beam.Pipeline(runner="FnApiRunner")
    _ = pipeline | crush_files(inputs, tmp_path)
    result = pipeline.run()
    result.wait_until_finish()
    summary = read_manifest(open_objects(tmp_path / "out")).summary
    found = counters(result)
    sizes = ("bytes_before", "bytes_after", "tokens_before", "tokens_after")
    same = ("records", "payloads", "rows_dropped", "originals", "duplicates", "packs", "unproved")
    for name in (*sizes, *same, "unrecognised", "likely"):
        assert found[name] == summary[name], name
    assert found["failures"] == 4
    assert {name: count for name, count in found.items() if name.startswith("failures_")} == {
        f"failures_{kind}": count for kind, count in summary["failures"].items()
    }
    assert found["shards_crushed"] == len(list((tmp_path / "out" / "_shards").iterdir()))
    (sizes,) = (
        one.result
        for one in result.metrics().query()["distributions"]
        if one.key.metric.name == "shard_bytes"
    )
    assert (sizes.count, sizes.sum) == (found["shards_crushed"], summary["bytes_before"])
    assert found["unproved"] == 0


def test_unproved_payloads_are_counted(inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    doubt_each_block(monkeypatch)
    pipeline = beam.Pipeline(runner="FnApiRunner")
    _ = pipeline | crush_files(inputs, tmp_path)
    result = pipeline.run()
    result.wait_until_finish()
    # Every part is one block.
    manifest = read_manifest(open_objects(tmp_path / "out"))
    assert counters(result)["unproved"] == manifest.summary["unproved"] == len(manifest.parts) > 0
    assert json.loads((tmp_path / "out" / "_summary.json").read_bytes())["unproved"] == len(manifest.parts)


def test_transforms_are_pickled_and_shown(inputs: Path, tmp_path: Path) -> None:
    crush = pickle.loads(pickle.dumps(crush_files(inputs, tmp_path, trace_format="openai")))
    shown = {item.key: item.value for item in DisplayData.create_from(crush).items}
    assert shown["inputs"] == str(inputs)
    assert shown["output"] == str(tmp_path / "out")
    assert ".messages[*]" in shown["paths"]
    assert len(shown["options"]) == 64
    restore = pickle.loads(pickle.dumps(RestoreFiles("a", "b", "c")))
    assert {item.key for item in DisplayData.create_from(restore).items} == {
        "compacted",
        "originals",
        "output",
    }


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"inputs": []}, "no input"),
        ({"inputs": ["s3://bucket/a"]}, "s3"),
        ({"output": "hdfs://a"}, "hdfs"),
        ({"originals": "out"}, "root of its own"),
        ({"shard_bytes": 0}, "shard_bytes"),
        ({"trace_format": "unknown"}, "unknown"),
        ({"run_date": "yesterday"}, "yesterday"),
    ],
)
def test_arguments_that_cannot_work_are_refused_at_construction(changes: dict[str, Any], named: str) -> None:
    arguments = {"inputs": "in", "output": "out", "originals": "originals", **changes}
    with pytest.raises(ValueError, match=named):
        CrushFiles(**arguments)


def test_an_output_of_another_run_fails_the_pipeline(inputs: Path, tmp_path: Path) -> None:
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        _ = pipeline | crush_files(inputs, tmp_path)
    with pytest.raises(Exception, match="option max_tokens"), beam.Pipeline(runner="FnApiRunner") as pipeline:
        _ = pipeline | crush_files(inputs, tmp_path, config=SmartCrusherConfig(max_tokens=299))
