"""Reads archives: the plain files of tar and zip archives as streams. Nothing is ever extracted.

Members are read onwards, and an archive that claims to be far larger than it is isn't opened at all. A
member's name is a text, whatever it says.
"""

import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import zstandard

from headroom_beam.errors import IntegrityError
from headroom_beam.files.blocks import Chunk, chunks_of
from headroom_beam.files.sources import Source, read_chunks
from headroom_beam.objects.open import open_objects

__all__ = [
    "TAR_BLOCK",
    "Reader",
    "Refused",
    "list_tar",
    "open_zip",
    "read_members",
    "zip_chunks",
    "zip_members",
]

MAX_MEMBERS = 100_000
"""Files of an archive; each is described in the manifest."""

MAX_RATIO = 1000
"""How many times its own size a zip archive may hold, above a gigabyte."""
_FREE_BYTES = 1 << 30

TAR_BLOCK = 512
"""Headers and contents of tar members fill blocks of so many bytes."""

# Headers of tar are small, and a header that says otherwise would be read into memory.
_HEADER_BYTES = 1 << 20
# What eleven octal digits can say.
_OCTAL_BYTES = 1 << 33

_READ_BYTES = 1 << 20
_ZSTANDARD = 93
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, _ZSTANDARD}


class Refused(Exception):
    """An archive isn't taken apart; its file is copied as a whole."""

    def __init__(self, note: str) -> None:
        super().__init__(note)
        self.note = note


def read_members(source: Source) -> Iterator[tuple[str, Iterator[Chunk]]]:
    """Yields the name and the bytes of each plain file of an archive, whose framing is `tar` or `zip`.

    The bytes of a file are read before the next file is asked for, or not at all.

    Raises:
        Refused: it isn't whole, is encrypted, has too many members, or claims to hold too much.
        IntegrityError: a compressed archive or a member is damaged.
        StoreError: it can't be read.
    """
    if source.framing == "tar":
        places = list_tar(read_chunks(source))
        reader = Reader(read_chunks(source))
        for place in places:
            for _ in reader.take(place.offset - reader.at):
                pass
            yield place.name, chunks_of(reader.take(place.size_bytes))
        return
    with open_objects(source.root).open(source.name) as file, open_zip(file, source.size_bytes) as opened:
        for info in opened.infolist():
            yield info.filename, zip_chunks(opened, file, info)


class TarPlace(NamedTuple):
    """Where the bytes of a plain file stand in a tar archive."""

    name: str
    offset: int
    size_bytes: int


def list_tar(chunks: Iterator[Chunk]) -> list[TarPlace]:
    """Lists the plain files of a tar archive, in order; sparse and very large ones aren't among them.

    Raises:
        Refused: it isn't whole, or has too many members.
        IntegrityError: a compressed archive is damaged.
    """
    places = []
    try:
        with tarfile.TarFile(fileobj=_Forward(chunks), mode="r", errors="surrogateescape") as archive:
            for member in archive:
                # The library remembers each member; the list here is enough.
                archive.members = []  # type: ignore[attr-defined]
                plain = member.isreg() and not member.issparse() and "size" not in member.pax_headers
                if plain and 0 < member.size < _OCTAL_BYTES:
                    places.append(TarPlace(member.name, member.offset_data, member.size))
                if len(places) > MAX_MEMBERS:
                    raise Refused(f"it has more than {MAX_MEMBERS} members, so it is copied")
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
        raise Refused("it is no whole tar archive, so it is copied") from error
    return places


class Reader:
    """Takes chunks apart at given lengths."""

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self._chunks = chunks
        self._waiting = b""
        self.at = 0

    def take(self, length: int | None) -> Iterator[bytes]:
        """Yields the next bytes, as many as asked for, or all."""
        while length is None or length > 0:
            if not self._waiting:
                chunk = next(self._chunks, None)
                if chunk is None:
                    if length is not None:
                        raise IntegrityError("the archive has become shorter while it was read")
                    return
                self._waiting = chunk.data
                continue
            data = self._waiting if length is None else self._waiting[:length]
            self._waiting = self._waiting[len(data) :]
            self.at += len(data)
            if length is not None:
                length -= len(data)
            yield data

    def exactly(self, length: int) -> bytes:
        """Returns the next bytes."""
        return b"".join(self.take(length))


