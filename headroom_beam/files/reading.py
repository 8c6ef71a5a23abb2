r"""Reads input files of any framing: as blocks of records, and what is no record in pieces.

Whoever needs the records of a file, to crush or to measure them, gets them here. A framing is chosen in
`read_items` and nowhere else.

>>> chunks = [Chunk(0, b'{"id": 1}\n{"id": 2}\n')]
>>> [item.data for item in read_items(chunks, "lines", SmartCrusherConfig(), [])]
[b'{"id": 1}\n{"id": 2}\n']
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias, TypeVar

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.errors import IntegrityError
from headroom_beam.files.blocks import Block, Chunk, LinePiece, cut_blocks
from headroom_beam.files.detect import DOCUMENT_BYTES, detect_chunks
from headroom_beam.files.members import read_members
from headroom_beam.files.shards import read_span
from headroom_beam.files.sources import Framing, Source, Span, check_version, read_chunks
from headroom_beam.objects.base import ObjectNotFound
from headroom_beam.records import BLOCK_BYTES

__all__ = [
    "MAX_OPENED",
    "Item",
    "RecordPiece",
    "SourceContent",
    "SourceError",
    "TextResult",
    "read_contents",
    "read_items",
    "read_source",
    "reading",
]

MAX_OPENED = 64
"""How many values may be opened around an element; each of them is longer than `DOCUMENT_BYTES`."""


class RecordPiece(NamedTuple):
    """A piece of a record that is too long to hold, or of the rest of a file that is broken."""

    offset: int
    """Bytes from the start of the file (decompressed) to the *record*."""
    data: bytes
    end: bytes | None
    """None if more pieces of the record follow. Else its line end, or nothing."""
    kind: str
    """Why it is no record; as in `headroom_beam.records.Failure`."""
    message: str
    is_rest: bool = False
    """It is of the rest of a file, behind which there are no more records."""


class TextResult(NamedTuple):
    """A whole file, which is the text of one result."""

    offset: int
    data: bytes


Item: TypeAlias = Block | _core.CutBlock | RecordPiece | TextResult | Chunk
"""The next bytes of a file: whole lines; elements with what stands between them; a piece of what is no
record; the text of a result; or, as a chunk, bytes of a file without records."""

_Taken = TypeVar("_Taken")


class SourceContent(NamedTuple):
    """A file, or a member of an archive, ready to be read once."""

    name: str
    """The relative path of the file; for a member `ARCHIVE/MEMBER`."""
    framing: Framing
    items: Iterator[Item]


class SourceError(Exception):
    """A file of a folder can't be taken as it was planned."""

    def __init__(self, note: str, *, gone: bool = False) -> None:
        super().__init__(note)
        self.note = note
        self.gone = gone


def reading(source: Source, items: Iterable[_Taken]) -> Iterator[_Taken]:
    """Passes on what is read of a source, and tells its own errors from those of the output and the store.

    Raises:
        SourceError: a file that was found in a folder is gone, or damaged.
    """
    try:
        yield from items
    except ObjectNotFound as error:
        if source.named:
            raise
        raise SourceError("it is gone since the run was planned", gone=True) from error
    except IntegrityError as error:
        if source.named:
            raise
        raise SourceError("it is damaged, so it is copied") from error


def read_contents(span: Span, config: SmartCrusherConfig, notes: list[str]) -> Iterator[SourceContent]:
    """Yields the members of an archive, or of any other file the file itself.

    The items of a content are read before the next content is asked for, or not at all.

    Args:
        span: the file, or for JSON Lines a range of it.
        config: the options of crushing, for their limits.
        notes: takes what people should know about the file.

    Raises:
        Refused: an archive can't be taken apart.
        SourceError: a file that was found in a folder is gone, or damaged.
        IntegrityError: a file that was named is truncated or damaged.
        StoreError: the file can't be read. Or it was named, and has changed since it was found.
    """
    source = span.source
    if source.framing not in ("tar", "zip"):
        yield SourceContent(source.name, source.framing, read_source(span, config, notes))
        return
    for name, chunks in reading(source, read_members(source)):
        framing, again = detect_chunks(name, reading(source, chunks))
        yield SourceContent(f"{source.name}/{name}", framing, read_items(again, framing, config, []))
    check_version(source, notes)


def read_source(span: Span, config: SmartCrusherConfig, notes: list[str]) -> Iterator[Item]:
    """Yields the items of a file that is no archive; arguments and errors are those of `read_contents`."""
    source = span.source
    if source.framing == "lines":
        lines = read_span(span, max_record_bytes=config.max_record_bytes, notes=notes)
        yield from _lines(reading(source, lines), config)
    else:
        yield from read_items(reading(source, read_chunks(source)), source.framing, config, notes)
        check_version(source, notes)


def read_items(
    chunks: Iterable[Chunk], framing: Framing, config: SmartCrusherConfig, notes: list[str]
) -> Iterator[Item]:
    """Yields the items of a file, or of a member of an archive.

    Args:
        chunks: its bytes.
        framing: how it holds its records; not `tar` or `zip`.
        config: the options of crushing, for their limits.
        notes: takes that the file is broken or ends too early.
    """
    if framing == "lines":
        return _lines(cut_blocks(chunks, max_record_bytes=config.max_record_bytes), config)
    if framing == "document":
        return _elements(chunks, config, notes)
    if framing == "text":
        return iter([TextResult(0, b"".join(chunk.data for chunk in chunks))])
    return iter(chunks)


def _lines(lines: Iterable[Block | LinePiece], config: SmartCrusherConfig) -> Iterator[Item]:
    message = _too_large(config)
    for item in lines:
        if isinstance(item, Block):
            yield item
        else:
            yield RecordPiece(item.offset, item.data, item.line_end, "too_large", message)


def _elements(chunks: Iterable[Chunk], config: SmartCrusherConfig, notes: list[str]) -> Iterator[Item]:
    """Cuts JSON texts into blocks of values. A text of up to `DOCUMENT_BYTES` is one value."""
    cutter = _core.JsonCutter(
        value_bytes=min(DOCUMENT_BYTES, config.max_record_bytes),
        leaf_bytes=config.max_record_bytes,
        max_depth=min(config.max_depth, MAX_OPENED),
        block_bytes=BLOCK_BYTES,
    )
    start: int | None = None
    for cut in _cuts(cutter, chunks):
        if isinstance(cut, _core.CutBlock):
            yield cut
            continue
        start = cut.offset if start is None else start
        end = b"" if cut.last else None
        yield RecordPiece(start, cut.data, end, cut.kind, _why_in_pieces(cut, config), cut.rest)
        start = None if cut.last else start
    if not cutter.is_whole:
        notes.append("it is no whole JSON; what was complete in it is crushed")


def _cuts(cutter: _core.JsonCutter, chunks: Iterable[Chunk]) -> Iterator[_core.CutBlock | _core.CutPiece]:
    for chunk in chunks:
        yield from cutter.push(chunk.data)
    yield from cutter.finish()


def _too_large(config: SmartCrusherConfig) -> str:
    # The same message as the native crusher's, which checks the records that fit in a block.
    return f"record size in bytes (max_record_bytes) is over its limit of {config.max_record_bytes}"


def _why_in_pieces(piece: _core.CutPiece, config: SmartCrusherConfig) -> str:
    if piece.kind == "too_large":
        return _too_large(config)
    if piece.kind == "too_deep":
        limit = min(config.max_depth, MAX_OPENED)
        return f"more than {limit} values are nested, each too long to be a record"
    return f"{piece.problem}; the file is kept as it was from there on"
