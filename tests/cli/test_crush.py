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


def crush_into(folder: Path, name: str, *more: str) -> int:
    roots = ["--output", str(folder.parent / name), "--originals", str(folder.parent / f"{name}.originals")]
    return main(["crush", "--input", str(folder), *roots, *more])


@pytest.fixture
def plain_logs(tmp_path: Path) -> Path:
    """A folder of logs in which no tool's result stands."""
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"level": "info", "text": "started"}\n' * 3)
    (folder / "b.json").write_text('{\n "rows": [1, 2]\n}')
    (folder / "c.log").write_text("no JSON\n")
    return folder


def test_a_run_without_payloads_says_what_to_do_each_time_and_is_complete(
    plain_logs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    printed = []
    for _ in range(2):
        assert crush_into(plain_logs, "out") == errors.PayloadNotFound.exit_code == 12
        printed.append(capfd.readouterr())
    assert printed[0] == printed[1]
    assert printed[0].err == (
        "PayloadNotFound: no payload in 4 records; say where payloads are with --select PATH, such as "
        "'.result' or '.steps[*].output'; headroom-beam formats FILE shows what is in a file\n"
    )
    assert "\nunrecognised  4 records\n" in printed[0].out
    assert "a.jsonl: 3 of 3\n" in printed[0].out
    assert tree(plain_logs) == {
        name: data for name, data in tree(plain_logs.parent / "out").items() if not name.startswith("_")
    }
    assert read_manifest(open_objects(plain_logs.parent / "out")).summary["unrecognised"] == 4


def test_a_run_without_payloads_names_the_format_that_finds_some(
    plain_logs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (plain_logs / "d.jsonl").write_text('{"role": "tool", "tool_call_id": "c1", "content": "a result"}')
    assert crush_into(plain_logs, "one", "--trace_format", "claude-code", "--json") == 12
    captured = capfd.readouterr()
    assert captured.err.endswith("no payload in 5 records; --trace_format openai would find some\n")
    assert json.loads(captured.out)["unrecognised"] == 5
    assert crush_into(plain_logs, "all") == 0
    captured = capfd.readouterr()
    assert captured.err == ""
    assert "\nunrecognised  4 records\n" in captured.out
    assert crush_into(plain_logs, "whole", "--trace_format", "json") == 0
    assert "unrecognised" not in capfd.readouterr().out


def test_a_run_of_which_most_is_no_record_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1}\n{\n')
    assert crush_into(file, "half", "--trace_format", "json") == 0
    file.write_text('{"a": 1}\n{\n{\n')
    capfd.readouterr()
    assert crush_into(file, "most", "--trace_format", "json") == 12
    err = capfd.readouterr().err
    assert err.startswith(
        "PayloadNotFound: 2 of 3 records are failures (invalid_json 2), most of them in a.jsonl"
    )


def test_an_input_without_records_is_no_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "empty.jsonl").write_bytes(b"\n")
    assert crush_into(folder, "out") == 0
    assert capfd.readouterr().err == ""


def test_explanations_name_the_format_or_the_shape(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    log = "a line of a log\n" * 40
    records = [
        {"role": "tool", "tool_call_id": "c1", "content": log},
        {"call_id": "c1", "tool": "ls", "result": log},
        {"note": 1},
    ]
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    assert crush_into(folder, "out", "--explain") == 0
    lines = (tmp_path / "out" / "_explanations" / "00000.jsonl").read_text().splitlines()
    assert [json.loads(line)["recognised_by"] for line in lines] == [
        "openai",
        "by shape: the id of a call stands beside it",
        "nothing",
    ]