class _Forward:
    """A file of chunks that is only ever read onwards."""

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self._chunks = chunks
        self._waiting = b""
        self._at = 0

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        pass

    def write(self, data: bytes) -> int:
        raise NotImplementedError

    def seek(self, offset: int) -> None:
        if offset < self._at:
            raise tarfile.ReadError("the archive leads back")
        while self._at < offset and self._read(min(offset - self._at, _READ_BYTES)):
            pass

    def read(self, length: int) -> bytes:
        if length > _HEADER_BYTES:
            raise tarfile.ReadError("a header is too long")
        data = b""
        while len(data) < length and (more := self._read(length - len(data))):
            data += more
        return data

    def _read(self, length: int) -> bytes:
        if not self._waiting:
            chunk = next(self._chunks, None)
            self._waiting = b"" if chunk is None else chunk.data
        data, self._waiting = self._waiting[:length], self._waiting[length:]
        self._at += len(data)
        return data


def zip_members(file: IO[bytes]) -> Iterator[Iterator[Chunk]]:
    """Yields the bytes of each member of a zip archive, in order.

    Raises:
        IntegrityError: the archive, or a member, is damaged.
    """
    try:
        with zipfile.ZipFile(file) as opened:
            for info in opened.infolist():
                yield zip_chunks(opened, file, info)
    except (zipfile.BadZipFile, NotImplementedError, struct.error) as error:
        raise IntegrityError("it is no whole zip archive") from error


def open_zip(file: IO[bytes], size_bytes: int) -> zipfile.ZipFile:
    """Opens a zip archive of so many bytes.

    Raises:
        Refused: it isn't whole, is encrypted, has too many members, or claims to hold too much.
    """
    try:
        opened = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise Refused("it is no whole zip archive, so it is copied") from error
    members = opened.infolist()
    held = sum(info.file_size for info in members)
    if len(members) > MAX_MEMBERS:
        raise Refused(f"it has more than {MAX_MEMBERS} members, so it is copied")
    if held > max(MAX_RATIO * size_bytes, _FREE_BYTES):
        raise Refused(f"it claims to hold {held} bytes, so it is copied")
    if any(info.flag_bits & 1 for info in members):
        raise Refused("it is encrypted, so it is copied")
    if any(info.compress_type not in _METHODS for info in members):
        raise Refused("it is compressed in a way that isn't known, so it is copied")
    return opened


def zip_chunks(opened: zipfile.ZipFile, file: IO[bytes], info: zipfile.ZipInfo) -> Iterator[Chunk]:
    """Yields the bytes of a member of a zip archive.

    Args:
        opened: the archive.
        file: the file that it was opened from.
        info: which member.

    Raises:
        IntegrityError: the member is damaged.
    """
    offset, checksum = 0, 0
    try:
        stream = _zstandard(file, info) if info.compress_type == _ZSTANDARD else opened.open(info)
        with stream:
            while data := stream.read(_READ_BYTES):
                checksum = zlib.crc32(data, checksum)
                offset += len(data)
                if offset > info.file_size:
                    break
                yield Chunk(offset - len(data), data)
    except (zipfile.BadZipFile, zlib.error, zstandard.ZstdError, EOFError, OSError, struct.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise IntegrityError("a member of the archive is damaged") from error
    if (offset, checksum) != (info.file_size, info.CRC):
        raise IntegrityError("a member of the archive is damaged")


def _zstandard(file: IO[bytes], info: zipfile.ZipInfo) -> Any:
    """Opens a member that is compressed with Zstandard, which the library doesn't know."""
    file.seek(info.header_offset)
    header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("no local header")
    name_bytes, extra_bytes = struct.unpack_from("<HH", header, 26)
    file.seek(name_bytes + extra_bytes, 1)
    raw = _Limited(file, info.compress_size)
    return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)  # type: ignore[arg-type]


class _Limited:
    """So many bytes of a file from its position on."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file = file
        self._length = length

    def read(self, length: int) -> bytes:
        data = self._file.read(min(length, self._length))
        self._length -= len(data)
        return data
