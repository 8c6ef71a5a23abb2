"""`headroom-beam export`: a store in, JSON Lines out."""

import json
from pathlib import Path

import pytest
from helpers import sqlite_stores

from headroom_beam.cli.main import main
from headroom_beam.errors import FormatError, StoreError


def test_export_prints_the_records_of_a_store(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = sqlite_stores.opencode(tmp_path / "opencode.db")
    assert main(["export", str(path)]) == 0
    captured = capfdbinary.readouterr()
    records = [json.loads(line) for line in captured.out.splitlines()]
    assert [record.get("part", {}).get("type") for record in records] == [
        None, "text", None, "step-start", "tool", "tool",
    ]  # fmt: skip
    assert captured.err == b"6 records of opencode; crush them with --trace_format opencode\n"


def test_what_is_exported_can_be_crushed(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    main(["export", str(sqlite_stores.zed(tmp_path / "threads.db"))])
    lines = tmp_path / "zed.jsonl"
    lines.write_bytes(capfdbinary.readouterr().out)
    output, originals = str(tmp_path / "out"), str(tmp_path / "originals")
    places = ["--output", output, "--originals", originals]
    assert main(["crush", "--input", str(lines), *places, "--trace_format", "zed"]) == 0
    assert (tmp_path / "out" / "zed.jsonl").stat().st_size < lines.stat().st_size * 0.6
    # What a folder holds beside it is copied, and says what would read it.
    folder = tmp_path / "in"
    folder.mkdir()
    sqlite_stores.zed(folder / "threads.db")
    places = ["--output", f"{output}2", "--originals", f"{originals}2"]
    assert main(["crush", "--input", str(folder), *places, "--trace_format", "zed"]) == 0
    assert b"headroom-beam export prints the conversations in it" in capfdbinary.readouterr().out


@pytest.mark.parametrize(("name", "error"), [("absent.db", StoreError), ("text.db", FormatError)])
def test_export_says_in_one_line_what_is_wrong(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, error: type[StoreError | FormatError]
) -> None:
    (tmp_path / "text.db").write_text("no store")
    assert main(["export", str(tmp_path / name)]) == error.exit_code
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(error.__name__)
    assert captured.err.count("\n") == 1


def test_help_lists_the_stores(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    listed = capfd.readouterr().out
    for text in ("opencode", "goose", "state.vscdb", "threads.db", "opencode export SESSION"):
        assert text in listed
