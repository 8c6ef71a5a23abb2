"""Pipelines translate for Dataflow without a network, and the translation runs."""

import hashlib
import json

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns, python_urns
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from helpers.commands import DATAFLOW
from helpers.generators import BROKEN, RECORDS, SMALL

from headroom_beam import (
    CrushFiles,
    CrushRecords,
    LookupOriginals,
    OriginalStore,
    RestoreRecords,
    WriteCompacted,
)
from headroom_beam.transforms.sinks import WriteFailures


def translated(pipeline: beam.Pipeline) -> beam_runner_api_pb2.Pipeline:
    pipeline.run()
    return beam_runner_api_pb2.Pipeline.FromString(pipeline.runner.proto_pipeline.SerializeToString())


def run_here(proto: beam_runner_api_pb2.Pipeline) -> None:
    """Runs a translated pipeline from its proto alone, with workers in this process."""
    for environment in proto.components.environments.values():
        environment.Clear()
        environment.urn = python_urns.EMBEDDED_PYTHON
    FnApiRunner().run_via_runner_api(proto, PipelineOptions()).wait_until_finish()


def urns_of(proto: beam_runner_api_pb2.Pipeline) -> set[str]:
    return {transform.spec.urn for transform in proto.components.transforms.values()}


def test_a_batch_pipeline_over_records_translates_and_runs(tmp_path, collect):
    store = str(tmp_path / "store")
    pipeline = beam.Pipeline(options=PipelineOptions(DATAFLOW))
    crushed = (
        pipeline
        | beam.Create([(number, record) for number, record in enumerate([*RECORDS, *BROKEN])])
        | CrushRecords(trace_format="json", config=SMALL, originals=store)
    )
    collect(crushed.failures, "failures")
    collect((crushed.compacted | RestoreRecords(store)).restored, "restored")
    rows = crushed.compacted | beam.Values()
    _ = rows | "Compacted" >> WriteCompacted(str(tmp_path / "out"), file_format="parquet")
    _ = crushed.failures | "Failures" >> WriteFailures(str(tmp_path / "failures"))
    proto = translated(pipeline)
    assert not (tmp_path / "store").exists()
    run_here(proto)
    assert sorted(collect["restored"]) == list(enumerate(RECORDS))
    assert len(collect["failures"]) == len(BROKEN)
    assert list((tmp_path / "out").iterdir())
    assert list((tmp_path / "failures").iterdir())


@pytest.mark.parametrize("strategy", ["point", "join", "auto"])
def test_lookups_translate_and_run(tmp_path, collect, strategy):
    OriginalStore.open(tmp_path / "store")
    pipeline = beam.Pipeline(options=PipelineOptions(DATAFLOW))
    hashes = pipeline | beam.Create(["0" * 24])
    collect((hashes | LookupOriginals(str(tmp_path / "store"), strategy=strategy)).missing, "missing")
    run_here(translated(pipeline))
    assert [row.reason for row in collect["missing"]] == ["missing"]


def test_a_pipeline_over_files_translates_and_runs(tmp_path):
    source = tmp_path / "in" / "trace.jsonl"
    source.parent.mkdir()
    source.write_bytes(b"\n".join([*RECORDS, *BROKEN]))
    pipeline = beam.Pipeline(options=PipelineOptions(DATAFLOW))
    _ = pipeline | CrushFiles(
        [str(source)], str(tmp_path / "out"), str(tmp_path / "store"), trace_format="json", config=SMALL
    )
    proto = translated(pipeline)
    assert not (tmp_path / "out").exists()
    run_here(proto)
    manifest = json.loads((tmp_path / "out/_manifest.json").read_text())
    [part] = manifest["parts"]
    compacted = (tmp_path / "out" / part["part"]).read_bytes()
    assert hashlib.sha256(compacted).hexdigest() == part["compacted_digest"]
    assert not OriginalStore.open(tmp_path / "store").check().problems


@pytest.mark.parametrize("sink", ["--output=gs://bucket/out", "--output_topic=projects/project/topics/out"])
def test_the_streaming_program_translates_with_the_sources_and_sinks_of_the_service(
    tmp_path, sink, monkeypatch
):
    from headroom_beam.cli import stream as streaming

    protos = []
    monkeypatch.setattr(streaming, "run_pipeline", lambda pipeline: protos.append(translated(pipeline)))
    arguments = [
        "--subscription=projects/project/subscriptions/in",
        "--originals=gs://bucket/store",
        "--failures=gs://bucket/failures",
        "--id_label=id",
        "--streaming",
        sink,
        *DATAFLOW,
    ]
    assert streaming.main(arguments) == 0
    [proto] = protos
    assert common_urns.composites.PUBSUB_READ.urn in urns_of(proto)
    assert (common_urns.composites.PUBSUB_WRITE.urn in urns_of(proto)) == sink.startswith("--output_topic")
    assert common_urns.requirements.REQUIRES_STATEFUL_PROCESSING.urn in proto.requirements
    unbounded = beam_runner_api_pb2.IsBounded.UNBOUNDED
    assert any(pcollection.is_bounded == unbounded for pcollection in proto.components.pcollections.values())


def test_the_streaming_program_itself_runs_offline_for_dataflow(tmp_path):
    from headroom_beam.cli import crush

    arguments = [
        "--streaming",
        "--subscription=projects/project/subscriptions/in",
        "--originals=gs://bucket/store",
    ]
    assert crush.main([*arguments, "--output=gs://bucket/out", *DATAFLOW]) == 0
