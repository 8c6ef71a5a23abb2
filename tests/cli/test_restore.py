"""`headroom-beam restore`: it writes the bytes of the input, or says why it writes nothing."""

import json
from pathlib import Path

import pytest
from helpers.commands import TRACE, CrushedTrace, crush_arguments, restore_arguments

from headroom_beam import errors
from headroom_beam.cli import crush, restore
from headroom_beam.cli.main import main


def test_a_run_that_cannot_be_restored_says_so(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert crush.main(crush_arguments(inputs)) == 0
    for folder in ("packs", "index"):
        for path in (inputs.parent / "originals" / folder).iterdir():
            path.unlink()
    assert restore.main(restore_arguments(inputs)) == 6
    assert capsys.readouterr().out.splitlines()[-1].startswith("0 files restored")


def test_restore_gives_the_bytes_of_the_input(
    crushed: CrushedTrace, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "--input",
        str(crushed.output),
        "--originals",
        str(crushed.originals),
        "--output",
        str(tmp_path),
    ]
    assert main(["restore", *arguments, "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {
        "restored_files": 1, "restored_bytes": len(TRACE), "unresolved_lines": 0,
    }  # fmt: skip
    assert (tmp_path / "trace.jsonl").read_bytes() == TRACE


def test_restore_without_an_original_says_so_and_writes_nothing(run: CrushedTrace, tmp_path: Path) -> None:
    run.pack().unlink()
    arguments = [
        "--input",
        str(run.output),
        "--originals",
        str(run.originals),
        "--output",
        str(tmp_path / "r"),
    ]
    assert main(["restore", *arguments]) == errors.OriginalNotFound.exit_code
    assert not (tmp_path / "r" / "trace.jsonl").exists()
