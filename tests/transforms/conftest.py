"""Fixtures of the tests of transforms: input files and collected outputs."""

from pathlib import Path

import pytest
from helpers.collecting import Collect
from helpers.generators import AWKWARD, compress, lines_of


@pytest.fixture
def collect(tmp_path: Path) -> Collect:
    """Collects PCollections by name while a pipeline runs."""
    return Collect(tmp_path / "collected")


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with a file of each codec."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "records.jsonl").write_bytes(lines_of(12))
    (folder / "awkward.jsonl.gz").write_bytes(compress(AWKWARD, ".gz"))
    (folder / "more.jsonl.zst").write_bytes(compress(lines_of(3, first=12), ".zst"))
    return folder
