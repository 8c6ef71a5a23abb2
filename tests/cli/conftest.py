"""Inputs and finished runs that the tests of commands share."""

import shutil
from pathlib import Path

import pytest
from helpers.commands import TRACE, TRACE_FORMAT, CrushedTrace
from helpers.generators import AWKWARD, lines_of

from headroom_beam.cli.main import main


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with two files: records that crush well, and lines of every kind."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "records.jsonl").write_bytes(lines_of(12))
    (folder / "awkward.jsonl").write_bytes(AWKWARD)
    return folder


@pytest.fixture(scope="session")
def crushed(tmp_path_factory: pytest.TempPathFactory) -> CrushedTrace:
    """A finished run over `TRACE`, for tests that don't change it."""
    root = tmp_path_factory.mktemp("cli")
    run = CrushedTrace(root / "logs" / "trace.jsonl", root / "out", root / "originals")
    run.input.parent.mkdir()
    run.input.write_bytes(TRACE)
    assert main(["crush", *run.arguments(*TRACE_FORMAT, "--json")]) == 0
    return run


@pytest.fixture
def run(crushed: CrushedTrace, tmp_path: Path) -> CrushedTrace:
    """A copy of `crushed` that a test may damage."""
    shutil.copytree(crushed.output.parent, tmp_path / "copy")
    for path in (tmp_path / "copy").rglob("*"):
        path.chmod(0o755)
    return CrushedTrace(*(tmp_path / "copy" / path.relative_to(crushed.output.parent) for path in crushed))
