"""Input files: where they are, what they are, and how their bytes are read.

A file that was *named*, by itself or by a pattern, has to be whole: damage fails the run. In a folder
anything may lie about. A file that was found in one is taken as it is: what can't be decompressed is copied,
and what can't be read is left out, each with a note.
"""

import io
from collections.abc import Iterator
from typing import IO, Any, Literal, NamedTuple, TypeAlias

from headroom_beam.errors import IntegrityError, StoreError
from headroom_beam.files.blocks import Chunk, chunks_of
from headroom_beam.files.codecs import SUFFIXES, Codec, codec_of, decompressed
from headroom_beam.objects.base import Objects
from headroom_beam.objects.open import open_objects

__all__ = ["Framing", "LeftOut", "Source", "Span", "check_version", "head_of", "read_chunks"]

Framing: TypeAlias = Literal["lines", "document", "tar", "zip", "text", "copied"]
"""How a file holds its records: one in each line; as JSON texts of any layout; in its members; as the text of
one result; or not at all."""


class LeftOut(NamedTuple):
    """Something in a folder that isn't in the run's output."""

    name: str
    """Its path below the folder."""
    note: str
    """Why."""


class Source(NamedTuple):
    """An input file."""

    root: str
    """The folder or bucket prefix that its relative path starts from."""
    name: str
    """Its path below `root`, with `/`; the output mirrors it."""
    size_bytes: int
    version: str
    """What changes when its bytes do: GCS generation, or modification time in nanoseconds."""
    framing: Framing = "lines"
    compression: Codec | None = None
    """How it is compressed, as its bytes tell; None for what its name tells."""
    named: bool = True
    """It was named, not found in a folder."""
    note: str = ""
    """What people should know about it."""

    @property
    def codec(self) -> Codec:
        """How it is compressed."""
        if self.compression is None:
            return codec_of(self.name) if self.name.endswith(tuple(SUFFIXES)) else "plain"
        return self.compression


class Span(NamedTuple):
    """A whole file, or the lines of one that start in a byte range."""

    source: Source
    start: int
    stop: int
    """The byte behind the range; for a compressed file, its size as it is stored."""
    part: str
    """Name of the compacted part that is made of it."""


def head_of(objects: Objects, name: str, length: int) -> bytes:
    """Reads the first bytes of a file.

    Raises:
        StoreError: it can't be read, or is shorter now.
    """
    try:
        return objects.get_range(name, 0, length)
    except IntegrityError as error:
        raise StoreError(f"{objects.root}/{name} has changed while the run was planned") from error


def read_chunks(source: Source, *, first: int = 0) -> Iterator[Chunk]:
    """Reads a file from a byte on; offsets count decompressed bytes from the start of the file.

    A file that was found in a folder, and still grows, is read as far as it went when the run was planned.

    Args:
        source: the file.
        first: where to begin; 0 for a compressed file.

    Raises:
        IntegrityError: a compressed file is truncated or damaged.
        StoreError: the file can't be read.
    """
    with open_objects(source.root).open(source.name) as opened:
        file = opened if source.named else io.BufferedReader(_Beginning(opened, source.size_bytes), 1 << 20)
        file.seek(first)
        yield from chunks_of(
            decompressed(file, source.codec, name=f"{source.root}/{source.name}"), offset=first
        )


def check_version(source: Source, notes: list[str]) -> None:
    """Checks, when a file has been read, that it is still as it was when the run was planned.

    Args:
        source: the file.
        notes: takes what has happened to a file that was found in a folder.

    Raises:
        StoreError: a file that was named has changed. The caller publishes nothing of it.
    """
    info = open_objects(source.root).info(source.name)
    if info is not None and (info.size_bytes, info.version) == (source.size_bytes, source.version):
        return
    if source.named:
        raise StoreError(
            f"{source.root}/{source.name} has changed since the run was planned; "
            "start a new run with another output"
        )
    if info is not None and info.size_bytes > source.size_bytes:
        notes.append(f"it has grown since the run was planned; its first {source.size_bytes} bytes are taken")
    else:
        notes.append("it has changed since the run was planned; what was read is taken")


class _Beginning(io.RawIOBase):
    """The first bytes of a file."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file = file
        self._length = length

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any, /) -> int:
        data = self._file.read(max(min(len(buffer), self._length - self._file.tell()), 0))
        buffer[: len(data)] = data
        return len(data)
