"""Samples are bounded, spread, the same each time, and read each line once at most."""

from pathlib import Path

import pytest
from helpers.generators import compress, lines_of
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.files.reading import Item
from headroom_beam.files.sample import Piece, parse_sample, plan_sample, read_piece
from headroom_beam.files.shards import Source, find_sources


@pytest.mark.parametrize(
    ("text", "total", "size_bytes"),
    [
        ("0.1", 1000, 100),
        ("10%", 1000, 100),
        ("100%", 1000, 1000),
        ("1.0", 1000, 1000),
        ("500", 1000, 500),
        ("2KB", 1, 2048),
        ("1.5 mb", 1, 3 << 19),
        ("3G", 1, 3 << 30),
        ("7b", 1, 7),
        ("0.001%", 1000, 1),
    ],
)
def test_a_sample_is_a_share_or_a_size(text: str, total: int, size_bytes: int) -> None:
    assert parse_sample(text).of(total) == size_bytes


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "1.5", "ten", "-1", "1TB", "10 % of it", "1e3"])
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="neither a share"):
        parse_sample(text)


@given(st.lists(st.integers(0, 3 << 20), min_size=1, max_size=30), st.integers(1, 20 << 20))
def test_pieces_are_bounded_and_do_not_overlap(sizes: list[int], sample_bytes: int) -> None:
    sources = [Source("/r", f"{at:03d}.jsonl", size, "1") for at, size in enumerate(sizes)]
    pieces = plan_sample(sources, sample_bytes)
    assert pieces == plan_sample(sources, sample_bytes)
    assert pieces == sorted(pieces, key=lambda piece: (piece.source.name, piece.start))
    if sample_bytes >= sum(sizes):
        assert pieces == [Piece(source, 0, None) for source in sources]
        return
    assert 0.9 * sample_bytes - (256 << 10) <= sum(piece.size_bytes for piece in pieces) <= sample_bytes
    ends: dict[str, int] = {}
    for piece in pieces:
        assert ends.get(piece.source.name, 0) <= piece.start
        end = piece.source.size_bytes if piece.stop is None else piece.stop
        assert piece.start < end <= piece.source.size_bytes
        ends[piece.source.name] = end


def test_large_files_get_more_pieces_and_every_part_of_them_gets_some() -> None:
    sources = [Source("/r", "a.jsonl", 10 << 20, "1"), Source("/r", "b.jsonl", 90 << 20, "1")]
    pieces = plan_sample(sources, 10 << 20)
    starts = [piece.start for piece in pieces if piece.source.name == "b.jsonl"]
    assert len(pieces) - len(starts) in (4, 5)
    assert {start * 9 // (90 << 20) for start in starts} == set(range(9))


def items_of(piece: Piece) -> list[Item]:
    """Everything that is read of a piece."""
    contents = read_piece(piece, SmartCrusherConfig(max_record_bytes=1 << 20), [])
    return [item for content in contents for item in content.items]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst"])
def test_pieces_are_whole_lines_of_their_file(tmp_path: Path, suffix: str) -> None:
    data = lines_of(400)
    (tmp_path / f"a{suffix}").write_bytes(compress(data, suffix))
    sources = find_sources([str(tmp_path)])
    lines = data.splitlines(keepends=True)
    read: list[bytes] = []
    for piece in plan_sample(sources, 300_000):
        for block in items_of(piece):
            assert data[block.offset : block.offset + len(block.data)] == block.data
            read += block.data.splitlines(keepends=True)
    assert read
    assert set(read) <= set(lines)
    assert len(read) == len(set(read)) < len(lines)
    assert b"".join(block.data for block in items_of(Piece(sources[0], 0, None))) == data


def test_a_file_that_is_no_json_lines_is_read_as_a_whole_or_not_at_all() -> None:
    sources = [
        Source("/r", "a.json", 3 << 20, "1", framing="document"),
        Source("/r", "b.png", 50 << 20, "1", framing="copied"),
        Source("/r", "c.zip", 1 << 20, "1", framing="zip"),
        Source("/r", "d.jsonl", 10 << 20, "1"),
    ]
    pieces = plan_sample(sources, 2 << 20)
    assert [(piece.source.name, piece.start, piece.stop) for piece in pieces[:2]] == [
        ("a.json", 0, None),
        ("c.zip", 0, None),
    ]
    assert {piece.source.name for piece in pieces[2:]} == {"d.jsonl"}
    assert all(piece.stop is not None for piece in pieces[2:])
    # A zip archive counts with its estimated contents.
    assert pieces[1].size_bytes == 10 << 20
    assert plan_sample(sources, None) == [Piece(sources[at], 0, None) for at in (0, 2, 3)]
