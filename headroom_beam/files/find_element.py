"""Finds one record of compacted JSON texts: by its line or its place in bytes as it was, or by a hash.

Compacted texts have other lengths and line breaks. So everything before a record is restored, block by block,
to count the bytes and lines that stood there. A block is taken apart only where the record may be in it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from headroom_beam import _core
from headroom_beam.errors import FormatError, HeadroomBeamError
from headroom_beam.files.part_contents import PartContent
from headroom_beam.files.restore_file import Unresolved, restore_stretches
from headroom_beam.files.stretches import Stretch, element_stretches
from headroom_beam.records import BLOCK_BYTES
from headroom_beam.restore.text import restore_record
from headroom_beam.store.resolution import resolution_error
from headroom_beam.store.store import OriginalStore

__all__ = ["FoundElement", "element_at_line", "element_at_offset", "element_with_hash", "locate_element"]

# Approximate restored bytes of a block.
_RESTORED_BYTES = 2 << 20


class FoundElement(NamedTuple):
    """A record of a JSON text, compacted."""

    line: int
    """On which it began, counted from 1."""
    offset: int
    """Bytes from the start of the file (decompressed) to where it began."""
    last_line: int
    stop: int
    """Bytes to where it ended."""
    compacted: bytes
    envelope: tuple[bytes, bytes]
    """What stands before and behind it in its text: brackets and keys of the values that were opened."""
    at: int
    """Bytes from the start of the compacted text to it."""


class _Located(NamedTuple):
    """A stretch of compacted text, with the place that it had as it was."""

    stretch: Stretch
    line: int
    offset: int
    line_breaks: int
    size_bytes: int


def element_at_line(content: PartContent, number: int, store: OriginalStore) -> FoundElement:
    """Returns the first record that began on a line, or else the one that went on there.

    Raises:
        ValueError: there is no such line, or no record on it.
        OriginalNotFound, OriginalExpired, AmbiguousHash, IntegrityError: an original before it can't be given
            out.
        FormatError: a record before it is malformed.
    """
    around, last = None, 1
    for located in _located(content, store):
        last = located.line + located.line_breaks
        if last < number:
            continue
        for element in _elements(located, store):
            if element.line > number:
                break
            if element.line == number:
                return element
            if element.last_line >= number:
                around = element
        if around is not None and last > number:
            return around
    if around is not None:
        return around
    if number > last:
        raise ValueError(f"{content.name} has {last:,} lines, so there is no line {number:,}")
    raise ValueError(f"no record of {content.name} is on line {number:,}")


def element_at_offset(content: PartContent, offset: int, store: OriginalStore) -> FoundElement:
    """Returns the record that held a byte of a file, or the next one; errors as for `element_at_line`."""
    for located in _located(content, store):
        if located.offset + located.size_bytes <= offset:
            continue
        for element in _elements(located, store):
            if offset < element.stop:
                return element
    raise ValueError(f"{content.name} has {content.stop:,} bytes, and no record at byte {offset:,}")


def element_with_hash(content: PartContent, hash_: str) -> FoundElement | None:
    """Returns the first record with a marker that has the hash; its line and offset are unknown, so 0."""
    for stretch in _stretches(content):
        if not any(_is_same(hash_, one) for one in stretch.hashes):
            continue
        for element in _parts(stretch):
            hashes = _core.element_markers(element, skip_broken=True).column("hash").to_pylist()
            if any(_is_same(hash_, one) for one in hashes):
                return _found(element, 0, 0, b"")
        if stretch.elements is None:
            return _in_pieces(stretch, 0, 0, 0, 0)
    return None


def locate_element(content: PartContent, element: FoundElement, store: OriginalStore) -> FoundElement | None:
    """Returns a record that was found by its hash with its line and offset, if all before it restores."""
    try:
        for located in _located(content, store):
            if located.stretch.offset + len(located.stretch.data) > element.at:
                return next((one for one in _elements(located, store) if one.at == element.at), None)
    except HeadroomBeamError:
        # The record itself may be whole, so that it can be shown.
        return None
    return None


def _is_same(hash_: str, other: str) -> bool:
    # A marker carries 24 or 64 digits, as the run's options say.
    return hash_.startswith(other) or other.startswith(hash_)


def _stretches(content: PartContent) -> Iterator[Stretch]:
    block_bytes = max(min(BLOCK_BYTES, int(_RESTORED_BYTES / content.growth)), 1)
    yield from element_stretches(content.chunks, content.opened, content.tail, block_bytes)


def _located(content: PartContent, store: OriginalStore) -> Iterator[_Located]:
    line, offset = 1, content.start
    for stretch in _stretches(content):
        unresolved: list[Unresolved] = []
        line_breaks = size_bytes = 0
        for data in restore_stretches([stretch], content.part, store, unresolved):
            line_breaks += data.count(b"\n")
            size_bytes += len(data)
        for one in unresolved:
            if one.hash:
                raise resolution_error(one.hash, one.kind)  # type: ignore[arg-type]
            raise FormatError(one.message)
        yield _Located(stretch, line, offset, line_breaks, size_bytes)
        line, offset = line + line_breaks, offset + size_bytes


def _elements(located: _Located, store: OriginalStore) -> Iterator[FoundElement]:
    """Yields the records of a stretch with their places."""
    stretch, line, offset = located.stretch, located.line, located.offset
    if stretch.elements is None:
        yield _in_pieces(stretch, line, offset, located.line_breaks, located.size_bytes)
        return
    at = stretch.offset
    for element in _parts(stretch):
        between = stretch.data[at - stretch.offset : element.offset - stretch.offset]
        line, offset = line + between.count(b"\n"), offset + len(between)
        found = _found(element, line, offset, restore_record(element.data, store))
        yield found
        line, offset, at = found.last_line, found.stop, element.offset + len(element.data)


def _parts(stretch: Stretch) -> list[_core.CutBlock]:
    return [] if stretch.elements is None else stretch.elements.elements()


def _found(element: _core.CutBlock, line: int, offset: int, record: bytes) -> FoundElement:
    return FoundElement(
        line=line,
        offset=offset,
        last_line=line + record.count(b"\n"),
        stop=offset + len(record),
        compacted=element.data,
        envelope=element.envelope(),
        at=element.offset,
    )


def _in_pieces(stretch: Stretch, line: int, offset: int, line_breaks: int, size_bytes: int) -> FoundElement:
    """A record that was stored in pieces, or the rest of a broken file."""
    return FoundElement(
        line=line,
        offset=offset,
        last_line=line + line_breaks,
        stop=offset + size_bytes,
        compacted=stretch.data,
        envelope=(b"", b""),
        at=stretch.offset,
    )
