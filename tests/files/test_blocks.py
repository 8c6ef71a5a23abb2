"""Blocks and byte ranges: whatever the split, every line is read once and whole."""

import itertools
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam.files.blocks import Block, Chunk, LinePiece, chunks_of, cut_blocks, owned_lines

# With few different bytes, all forms of line ends fall on every border of blocks and ranges.
ATOMS = [b"a", b"bc", b"\n", b"\r\n", b"\r", b" ", b"\xef\xbb\xbf", b"long" * 9]
texts = st.lists(st.sampled_from(ATOMS)).map(b"".join)


def split(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


chunk_sizes = st.lists(st.integers(1, 20), max_size=30)


@given(texts, chunk_sizes, st.integers(1, 40))
def test_blocks_are_whole_lines_and_make_up_the_text(data: bytes, sizes: list[int], block_bytes: int) -> None:
    blocks = list(cut_blocks(chunks_of(split(data, sizes)), block_bytes=block_bytes))
    assert b"".join(block.data for block in blocks) == data
    assert all(block.data.endswith(b"\n") for block in blocks[:-1])
    assert all(data[block.offset :].startswith(block.data) for block in blocks)
    assert all(len(block.data) <= block_bytes or block.data.count(b"\n", 0, -1) == 0 for block in blocks)


@given(texts, chunk_sizes, st.integers(1, 12), st.integers(1, 20), st.integers(20, 30))
def test_blocks_and_pieces_do_not_depend_on_how_the_bytes_arrive(
    data: bytes, sizes: list[int], block_bytes: int, max_record_bytes: int, piece_bytes: int
) -> None:
    def cut(chunks: list[bytes]) -> list[Block | LinePiece]:
        return list(
            cut_blocks(
                chunks_of(chunks),
                block_bytes=block_bytes,
                max_record_bytes=max_record_bytes,
                piece_bytes=piece_bytes,
            )
        )

    assert cut(split(data, sizes)) == cut([data])


@given(texts, chunk_sizes, st.integers(1, 12), st.integers(1, 20), st.integers(1, 30))
def test_only_lines_over_the_limit_come_in_pieces_and_nothing_is_lost(
    data: bytes, sizes: list[int], block_bytes: int, max_record_bytes: int, piece_bytes: int
) -> None:
    items = list(
        cut_blocks(
            chunks_of(split(data, sizes)),
            block_bytes=block_bytes,
            max_record_bytes=max_record_bytes,
            piece_bytes=piece_bytes,
        )
    )
    assert b"".join(item.data + (getattr(item, "line_end", b"") or b"") for item in items) == data
    lines: dict[int, bytes] = {}
    for item in items:
        if isinstance(item, LinePiece):
            assert item.data
            assert item.line_end is not None or len(item.data) == piece_bytes
            lines[item.offset] = lines.get(item.offset, b"") + item.data
        else:
            longest = max(len(line.removesuffix(b"\r")) for line in item.data.split(b"\n"))
            assert longest <= max(max_record_bytes, block_bytes)
    for offset, line in lines.items():
        assert len(line) > max(max_record_bytes, block_bytes)
        assert data[offset:].startswith(line)
        assert data[offset - 1 : offset] in (b"", b"\n")


def read_range(data: bytes, start: int, stop: int, sizes: Sequence[int]) -> list[Chunk]:
    first = max(start - 1, 0)
    return list(owned_lines(chunks_of(split(data[first:], sizes), offset=first), start=start, stop=stop))


@given(texts, chunk_sizes, st.lists(st.integers(0, 200)))
def test_any_split_into_ranges_gives_every_line_once(
    data: bytes, sizes: list[int], borders: list[int]
) -> None:
    cuts = sorted({0, len(data), *(border % (len(data) + 1) for border in borders)})
    ranges = [read_range(data, start, stop, sizes) for start, stop in itertools.pairwise(cuts)]
    assert b"".join(chunk.data for chunks in ranges for chunk in chunks) == data
    for (start, stop), chunks in zip(itertools.pairwise(cuts), ranges, strict=True):
        assert all(data[chunk.offset :].startswith(chunk.data) for chunk in chunks)
        if chunks:
            assert start <= chunks[0].offset < stop
            assert chunks[0].offset == 0 or data[chunks[0].offset - 1 : chunks[0].offset] == b"\n"


def test_a_range_inside_a_line_reads_no_further_than_its_end() -> None:
    taken: list[int] = []

    def chunks() -> Iterator[Chunk]:
        for chunk in chunks_of([b"x" * 10] * 10, offset=19):
            taken.append(chunk.offset)
            yield chunk

    assert list(owned_lines(chunks(), start=20, stop=40)) == []
    assert taken == [19, 29]


def test_a_long_line_is_never_held_whole() -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 1000
        yield b"\r\nend"

    items = list(cut_blocks(chunks_of(chunks()), block_bytes=500, max_record_bytes=2000, piece_bytes=1500))
    assert max(len(item.data) for item in items) == 1500
    assert items[-2] == LinePiece(0, b"x" * (200_000 % 1500), b"\r\n")
    assert items[-1] == Block(200_002, b"end")


@pytest.mark.parametrize("length", [20, 21])
def test_the_line_end_does_not_count_towards_the_limit(length: int) -> None:
    items = list(cut_blocks(chunks_of([b"x" * length, b"\r", b"\n"]), block_bytes=4, max_record_bytes=20))
    assert isinstance(items[0], LinePiece if length > 20 else Block)
