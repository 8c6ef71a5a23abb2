r"""Finds one record of a run: by its line, by its place in bytes, or by a hash in its markers.

A record is a line of JSON Lines, a value of other JSON, or a whole text file. In an archive it stands in
`ARCHIVE/MEMBER`.

>>> parse_place("logs/a.jsonl:12")
RecordPlace(file='logs/a.jsonl', line=12, offset=None, hash=None)
"""

import itertools
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from headroom_beam.errors import OriginalNotFound
from headroom_beam.files.blocks import chunks_of, cut_blocks
from headroom_beam.files.find_element import (
    FoundElement,
    element_at_line,
    element_at_offset,
    element_with_hash,
    locate_element,
)
from headroom_beam.files.part_contents import PartContent, content_name, part_contents
from headroom_beam.files.plan import RecordedRun
from headroom_beam.files.restore_file import SourceParts, source_parts
from headroom_beam.files.stretches import is_in_pieces, text_stretch
from headroom_beam.objects.base import Objects
from headroom_beam.objects.open import open_objects
from headroom_beam.records import BLOCK_BYTES, check_hash
from headroom_beam.restore.batch import NotRestored, restore_batch
from headroom_beam.restore.lines import line_markers
from headroom_beam.restore.text import restore_record
from headroom_beam.store.store import OriginalStore

__all__ = ["FoundRecord", "RecordPlace", "find_record", "parse_place", "piece_hashes"]

# Framings of JSON in any layout.
_JSON = ("document", "elements")

# Approximate restored bytes of the lines that are restored together.
_RESTORED_BYTES = 2 << 20


class RecordPlace(NamedTuple):
    """Which record is meant: a file with a line or an offset, or a hash."""

    file: str = ""
    """An input file, or `ARCHIVE/MEMBER`."""
    line: int | None = None
    """Counted from 1."""
    offset: int | None = None
    """A byte of the record, from the start of the file (decompressed)."""
    hash: str | None = None


class FoundRecord(NamedTuple):
    """A record of a run."""

    source: str
    """Relative path of the input file; in an archive `ARCHIVE/MEMBER`."""
    line: int | None
    """On which it began in the input file, counted from 1. None for a record that was asked for by a hash, if
    something before it can't be restored."""
    offset: int | None
    """Bytes from the start of the input file (decompressed) to the record. None for a line that wasn't asked
    for by place, and where `line` is None."""
    part: str
    """Name of the compacted part that has it."""
    compacted: bytes
    """The record in that part. A line comes without its line end."""
    framing: str = "lines"
    """How the file held its records."""
    padded: bool = False
    """It may be padded with blanks to its old length."""
    envelope: tuple[bytes, bytes] = (b"", b"")
    """Brackets and keys before and behind an element of a long text."""
    is_rest: bool = False
    """It is the rest of a broken file, stored as it was."""


def parse_place(text: str) -> RecordPlace:
    """Reads the place of a record: `FILE:LINE`, `FILE@OFFSET`, a hash, or a whole marker.

    Raises:
        InvalidHash: the text has hexadecimal digits only, but not 24 or 64 of them.
        ValueError: the text is none of these, or the line is 0.
    """
    if marker := re.match(r'"?<<ccr:([0-9a-f]+)[, >]', text):
        return RecordPlace(hash=check_hash(marker[1]))
    if re.fullmatch(r"[0-9a-fA-F]+", text):
        return RecordPlace(hash=check_hash(text))
    found = re.fullmatch(r"(.+)([:@])(\d+)", text, re.DOTALL)
    if not found:
        raise ValueError(f"{text!r} names no record; give FILE:LINE, FILE@OFFSET or the hash of a marker")
    number = int(found[3])
    if found[2] == "@":
        return RecordPlace(found[1], offset=number)
    if not number:
        raise ValueError("lines are counted from 1")
    return RecordPlace(found[1], line=number)


