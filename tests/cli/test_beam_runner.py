"""Running a pipeline from the command line: runner, errors of workers, exit codes."""

from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import fn_runner
from helpers.commands import DATAFLOW, crush_arguments
from helpers.generators import DROPPING, compress, lines_of

from headroom_beam.cli import crush
from headroom_beam.cli.beam_runner import pipeline_options
from headroom_beam.files.manifest import read_manifest
from headroom_beam.objects.open import open_objects
from headroom_beam.transforms.crush_files import CrushFiles


@pytest.mark.parametrize("runner", [[], ["--runner=FnApiRunner"], ["--runner=BundleBasedDirectRunner"]])
def test_an_error_on_a_worker_is_one_line_and_an_exit_code(
    inputs: Path, capsys: pytest.CaptureFixture[str], runner: list[str]
) -> None:
    assert crush.main(crush_arguments(inputs, *runner)) == 0
    capsys.readouterr()
    assert crush.main([*crush_arguments(inputs, *runner), "--max_tokens", "301"]) == 9
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("StoreError: ")
    assert "its option max_tokens is 300, this one's 301" in line
    assert "while running" not in line


@pytest.mark.parametrize("runner", [[], ["--runner=FnApiRunner"]])
def test_a_truncated_input_has_the_exit_code_of_damage(
    inputs: Path, capsys: pytest.CaptureFixture[str], runner: list[str]
) -> None:
    (inputs / "cut.jsonl.gz").write_bytes(compress(lines_of(3), ".gz")[:-9])
    # In a folder such a file is copied; one that was named has to be whole.
    arguments = crush_arguments(inputs, *runner)
    arguments[1] = str(inputs / "*.gz")
    assert crush.main(arguments) == 8
    assert "IntegrityError: " in capsys.readouterr().err
    assert not (inputs.parent / "out" / "_manifest.json").exists()


def test_the_default_runner_is_in_this_process_with_threads() -> None:
    options = pipeline_options([])
    assert options.view_as(StandardOptions).runner == "FnApiRunner"
    assert options.view_as(DirectOptions).direct_running_mode == "multi_threading"
    options = pipeline_options(["--runner=DirectRunner"])
    assert options.view_as(StandardOptions).runner == "DirectRunner"
    assert options.view_as(DirectOptions).direct_running_mode == "in_memory"
    assert pipeline_options(["--direct_num_workers=1"]).view_as(DirectOptions).direct_num_workers == 1


def test_a_dry_run_prints_no_summary(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert crush.main(crush_arguments(inputs, *DATAFLOW)) == 0
    assert capsys.readouterr().out == ""
    assert not (inputs.parent / "out").exists()


def test_the_pipeline_translates_for_dataflow_and_the_translation_runs(inputs: Path) -> None:
    root = inputs.parent
    pipeline = beam.Pipeline(options=PipelineOptions(DATAFLOW))
    crushed = pipeline | CrushFiles(
        str(inputs), str(root / "out"), str(root / "originals"), trace_format="json", config=DROPPING
    )
    _ = crushed.failures | beam.Map(lambda failure: failure.kind)
    pipeline.run()
    translated: Any = pipeline.runner.proto_pipeline
    # The translation holds all that workers need: its pickled DoFns and coders are loaded and run.
    for environment in translated.components.environments.values():
        environment.CopyFrom(beam_runner_api_pb2.Environment(urn="beam:env:embedded_python:v1"))
    fn_runner.FnApiRunner().run_via_runner_api(translated, PipelineOptions()).wait_until_finish()
    assert read_manifest(open_objects(root / "out")).summary["records"] == 22
