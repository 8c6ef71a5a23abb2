"""Archives in, archives of the same kind out: each member is crushed as a file of its own.

Nothing is ever extracted: a member's name is a text that is copied, whatever it says, and links and devices
are bytes like others. Members are read and written as streams, and an archive that claims to be far larger
than it is isn't opened at all.

A tar archive is restored from its members and its *wrapping*: all bytes around the members' own (headers,
padding, members that are no plain files). The wrapping goes to the store. A zip archive's members are
compressed, and no one can promise that a compressor of another day gives the same bytes. So the store keeps
the archive itself.
"""

import struct
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, NamedTuple

import zstandard

from headroom_beam.errors import IntegrityError
from headroom_beam.files.blocks import PIECE_BYTES, Chunk
from headroom_beam.files.content import Content
from headroom_beam.files.manifest import PartMember
from headroom_beam.files.sources import Framing, Source, read_chunks
from headroom_beam.objects.open import open_objects

__all__ = ["MAX_RATIO", "ArchiveMember", "Kept", "Reader", "Refused", "TarCopy", "ZipCopy", "zip_members"]

MAX_MEMBERS = 100_000
"""Files of an archive; each is described in the manifest."""

MAX_RATIO = 1000
"""How many times its own size a zip archive or a Parquet file may hold, above a gigabyte."""
_FREE_BYTES = 1 << 30

# Headers of tar are small, and a header that says otherwise would be read into memory.
_HEADER_BYTES = 1 << 20
_BLOCK = 512
# What eleven octal digits can say.
_OCTAL_BYTES = 1 << 33

_READ_BYTES = 1 << 20
_SPOOL_BYTES = 8 << 20
_ZSTANDARD = 93
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, _ZSTANDARD}
_ZIP64_EXTRA = 1


class Refused(Exception):
    """A file isn't taken apart; it is copied as a whole."""

    def __init__(self, note: str) -> None:
        super().__init__(note)
        self.note = note


class ArchiveMember:
    """A file of an archive, ready to be read once."""

    def __init__(self, content: Content, chunks: Iterable[Chunk], name: str) -> None:
        self.content = content
        """Takes its compacted bytes."""
        self.chunks = chunks
        self.name = name
        self.framing: Framing = "copied"
        self.note = ""
        self.wrapping_bytes = 0
        """Bytes of the archive's wrapping between the member before it and this one."""
        self.skip_bytes = 0
        """The same in the compacted archive."""

    def described(self) -> PartMember:
        """What a manifest says of it."""
        opened = self.framing == "document" and bool(self.content.opened)
        return PartMember(
            name=self.name,
            framing="elements" if opened else self.framing,
            size_bytes=self.content.source_bytes,
            **self.content.described(),
            wrapping_bytes=self.wrapping_bytes,
            skip_bytes=self.skip_bytes,
            note=self.note,
        )


class _MemberContent(Content):
    """A member's compacted bytes, passed on to where they are written."""

    def __init__(self, archive: Content, name: str, put: Callable[[bytes], object]) -> None:
        super().__init__(f"{archive.source}/{name}", archive.part)
        self._put = put

    def put(self, compacted: bytes) -> None:
        self._put(compacted)


class Kept:
    """Bytes that go to the store as they are, in pieces.

    Args:
        keep: puts a piece into the store and returns its digest.
    """

    def __init__(self, keep: Callable[[bytes], str]) -> None:
        self._keep = keep
        self._waiting = bytearray()
        self.digests: list[str] = []
        self.size_bytes = 0

    def add(self, data: bytes) -> None:
        """Takes the next bytes."""
        self.size_bytes += len(data)
        self._waiting += data
        while len(self._waiting) >= PIECE_BYTES:
            self.digests.append(self._keep(bytes(self._waiting[:PIECE_BYTES])))
            del self._waiting[:PIECE_BYTES]

    def finish(self) -> list[str]:
        """Puts the rest away, and returns the digests of all pieces."""
        if self._waiting:
            self.digests.append(self._keep(bytes(self._waiting)))
            self._waiting.clear()
        return self.digests


class _Copy:
    """What both kinds of archives have."""

    def __init__(self, archive: Content, keep: Callable[[bytes], str]) -> None:
        self._archive = archive
        self._kept = Kept(keep)
        self._members: list[ArchiveMember] = []

    @property
    def kept(self) -> list[str]:
        """Digests of the originals that the archive is restored from."""
        return self._kept.digests

    def described(self) -> list[PartMember]:
        """What a manifest says of the members."""
        return [member.described() for member in self._members]


