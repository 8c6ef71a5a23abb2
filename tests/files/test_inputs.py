"""Input files are found, and each is told what it is."""

from pathlib import Path

import pytest
from helpers.mixed import document, packed_zip

from headroom_beam.errors import StoreError
from headroom_beam.files.inputs import find_inputs
from headroom_beam.files.sources import LeftOut


def test_each_file_has_its_framing(tmp_path: Path) -> None:
    (tmp_path / "tool-results").mkdir()
    for name, data in {
        "a.jsonl": b"[1]\n",
        "b.json": document(1),
        "c.eval": packed_zip({"a.json": b"[1]"}),
        "d.txt": b"no JSON",
        "tool-results/e.txt": b"no JSON",
        "tool-results/f.txt": b"x" * 1001,
    }.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    left_out: list[LeftOut] = []
    found = find_inputs([str(tmp_path)], side_files=["tool-results/*"], max_bytes=1000, left_out=left_out)
    assert {source.name: source.framing for source in found} == {
        "a.jsonl": "lines",
        "b.json": "document",
        "c.eval": "zip",
        "d.txt": "copied",
        "tool-results/e.txt": "text",
        "tool-results/f.txt": "copied",
    }
    assert [one.name for one in left_out] == ["broken"]


def test_a_pattern_without_a_match_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="matches no file"):
        find_inputs([str(tmp_path / "*.json")], max_bytes=1000, left_out=[])
