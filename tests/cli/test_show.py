"""`headroom-beam show`: options, output and exit codes."""

import json
import os
from pathlib import Path

import pytest
from helpers.estimates import LISTING, message

from headroom_beam import errors
from headroom_beam.cli.main import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.jsonl").write_bytes(message(json.dumps(LISTING)) + message("x\x1b[2J " * 900))
    return tmp_path


@pytest.fixture
def out(folder: Path) -> Path:
    roots = ["--output", str(folder / "out"), "--originals", str(folder / "originals")]
    assert main(["crush", "--input", str(folder / "logs"), *roots, "--trace_format", "openai"]) == 0
    return folder / "out"


def test_a_record_is_printed(
    out: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    capfd.readouterr()
    monkeypatch.setenv("COLUMNS", "150")
    assert main(["show", str(out), "logs/a.jsonl:1"]) == 2
    capfd.readouterr()
    assert main(["show", str(out), "a.jsonl:1"]) == 0
    captured = capfd.readouterr()
    assert "│ ── after" in captured.out
    assert captured.err == ""
    monkeypatch.setenv("COLUMNS", "90")
    assert main(["show", str(out), f"{out.parent / 'logs' / 'a.jsonl'}:2", "--full"]) == 0
    text = capfd.readouterr().out
    assert "── left as it was\n" in text or "── after\n" in text
    assert "\x1b" not in text
    assert "\\x1b[2J" in text


def test_a_record_is_printed_as_json(out: Path, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    assert main(["show", str(out), "a.jsonl@0", "--json", "--originals", str(out.parent / "originals")]) == 0
    record = json.loads(capfd.readouterr().out)
    assert (record["file"], record["line"], record["offset"]) == ("a.jsonl", 1, 0)
    assert record["payloads"][0]["before"] == json.dumps(LISTING)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("a.jsonl:3", 2),
        ("a.jsonl", 2),
        ("0" * 24, errors.OriginalNotFound.exit_code),
        ("0" * 20, errors.InvalidHash.exit_code),
    ],
)
def test_a_record_that_is_not_there_has_a_code(
    out: Path, capfd: pytest.CaptureFixture[str], record: str, code: int
) -> None:
    capfd.readouterr()
    assert main(["show", str(out), record]) == code
    captured = capfd.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_an_unfinished_run_has_a_code(out: Path, folder: Path) -> None:
    os.unlink(out / "_manifest.json")
    assert main(["show", str(out), "a.jsonl:1"]) == errors.StoreError.exit_code
    assert main(["show", str(folder / "nowhere"), "a.jsonl:1"]) == errors.StoreError.exit_code
