"""`headroom-beam crush`: the files that it writes, its summary and its explanations."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.commands import TRACE_FORMAT, CrushedTrace, crush_arguments, restore_arguments
from helpers.oracles import tree

from headroom_beam import errors
from headroom_beam.cli import crush, restore
from headroom_beam.cli.main import main
from headroom_beam.files.manifest import read_manifest
from headroom_beam.objects.open import open_objects


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
    # The same output can't be used for a run without explanations: the plans differ.
    assert crush.main(crush_arguments(inputs, "--max_tokens", "200")) == 9
    assert "explain" in capsys.readouterr().err


def test_an_explanation_names_the_share_of_a_payload_in_its_records_budget(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = ["".join(f"{word}{at} step {at * 7919 % 1009} is done\n" for at in range(300)) for word in "ab"]
    record = {"messages": [{"role": "tool", "tool_call_id": log[0], "content": log} for log in logs]}
    inputs = tmp_path / "in"
    inputs.mkdir()
    (inputs / "chats.jsonl").write_text(json.dumps(record) + "\n")
    options = ("--trace_format", "openai", "--json", "--explain", "--exact_tokens", "--max_tokens", "4096")
    assert crush.main(crush_arguments(inputs, *options, "--max_record_tokens", "2000")) == 0
    assert json.loads(capsys.readouterr().out)["tokens_after"] <= 2000
    (explanations,) = (tmp_path / "out" / "_explanations").iterdir()
    older, newer = [json.loads(line) for line in explanations.read_text().splitlines()]
    assert (older["strategy"], newer["strategy"]) == ("excerpt", "excerpt")
    assert older["over_budget"] == newer["over_budget"] == 0
    assert 0 < older["share"] == newer["share"] // 2
    assert older["explanation"].endswith(f"; share {older['share']} of the record's budget")
    assert restore.main(restore_arguments(inputs)) == 0
    assert tree(tmp_path / "restored") == tree(inputs)


def test_the_program_runs_in_a_process_of_its_own(inputs: Path) -> None:
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
    # Progress is shown only on terminals.
    assert "\r" not in done.stderr


def test_a_missing_option_is_a_usage_error(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        crush.main(["--input", str(inputs)])
    assert stopped.value.code == 2
    assert "--output" in capsys.readouterr().err


def test_crush_gives_its_summary_as_json(crushed: CrushedTrace, capfd: pytest.CaptureFixture[str]) -> None:
    # The run is complete, so this only prints its summary again.
    assert main(["crush", *crushed.arguments(*TRACE_FORMAT, "--json")]) == 0
    summary = json.loads(capfd.readouterr().out)
    assert (summary["records"], summary["compacted"], summary["failures"]) == (3, 2, {"invalid_utf8": 1})
    assert summary == json.loads((crushed.output / "_summary.json").read_text())


def test_crush_gives_its_summary_as_a_table(crushed: CrushedTrace, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["crush", *crushed.arguments(*TRACE_FORMAT)]) == 0
    captured = capfd.readouterr()
    assert [line.split()[0] for line in captured.out.splitlines()[:4]] == ["tool", "cat", "ls", "all"]
    assert captured.err == ""


def test_another_run_into_the_same_output_is_refused(
    crushed: CrushedTrace, capfd: pytest.CaptureFixture[str]
) -> None:
    code = main(["crush", *crushed.arguments(*TRACE_FORMAT, "--max_tokens", "999")])
    assert code == errors.StoreError.exit_code
    assert "StoreError: " in capfd.readouterr().err
