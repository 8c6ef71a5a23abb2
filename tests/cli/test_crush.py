"""The programs: options, output, exit codes, progress, and translation for Dataflow."""

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import fn_runner
from helpers.generators import AWKWARD, DROPPING, compress, lines_of
from helpers.oracles import tree

from headroom_beam.cli import crush, restore
from headroom_beam.cli.beam_runner import pipeline_options
from headroom_beam.cli.progress import RunProgress
from headroom_beam.files.manifest import read_manifest
from headroom_beam.files.plan import RunSettings, start_run
from headroom_beam.objects.open import open_objects
from headroom_beam.store.store import OriginalStore
from headroom_beam.transforms.crush_files import CrushFiles


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "records.jsonl").write_bytes(lines_of(12))
    (folder / "awkward.jsonl").write_bytes(AWKWARD)
    return folder


def crush_arguments(inputs: Path, *more: str) -> list[str]:
    root = inputs.parent
    return [
        *("--input", str(inputs), "--output", str(root / "out"), "--originals", str(root / "originals")),
        *("--max_tokens", "300"),
        *more,
    ]


def restore_arguments(inputs: Path, *more: str) -> list[str]:
    root = inputs.parent
    return [
        *(
            "--input",
            str(root / "out"),
            "--originals",
            str(root / "originals"),
            "--output",
            str(root / "restored"),
        ),
        *more,
    ]


def test_files_are_crushed_and_restored_by_the_programs(
    inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crush.main(crush_arguments(inputs)) == 0
    printed = capsys.readouterr().out
    assert "records" in printed
    assert "invalid_json 2" in printed
    assert restore.main(restore_arguments(inputs)) == 0
    assert capsys.readouterr().out.startswith("2 files restored, ")
    assert tree(inputs.parent / "restored") == tree(inputs)


def test_the_summary_is_printed_as_json(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert crush.main(crush_arguments(inputs, "--json")) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary == read_manifest(open_objects(inputs.parent / "out")).summary
    assert summary == json.loads((inputs.parent / "out" / "_summary.json").read_bytes())


def test_every_payload_is_explained_on_request(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert crush.main(crush_arguments(inputs, "--json", "--explain", "--max_tokens", "200")) == 0
    summary = json.loads(capsys.readouterr().out)
    (explanations,) = (inputs.parent / "out" / "_explanations").iterdir()
    rows = [json.loads(line) for line in explanations.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == summary["payloads"]
    for count in ("tokens_before", "tokens_after"):
        assert sum(row[count] for row in rows) == summary[count]
    assert sum(row["rows_total"] - row["rows_kept"] for row in rows) == summary["rows_dropped"] > 0
    dropped = next(row for row in rows if row["strategy"] == "rows")
    assert dropped["explanation"].startswith(
        f"rows: {dropped['rows_kept']} of {dropped['rows_total']} rows kept ("
    )
    assert "; dropped " in dropped["explanation"]
    source = (inputs / dropped["source"]).read_bytes()
    assert dropped["offset"] == 0 or source[dropped["offset"] - 1 : dropped["offset"]] == b"\n"
    # A run with and one without them are two runs.
    assert crush.main(crush_arguments(inputs, "--max_tokens", "200")) == 9
    assert "explain" in capsys.readouterr().err


def test_the_program_runs_by_itself(inputs: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipelines.crush",
            *crush_arguments(inputs, "--runner=BundleBasedDirectRunner"),
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    assert "records" in done.stdout
    # Off a terminal there is no line of progress.
    assert "\r" not in done.stderr


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
    assert crush.main(crush_arguments(inputs, *runner)) == 8
    assert "IntegrityError: " in capsys.readouterr().err
    assert not (inputs.parent / "out" / "_manifest.json").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--max_tokens", "0"], "max_tokens"),
        (["--trace_format", "nonsense"], "nonsense"),
        (["--maxtokens", "5"], "--maxtokens"),
        (["--runer", "DirectRunner"], "--runer"),
        (["--output", "s3://bucket"], "s3"),
    ],
)
def test_wrong_options_are_refused(
    inputs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    assert crush.main([*crush_arguments(inputs), *arguments]) == 2
    assert named in capsys.readouterr().err
    assert not (inputs.parent / "out").exists()


def test_a_missing_option_is_a_usage_error(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        crush.main(["--input", str(inputs)])
    assert stopped.value.code == 2
    assert "--output" in capsys.readouterr().err


def test_options_reach_the_crusher(inputs: Path) -> None:
    more = ["--lossless_only", "--no-verify", "--keep_patterns", "one", "two", "--first_fraction", "0.5"]
    assert (
        crush.main(
            crush_arguments(inputs, *more, "--trace_format", ".result", ".text", "--shard_bytes", "9999")
        )
        == 0
    )
    plan = json.loads((inputs.parent / "out" / "_run.json").read_bytes())
    options = plan["options"]
    assert options["lossless_only"] is True
    assert options["verify"] is False
    assert options["keep_patterns"] == ["one", "two"]
    assert options["first_fraction"] == 0.5
    assert options["paths"] == [".result", ".text"]
    assert plan["shard_bytes"] == 9999


def test_a_run_that_cannot_be_restored_says_so(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert crush.main(crush_arguments(inputs)) == 0
    for folder in ("packs", "index"):
        for path in (inputs.parent / "originals" / folder).iterdir():
            path.unlink()
    assert restore.main(restore_arguments(inputs)) == 6
    assert capsys.readouterr().out.splitlines()[-1].startswith("0 files restored")


def test_without_a_runner_it_is_this_process_with_threads() -> None:
    options = pipeline_options([])
    assert options.view_as(StandardOptions).runner == "FnApiRunner"
    assert options.view_as(DirectOptions).direct_running_mode == "multi_threading"
    options = pipeline_options(["--runner=DirectRunner"])
    assert options.view_as(StandardOptions).runner == "DirectRunner"
    assert options.view_as(DirectOptions).direct_running_mode == "in_memory"
    assert pipeline_options(["--direct_num_workers=1"]).view_as(DirectOptions).direct_num_workers == 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_counts_shards_that_are_done(
    inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headroom_beam.files.crush_shard import crush_shard

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("headroom_beam.cli.progress._INTERVAL_S", 0.02)
    settings = RunSettings(
        output=str(inputs.parent / "out"),
        originals=str(inputs.parent / "originals"),
        config=DROPPING,
        shard_bytes=20_000,
    )
    with RunProgress(settings.output):
        run, shards = start_run([str(inputs)], settings)
        for shard in shards:
            crush_shard(run, shard, OriginalStore.open(settings.originals))
        deadline_s = time.monotonic() + 300
        while "100 %" not in terminal.getvalue():
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
    assert "22 records" in terminal.getvalue()


DATAFLOW = [
    "--runner=DataflowRunner",
    "--dry_run=True",
    "--no_auth",
    "--project=some-project",
    "--region=us-central1",
    "--temp_location=gs://some-bucket/temp",
    "--staging_location=gs://some-bucket/staging",
]


def test_the_pipeline_translates_for_dataflow_and_the_translation_runs(inputs: Path) -> None:
    root = inputs.parent
    pipeline = beam.Pipeline(options=PipelineOptions(DATAFLOW))
    crushed = pipeline | CrushFiles(str(inputs), str(root / "out"), str(root / "originals"), config=DROPPING)
    _ = crushed.failures | beam.Map(lambda failure: failure.kind)
    pipeline.run()
    translated: Any = pipeline.runner.proto_pipeline
    # Everything that workers need is in the translation: the pickled DoFns and coders load again and run.
    for environment in translated.components.environments.values():
        environment.CopyFrom(beam_runner_api_pb2.Environment(urn="beam:env:embedded_python:v1"))
    fn_runner.FnApiRunner().run_via_runner_api(translated, PipelineOptions()).wait_until_finish()
    assert read_manifest(open_objects(root / "out")).summary["records"] == 22


def test_a_dry_run_prints_no_summary(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert crush.main(crush_arguments(inputs, *DATAFLOW)) == 0
    assert capsys.readouterr().out == ""
    assert not (inputs.parent / "out").exists()
