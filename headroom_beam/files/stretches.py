"""Compacted parts, taken apart into stretches that are restored one by one."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from headroom_beam import _core
from headroom_beam.errors import FormatError, InvalidPayload, LimitExceeded
from headroom_beam.files.blocks import Block, LinePiece
from headroom_beam.restore.lines import line_markers

__all__ = ["Stretch", "element_stretches", "is_in_pieces", "line_stretches", "text_stretch"]

# How a line looks that was too long to be a record and was stored in pieces: raw markers one behind the
# other.
_FIRST_PIECE = b'"<<ccr:'
_BETWEEN_PIECES = b">><<ccr:"


class Stretch(NamedTuple):
    """Some whole lines with the hashes of their markers, or one line that was stored in pieces."""

    offset: int
    data: bytes
    hashes: Sequence[str]
    in_pieces: bool
    elements: _core.CutBlock | None = None
    """The block, where it isn't lines but elements of a JSON text."""


def element_stretches(
    chunks: Iterator[bytes],
    opened: Sequence[int],
    tail: int | None,
    block_bytes: int,
    *,
    skip_broken: bool = True,
) -> Iterator[Stretch]:
    """Takes compacted JSON texts apart.

    Args:
        chunks: their bytes.
        opened: where the values begin that were cut into their elements.
        tail: where the markers of a broken rest begin.
        block_bytes: size of a stretch, about.
        skip_broken: list no markers of an element whose form is wrong, instead of raising.

    Raises:
        FormatError: a marker, header or table has an unknown form.
        InvalidPayload: an element isn't JSON.
    """
    cutter = _core.JsonCutter.at(opened, block_bytes)
    rest = bytearray()
    for cut in _cuts(cutter, _before(chunks, tail, rest)):
        if isinstance(cut, _core.CutPiece):
            # Nothing that crush wrote ends in pieces; the digest of the part will tell.
            yield Stretch(cut.offset, cut.data, (), in_pieces=False)
            continue
        hashes = _core.element_markers(cut, skip_broken=skip_broken).column("hash").to_pylist()
        in_pieces = is_in_pieces(cut.data, len(hashes))
        yield Stretch(cut.offset, cut.data, hashes, in_pieces, None if in_pieces else cut)
    if rest:
        data = bytes(rest)
        yield Stretch(tail or 0, data, [hash_ for _, _, hash_ in line_markers(data)], in_pieces=True)


def _cuts(cutter: _core.JsonCutter, chunks: Iterable[bytes]) -> Iterator[_core.CutBlock | _core.CutPiece]:
    for chunk in chunks:
        yield from cutter.push(chunk)
    yield from cutter.finish()


def _before(chunks: Iterator[bytes], tail: int | None, rest: bytearray) -> Iterator[bytes]:
    """Passes on the bytes before the tail, which goes to `rest`."""
    at = 0
    for chunk in chunks:
        own = len(chunk) if tail is None else max(min(tail - at, len(chunk)), 0)
        if own:
            yield chunk[:own]
        rest += chunk[own:]
        at += len(chunk)


def text_stretch(text: bytes, *, skip_broken: bool = True) -> Stretch:
    """Returns a compacted file that is one text, as one stretch.

    Args:
        text: all of it.
        skip_broken: list no markers where its form is wrong, instead of raising.

    Raises:
        FormatError: a marker, header or table has an unknown form.
        InvalidPayload: it isn't UTF-8.
    """
    hashes: list[str] = []
    try:
        hashes = _core.markers(text, lines=False).column("hash").to_pylist()
    except (FormatError, InvalidPayload, LimitExceeded):
        if not skip_broken:
            raise
    return Stretch(0, text, hashes, in_pieces=False)


def is_in_pieces(record: bytes, marker_count: int) -> bool:
    """Tells whether a compacted record with so many markers stands for one that was stored in pieces."""
    return record.count(_BETWEEN_PIECES) == marker_count - 1 > 0 and record.startswith(_FIRST_PIECE)


def line_stretches(blocks: Iterable[Block | LinePiece]) -> Iterator[Stretch]:
    """Takes blocks of compacted lines apart; a line in pieces is a stretch of its own."""
    for offset, data, *_ in blocks:
        rows = line_markers(data)
        begin = 0
        # A line in pieces may be of any size, so it isn't restored in memory but piece by piece.
        if _BETWEEN_PIECES in data:
            for line, pieces in itertools.groupby(rows, key=lambda row: row[:2]):
                hashes = [row[2] for row in pieces]
                start, stop = line[0], line[0] + line[1]
                if is_in_pieces(data[start:stop], len(hashes)):
                    yield from _stretch(offset, data, begin, start, rows)
                    yield Stretch(offset + start, data[start:stop], hashes, in_pieces=True)
                    begin = stop
        yield from _stretch(offset, data, begin, len(data), rows)


def _stretch(
    offset: int, data: bytes, start: int, stop: int, rows: Sequence[tuple[int, int, str]]
) -> Iterator[Stretch]:
    if start < stop:
        hashes = [hash_ for at, _, hash_ in rows if start <= at < stop]
        yield Stretch(offset + start, data[start:stop], hashes, in_pieces=False)