class TarCopy(_Copy):
    """A tar archive on its way.

    Args:
        open_chunks: reads the archive, decompressed, from its start; called twice.
        archive: takes the compacted archive.
        keep: puts bytes into the store and returns their digest.
    """

    def __init__(
        self, open_chunks: Callable[[], Iterator[Chunk]], archive: Content, keep: Callable[[bytes], str]
    ) -> None:
        super().__init__(archive, keep)
        self._open_chunks = open_chunks
        self._padding = 0

    def members(self) -> Iterator[ArchiveMember]:
        """Yields each plain file; it has to be read before the next one is asked for.

        Raises:
            Refused: it isn't whole, or has too many members.
            IntegrityError: a compressed archive is damaged.
        """
        places = list_tar(self._open_chunks())
        reader = Reader(self._open_chunks())
        wrapping = written = 0
        for place in places:
            self._copy_wrapping(reader, place.offset - _BLOCK)
            header = reader.exactly(_BLOCK)
            self._kept.add(header)
            self._archive.write(b"", source=header, offset=place.offset - _BLOCK)
            with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as spool:
                content = _MemberContent(self._archive, place.name, spool.write)
                member = ArchiveMember(content, self._read(reader, place.size_bytes), place.name)
                self._members.append(member)
                yield member
                changed = content.size_bytes != place.size_bytes
                self._put(_with_size(header, content.size_bytes) if changed else header)
                member.wrapping_bytes = self._kept.size_bytes - wrapping
                member.skip_bytes = self._archive.size_bytes - written
                spool.seek(0)
                while data := spool.read(_READ_BYTES):
                    self._put(data)
            wrapping, written = self._kept.size_bytes, self._archive.size_bytes
            self._put(bytes(-content.size_bytes % _BLOCK))
            self._padding = -place.size_bytes % _BLOCK
        self._copy_wrapping(reader, None)

    def finish(self) -> None:
        """Ends the wrapping."""
        self._kept.finish()

    def _put(self, data: bytes) -> None:
        self._archive.write(data, source=b"", offset=0)

    def _read(self, reader: "Reader", length: int) -> Iterator[Chunk]:
        offset = 0
        for data in reader.take(length):
            self._archive.write(b"", source=data, offset=reader.at - len(data))
            yield Chunk(offset, data)
            offset += len(data)

    def _copy_wrapping(self, reader: "Reader", stop: int | None) -> None:
        """Copies the archive up to a place; the padding behind the last member has been written anew."""
        for data in reader.take(None if stop is None else stop - reader.at):
            self._kept.add(data)
            own = min(self._padding, len(data))
            self._padding -= own
            self._archive.write(data[own:], source=data, offset=reader.at - len(data))


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


def _with_size(header: bytes, size_bytes: int) -> bytes:
    """A tar header that says another size."""
    changed = bytearray(header)
    changed[124:136] = b"%011o\0" % size_bytes
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed)
    return bytes(changed)


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


class ZipCopy(_Copy):
    """A zip archive on its way.

    Args:
        source: the archive.
        archive: takes the compacted archive.
        keep: puts bytes into the store and returns their digest.
    """

    def __init__(self, source: Source, archive: Content, keep: Callable[[bytes], str]) -> None:
        super().__init__(archive, keep)
        self._source = source

    def members(self) -> Iterator[ArchiveMember]:
        """Yields each file; it has to be read before the next one is asked for.

        Raises:
            Refused: it isn't whole, is encrypted, or claims to hold too much.
            IntegrityError: a member is damaged.
        """
        with open_objects(self._source.root).open(self._source.name) as file:
            try:
                opened = zipfile.ZipFile(file)
            except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
                raise Refused("it is no whole zip archive, so it is copied") from error
            _check_zip(opened, self._source.size_bytes)
            for chunk in read_chunks(self._source):
                self._kept.add(chunk.data)
                self._archive.write(b"", source=chunk.data, offset=chunk.offset)
            with opened, zipfile.ZipFile(_Sink(self._archive), "w") as out, warnings.catch_warnings():
                # Two members may have one name, which the library finds worth a warning.
                warnings.simplefilter("ignore", UserWarning)
                out.comment = opened.comment
                for info in opened.infolist():
                    with out.open(_like(info), "w", force_zip64=info.file_size >= _FREE_BYTES) as target:
                        content = _MemberContent(self._archive, info.filename, target.write)
                        member = ArchiveMember(content, _zip_chunks(opened, file, info), info.filename)
                        self._members.append(member)
                        yield member

    def finish(self) -> None:
        """Ends the copy in the store."""
        self._kept.finish()


def zip_members(file: IO[bytes]) -> Iterator[Iterator[Chunk]]:
    """Yields the bytes of each member of a zip archive, in order.

    Raises:
        IntegrityError: the archive, or a member, is damaged.
    """
    try:
        with zipfile.ZipFile(file) as opened:
            for info in opened.infolist():
                yield _zip_chunks(opened, file, info)
    except (zipfile.BadZipFile, NotImplementedError, struct.error) as error:
        raise IntegrityError("it is no whole zip archive") from error


def _check_zip(opened: zipfile.ZipFile, size_bytes: int) -> None:
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


def _like(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """The entry of a member in the compacted archive."""
    entry = zipfile.ZipInfo(info.filename, info.date_time)
    entry.compress_type = (
        zipfile.ZIP_STORED if info.compress_type == zipfile.ZIP_STORED else zipfile.ZIP_DEFLATED
    )
    entry.create_system = info.create_system
    entry.external_attr = info.external_attr
    entry.internal_attr = info.internal_attr
    entry.comment = info.comment
    entry.extra = _without_sizes(info.extra)
    return entry


def _without_sizes(extra: bytes) -> bytes:
    """Extra fields but the one with the sizes of the old member."""
    kept = b""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind != _ZIP64_EXTRA:
            kept += extra[: 4 + length]
        extra = extra[4 + length :]
    return kept


def _zip_chunks(opened: zipfile.ZipFile, file: IO[bytes], info: zipfile.ZipInfo) -> Iterator[Chunk]:
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


class _Sink:
    """Where a zip archive is written: onwards only."""

    def __init__(self, archive: Content) -> None:
        self._archive = archive

    def write(self, data: bytes) -> int:
        self._archive.write(bytes(data), source=b"", offset=0)
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass
