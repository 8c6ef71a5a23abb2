"""Data on standard output is complete, or the exit code says that it isn't."""

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.commands import BLOB, NOT_TEXT, CrushedTrace
from helpers.oracles import hash_of

from headroom_beam import errors


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_stops_early_ends_get_quietly(
    crushed: CrushedTrace, unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    command = [
        sys.executable,
        "-m",
        "headroom_beam.cli",
        "get",
        hash_of(BLOB.encode()),
        "--originals",
        str(crushed.originals),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(5) == b"01234"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(300) == errors.StoreError.exit_code


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_error_of_the_operating_system_is_one_line(crushed: CrushedTrace) -> None:
    command = [
        sys.executable,
        "-m",
        "headroom_beam.cli",
        "get",
        hash_of(NOT_TEXT),
        "--originals",
        str(crushed.originals),
    ]
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == errors.StoreError.exit_code
    assert result.stderr.startswith("OSError: ")
    assert result.stderr.count("\n") == 1
