r"""Finds one line of a run: by its number, by its place in bytes, or by a hash in its markers.

>>> parse_place("logs/a.jsonl:12")
RecordPlace(file='logs/a.jsonl', line=12, offset=None, hash=None)
"""

import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from headroom_beam.errors import OriginalNotFound
from headroom_beam.files.blocks import chunks_of, cut_blocks
from headroom_beam.files.codecs import open_decompressed
from headroom_beam.files.manifest import CompactedPart, codec_of_part
from headroom_beam.files.plan import RecordedRun
from headroom_beam.files.restore_file import SourceParts, source_parts
from headroom_beam.files.stretches import is_in_pieces
from headroom_beam.objects.base import Objects
from headroom_beam.objects.open import open_objects
from headroom_beam.records import BLOCK_BYTES, check_hash
from headroom_beam.restore.batch import NotRestored, restore_batch
from headroom_beam.restore.lines import line_markers
from headroom_beam.restore.text import restore_record
from headroom_beam.store.store import OriginalStore

__all__ = ["FoundLine", "RecordPlace", "find_line", "parse_place", "piece_hashes"]

# Approximate restored bytes of the lines that are restored together.
_RESTORED_BYTES = 2 << 20


class RecordPlace(NamedTuple):
    """Which record is meant: a file with a line or an offset, or a hash."""

    file: str = ""
    line: int | None = None
    """Counted from 1."""
    offset: int | None = None
    """A byte of the line, from the start of the file (decompressed)."""
    hash: str | None = None


class FoundLine(NamedTuple):
    """A line of a run."""

    source: str
    """Relative path of the input file."""
    line: int
    """Number of the line in the input file, counted from 1."""
    offset: int | None
    """Bytes from the start of the input file (decompressed) to the line; None if it wasn't asked by place."""
    part: str
    """Name of the compacted part that has it."""
    compacted: bytes
    """The line in that part, without its line end."""


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


def find_line(output: str, run: RecordedRun, place: RecordPlace, store: OriginalStore) -> FoundLine:
    """Finds a line of a complete run.

    Args:
        output: root of the run's compacted files.
        run: the run, from `headroom_beam.files.plan.recorded_run`.
        place: which line.
        store: the run's store. Only a search by offset reads it, since compacted lines have other lengths.

    Raises:
        StoreError: the run is incomplete, or something can't be read.
        OriginalNotFound: no marker of the run has the hash.
        OriginalNotFound, OriginalExpired, AmbiguousHash, IntegrityError: an original before the offset can't
            be given out.
        FormatError: the manifest or a line is malformed.
        ValueError: the run has no such file, or the file no such line.
    """
    objects = open_objects(output)
    sources = source_parts(output)
    if place.hash is not None:
        return _by_hash(objects, sources, place.hash)
    source = _source(run, sources, place.file)
    if source.parts[0].framing != "lines":
        raise ValueError(f"{source.source} isn't JSON Lines; records of other files can't be shown")
    if place.line is not None:
        return _by_line(objects, source, place.line)
    return _by_offset(objects, source, place.offset or 0, store)


def _source(run: RecordedRun, sources: Sequence[SourceParts], file: str) -> SourceParts:
    """Returns the parts of an input file, which has its relative path or its full one."""
    by_name = {source.source: source for source in sources}
    if file in by_name:
        return by_name[file]
    full = file if file.startswith("gs://") else os.path.abspath(file)  # noqa: PTH100 (links stay links)
    for root, name in run.inputs:
        if f"{root.rstrip('/')}/{name}" == full and name in by_name:
            return by_name[name]
    known = ", ".join(repr(name) for name in sorted(by_name)[:3])
    raise ValueError(f"the run has no input file {file!r}; its {len(by_name):,} files begin with {known}")


class _NumberedBlock(NamedTuple):
    part: CompactedPart
    first_line: int
    data: bytes


