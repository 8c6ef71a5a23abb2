"""Chooses the pieces of input files that a sample reads, and reads them.

The files stand one after another on a line, and the pieces lie on it at equal distances. So the choice is the
same each time, and large files get more pieces than small ones. A compressed file can't be read from its
middle: its pieces are put together, and taken from its start. A file that isn't JSON Lines can only be read
as a whole: one piece on it takes all of it.

>>> sources = [Source("/logs", "a.jsonl", 600_000, "1"), Source("/logs", "b.jsonl", 400_000, "1")]
>>> [(piece.source.name, piece.start, piece.stop) for piece in plan_sample(sources, 524_288)]
[('a.jsonl', 0, 262144), ('a.jsonl', 500000, 600000), ('b.jsonl', 0, 162144)]
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.files.reading import Item, SourceContent, read_contents
from headroom_beam.files.shards import COMPRESSION_RATIO, Source, Span

__all__ = ["Piece", "SampleSize", "parse_sample", "plan_sample", "read_piece"]

# A piece fills one block, and needs one read.
_PIECE_BYTES = 256 << 10

_UNITS = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(%|[KMG]?B?)", re.IGNORECASE)


class SampleSize(NamedTuple):
    """The size of a sample: a share of the input, or a number of bytes."""

    share: float | None
    size_bytes: int

    def of(self, total_bytes: int) -> int:
        """Returns the size in bytes for an input of this size."""
        return self.size_bytes if self.share is None else max(int(total_bytes * self.share), 1)


class Piece(NamedTuple):
    """A file, or the lines of one that start in a range of bytes."""

    source: Source
    start: int
    stop: int | None
    """First byte after the range. For a compressed file it counts decompressed bytes. None for the whole
    file."""

    @property
    def size_bytes(self) -> int:
        """The bytes of the range, decompressed. For a whole compressed file they are estimated."""
        return (_estimated_bytes(self.source) if self.stop is None else self.stop) - self.start


def parse_sample(text: str) -> SampleSize:
    """Reads the size of a sample: `0.1` or `10%` of the input, or `32MB`, where 1 KB is 1024 bytes.

    Raises:
        ValueError: the text is neither a share nor a size, or it is zero or more than all.

    >>> parse_sample("5%"), parse_sample("2MB")
    (SampleSize(share=0.05, size_bytes=0), SampleSize(share=None, size_bytes=2097152))
    """
    found = _SIZE.fullmatch(text.strip())
    if found:
        number, unit = float(found[1]), found[2].upper()
        share = number / 100 if unit == "%" else number
        if unit == "%" or (not unit and "." in found[1]):
            if 0 < share <= 1:
                return SampleSize(share, 0)
        elif size_bytes := int(number * _UNITS[unit.removesuffix("B") or "B"]):
            return SampleSize(None, size_bytes)
    raise ValueError(f"sample {text!r} is neither a share such as 0.1 or 10%, nor a size such as 32MB")


def plan_sample(sources: Sequence[Source], size: SampleSize | int | None) -> list[Piece]:
    """Chooses the pieces of a sample.

    Args:
        sources: the files, in order. A compressed file counts with its estimated decompressed size, one
            without records not at all.
        size: how much to read; an int is in bytes. None reads everything.

    Returns:
        The pieces in the order of the files. A sample that is as large as the input is the whole input.
    """
    sources = [source for source in sources if source.framing != "copied"]
    total_bytes = sum(map(_estimated_bytes, sources))
    sample_bytes = size.of(total_bytes) if isinstance(size, SampleSize) else size
    if sample_bytes is None or sample_bytes >= total_bytes:
        return [Piece(source, 0, None) for source in sources]
    count = max(sample_bytes // _PIECE_BYTES, 1)
    ranges = [(start := at * total_bytes // count, start + sample_bytes // count) for at in range(count)]
    pieces: list[Piece] = []
    file_start, next_range = 0, 0
    for source in sources:
        file_stop = file_start + _estimated_bytes(source)
        found = []
        while next_range < count and ranges[next_range][0] < file_stop:
            start, stop = ranges[next_range]
            found.append((max(start, file_start) - file_start, min(stop, file_stop) - file_start))
            if stop > file_stop:
                break  # Its rest lies in the next file.
            next_range += 1
        pieces += _pieces(source, [one for one in found if one[0] < one[1]])
        file_start = file_stop
    return pieces


def _pieces(source: Source, ranges: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    if source.framing != "lines":
        if ranges:
            yield Piece(source, 0, None)
    elif source.codec == "plain":
        for start, stop in ranges:
            yield Piece(source, start, None if (start, stop) == (0, source.size_bytes) else stop)
    elif ranges:
        yield Piece(source, 0, sum(stop - start for start, stop in ranges))


def _estimated_bytes(source: Source) -> int:
    is_plain = source.codec == "plain" and source.framing != "zip"
    return source.size_bytes * (1 if is_plain else COMPRESSION_RATIO)


def read_piece(piece: Piece, config: SmartCrusherConfig, notes: list[str]) -> Iterator[SourceContent]:
    """Yields the contents of a piece, as `headroom_beam.files.reading.read_contents` does.

    Args:
        piece: from `plan_sample`.
        config: the options of crushing, for their limits.
        notes: takes what people should know about the file.

    Raises:
        Refused, SourceError, IntegrityError, StoreError: as there. What stands behind the piece isn't read.
    """
    source, stop = piece.source, piece.stop
    whole = stop is None or source.codec != "plain"
    end = source.size_bytes if whole or stop is None else stop
    for content in read_contents(Span(source, piece.start, end, source.name), config, notes):
        items = content.items if stop is None or not whole else _until(stop, content.items)
        yield content._replace(items=items)


def _until(stop: int, items: Iterable[Item]) -> Iterator[Item]:
    """Passes on the beginning of a compressed file."""
    for item in items:
        yield item
        if item.offset + len(item.data) >= stop:
            return