def find_record(output: str, run: RecordedRun, place: RecordPlace, store: OriginalStore) -> FoundRecord:
    """Finds a record of a complete run.

    Args:
        output: root of the run's compacted files.
        run: the run, from `headroom_beam.files.plan.recorded_run`.
        place: which record.
        store: the run's store. It is needed to count what stood before a record, since compacted records have
            other lengths and line breaks; but lines keep their numbers.

    Raises:
        StoreError: the run is incomplete, or something can't be read.
        OriginalNotFound: no marker of the run has the hash.
        OriginalNotFound, OriginalExpired, AmbiguousHash, IntegrityError: an original before the record can't
            be given out.
        FormatError: the manifest or a record is malformed.
        ValueError: the run has no such file, or the file no such record.
    """
    objects = open_objects(output)
    sources = source_parts(output)
    if place.hash is not None:
        return _by_hash(objects, sources, place.hash, store)
    source, name, framing = _content_at(run, sources, place.file)
    contents: Iterator[PartContent] = (
        one for part in source.parts for one in part_contents(objects, part) if one.name == name
    )
    if framing == "copied":
        raise ValueError(f"{name} was copied as it was; it has no records")
    if framing not in ("lines", "text", *_JSON):
        raise ValueError(f"records of {framing} files can't be shown, so those of {name} can't")
    if framing == "lines":
        # Members of one name would look like parts of one file.
        contents = contents if name == source.source else itertools.islice(contents, 1)
        if place.line is not None:
            return _line_at(contents, place.line)
        return _line_at_offset(contents, place.offset or 0, store)
    for content in contents:
        if framing == "text":
            return _text(content)
        if place.line is not None:
            return _element(content, element_at_line(content, place.line, store))
        return _element(content, element_at_offset(content, place.offset or 0, store))
    raise ValueError(f"{name} has no records")


def _content_at(run: RecordedRun, sources: Sequence[SourceParts], file: str) -> tuple[SourceParts, str, str]:
    """Returns the input file that is meant, the name of the content in it, and its framing."""
    names = {source.source: source for source in sources}
    full = file if file.startswith("gs://") else os.path.abspath(file)  # noqa: PTH100 (links stay links)
    paths = [(f"{root.rstrip('/')}/{name}", names[name]) for root, name in run.inputs if name in names]
    given = [(file, names.items()), (full, paths)]
    for path, known in given:
        for name, source in known:
            if path == name and source.parts[0].framing not in ("tar", "zip"):
                return source, source.source, source.parts[0].framing
            if path == name:
                members = [member.name for member in source.parts[0].members[:1]]
                example = f", such as {content_name(name, members[0])!r}" if members else ""
                raise ValueError(f"{name} is an archive; name a file in it{example}")
    for path, known in given:
        for name, source in known:
            for member in source.parts[0].members:
                if path == content_name(name, member.name):
                    return source, content_name(source.source, member.name), member.framing
    first = ", ".join(repr(name) for name in sorted(names)[:3])
    raise ValueError(f"the run has no input file {file!r}; its {len(names):,} files begin with {first}")


class NumberedBlock(NamedTuple):
    """A block of compacted lines, and the number of its first in the file."""

    content: PartContent
    first_line: int
    data: bytes


def numbered_blocks(contents: Iterable[PartContent]) -> Iterator[NumberedBlock]:
    """Yields the compacted lines of a file. Each line of the file has one, so their numbers are equal."""
    line = 1
    for content in contents:
        for block in cut_blocks(chunks_of(content.chunks)):
            yield NumberedBlock(content, line, block.data)
            line += block.data.count(b"\n")


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _line_at(contents: Iterable[PartContent], number: int) -> FoundRecord:
    count, name = 0, ""
    for content, first, data in numbered_blocks(contents):
        lines, name = data.count(b"\n") + (not data.endswith(b"\n")), content.name
        count = first + lines - 1
        if number <= count:
            return _line(content, number, _lines(data)[number - first], None)
    raise ValueError(f"{name} has {count:,} lines, so there is no line {number:,}")


def _line_at_offset(contents: Iterable[PartContent], offset: int, store: OriginalStore) -> FoundRecord:
    line, name, size_bytes = 1, "", 0
    for content in contents:
        name, size_bytes = content.name, max(size_bytes, content.stop)
        if content.stop <= offset:
            blocks = cut_blocks(chunks_of(content.chunks))
            line += sum(block.data.count(b"\n") for block in blocks)
            continue
        at = content.start
        for lines in _line_batches(content):
            for one, length in zip(lines, _source_sizes(lines, content, store), strict=True):
                if offset <= at + length:
                    return _line(content, line, one, at)
                at, line = at + length + 1, line + 1
    raise ValueError(f"{name} has {size_bytes:,} bytes, so no line is at byte {offset:,}")


def _line_batches(content: PartContent) -> Iterator[list[bytes]]:
    """Yields compacted lines in batches that take little memory once they are restored."""
    block_bytes = max(min(BLOCK_BYTES, int(_RESTORED_BYTES / content.growth)), 1)
    for block in cut_blocks(chunks_of(content.chunks), block_bytes=block_bytes):
        yield _lines(block.data)


def _source_sizes(lines: Sequence[bytes], content: PartContent, store: OriginalStore) -> Iterator[int]:
    """Yields the size of each line in the input file, without its line break."""
    records = [line.removesuffix(b"\r") for line in lines]
    if content.part.padded:
        # A padded line is as long as it was. Only a short record that has failed may have become longer.
        for line, record in zip(lines, records, strict=True):
            is_marker = record.startswith(b'"<<ccr:') and not piece_hashes(record)
            length = len(restore_record(record, store, padded=True)) if is_marker else len(record)
            yield length + len(line) - len(record)
        return
    for line, record, restored in zip(lines, records, restore_batch(records, store), strict=True):
        if not isinstance(restored, NotRestored):
            yield len(restored) + len(line) - len(record)
        elif hashes := piece_hashes(record):
            yield sum(len(store.get(hash_)) for hash_ in hashes) + len(line) - len(record)
        else:
            # This raises the error that says why. Without this line the lines behind it have no place.
            yield len(restore_record(record, store))


def piece_hashes(record: bytes) -> list[str]:
    """Returns the hashes of a record that was stored in pieces; none for any other record."""
    hashes = [hash_ for _, _, hash_ in line_markers(record)]
    return hashes if is_in_pieces(record, len(hashes)) else []


def _by_hash(
    objects: Objects, sources: Sequence[SourceParts], hash_: str, store: OriginalStore
) -> FoundRecord:
    for source in sources:
        for found in _with_hash(objects, source, hash_, store):
            return found
    raise OriginalNotFound(f"no marker of the run at {objects.root} has the hash {hash_}")


def _with_hash(
    objects: Objects, source: SourceParts, hash_: str, store: OriginalStore
) -> Iterator[FoundRecord]:
    """Yields the first record of each content of a file that has a marker with the hash."""
    if source.parts[0].framing == "lines":
        parts = (one for part in source.parts for one in part_contents(objects, part))
        yield from _lines_with_hash(parts, hash_)
        return
    (part,) = source.parts
    for number, content in enumerate(part_contents(objects, part)):
        if content.framing == "lines":
            yield from _lines_with_hash([content], hash_)
        elif content.framing == "text":
            found = _text(content)
            if any(_is_same(hash_, one) for one in text_stretch(found.compacted).hashes):
                yield found
        elif content.framing in _JSON:
            element = element_with_hash(content, hash_)
            if element is not None:
                # The content is read once more from its start, to count what stood before.
                for again in itertools.islice(part_contents(objects, part), number, number + 1):
                    placed = locate_element(again, element, store)
                    yield _element(again, placed or element, known=placed is not None)


def _lines_with_hash(contents: Iterable[PartContent], hash_: str) -> Iterator[FoundRecord]:
    for content, first, data in numbered_blocks(contents):
        if hash_[:24].encode() not in data:
            continue
        for start, length, found in line_markers(data):
            if _is_same(hash_, found):
                number = first + data.count(b"\n", 0, start)
                yield _line(content, number, data[start : start + length], None)


def _is_same(hash_: str, other: str) -> bool:
    # A marker carries 24 or 64 digits, as the run's options say.
    return hash_.startswith(other) or other.startswith(hash_)


def _line(content: PartContent, number: int, line: bytes, offset: int | None) -> FoundRecord:
    record, padded = line.removesuffix(b"\r"), content.part.padded
    return FoundRecord(content.name, number, offset, content.part.part, record, padded=padded)


def _text(content: PartContent) -> FoundRecord:
    data = b"".join(content.chunks)
    return FoundRecord(content.name, 1, 0, content.part.part, data, framing="text")


def _element(content: PartContent, element: FoundElement, *, known: bool = True) -> FoundRecord:
    return FoundRecord(
        source=content.name,
        line=element.line if known else None,
        offset=element.offset if known else None,
        part=content.part.part,
        compacted=element.compacted,
        framing="document",
        envelope=element.envelope,
        is_rest=content.tail is not None and element.at >= content.tail,
    )