def _blocks(objects: Objects, source: SourceParts) -> Iterator[_NumberedBlock]:
    """Yields the compacted lines of a file. Each line of the file has one, so their numbers are equal."""
    line = 1
    for part in source.parts if source.parts[0].framing == "lines" else ():
        for block in cut_blocks(chunks_of(open_decompressed(objects, part.part, codec_of_part(part)))):
            yield _NumberedBlock(part, line, block.data)
            line += block.data.count(b"\n")


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _by_line(objects: Objects, source: SourceParts, number: int) -> FoundLine:
    count = 0
    for part, first, data in _blocks(objects, source):
        lines = data.count(b"\n") + (not data.endswith(b"\n"))
        count = first + lines - 1
        if number <= count:
            return _found(source, part, number, _lines(data)[number - first], None)
    raise ValueError(f"{source.source} has {count:,} lines, so there is no line {number:,}")


def _by_offset(objects: Objects, source: SourceParts, offset: int, store: OriginalStore) -> FoundLine:
    line = 1
    for part in source.parts:
        if part.stop <= offset:
            blocks = cut_blocks(chunks_of(open_decompressed(objects, part.part, codec_of_part(part))))
            line += sum(block.data.count(b"\n") for block in blocks)
            continue
        at = part.start
        for lines in _line_batches(objects, part):
            for one, size_bytes in zip(lines, _source_sizes(lines, store), strict=True):
                if offset <= at + size_bytes:
                    return _found(source, part, line, one, at)
                at, line = at + size_bytes + 1, line + 1
    size_bytes = max((part.stop for part in source.parts), default=0)
    raise ValueError(f"{source.source} has {size_bytes:,} bytes, so no line is at byte {offset:,}")


def _line_batches(objects: Objects, part: CompactedPart) -> Iterator[list[bytes]]:
    """Yields lines of a part in batches that take little memory once they are restored."""
    growth = max((part.stop - part.start) / max(part.compacted_bytes, 1), 1.0)
    block_bytes = max(min(BLOCK_BYTES, int(_RESTORED_BYTES / growth)), 1)
    for block in cut_blocks(
        chunks_of(open_decompressed(objects, part.part, codec_of_part(part))), block_bytes=block_bytes
    ):
        yield _lines(block.data)


def _source_sizes(lines: Sequence[bytes], store: OriginalStore) -> Iterator[int]:
    """Yields the size of each line in the input file, without its line break."""
    contents = [line.removesuffix(b"\r") for line in lines]
    for line, content, restored in zip(lines, contents, restore_batch(contents, store), strict=True):
        if not isinstance(restored, NotRestored):
            yield len(restored) + len(line) - len(content)
        elif hashes := piece_hashes(content):
            yield sum(len(store.get(hash_)) for hash_ in hashes) + len(line) - len(content)
        else:
            # This raises the error that says why. Without this line the lines behind it have no place.
            yield len(restore_record(content, store))


def piece_hashes(content: bytes) -> list[str]:
    """Returns the hashes of a line that was stored in pieces; none for any other line."""
    hashes = [hash_ for _, _, hash_ in line_markers(content)]
    return hashes if is_in_pieces(content, len(hashes)) else []


def _by_hash(objects: Objects, sources: Sequence[SourceParts], hash_: str) -> FoundLine:
    # A marker carries 24 or 64 digits, as the run's options say.
    digits = hash_[:24].encode()
    for source in sources:
        for part, first, data in _blocks(objects, source):
            if digits not in data:
                continue
            for start, length, found in line_markers(data):
                if found.startswith(hash_) or hash_.startswith(found):
                    number = first + data.count(b"\n", 0, start)
                    return _found(source, part, number, data[start : start + length], None)
    raise OriginalNotFound(f"no marker of the run at {objects.root} has the hash {hash_}")


def _found(
    source: SourceParts, part: CompactedPart, number: int, line: bytes, offset: int | None
) -> FoundLine:
    return FoundLine(source.source, number, offset, part.part, line.removesuffix(b"\r"))
