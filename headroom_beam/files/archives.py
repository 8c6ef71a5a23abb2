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
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator

from headroom_beam.files.blocks import PIECE_BYTES, Chunk
from headroom_beam.files.content import Content
from headroom_beam.files.manifest import PartMember
from headroom_beam.files.members import TAR_BLOCK, Reader, list_tar, open_zip, zip_chunks
from headroom_beam.files.sources import Framing, Source, read_chunks
from headroom_beam.objects.open import open_objects

__all__ = ["ArchiveMember", "TarCopy", "ZipCopy"]

_READ_BYTES = 1 << 20
_SPOOL_BYTES = 8 << 20
_ZIP64_EXTRA = 1

# A member of this size is given room for sizes of 64 bits, since its compacted form may be longer.
_ZIP64_BYTES = 1 << 30


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


class _Kept:
    """Bytes that go to the store as they are, in pieces."""

    def __init__(self, keep: Callable[[bytes], str]) -> None:
        self._keep = keep
        self._waiting = bytearray()
        self.digests: list[str] = []
        self.size_bytes = 0

    def add(self, data: bytes) -> None:
        self.size_bytes += len(data)
        self._waiting += data
        while len(self._waiting) >= PIECE_BYTES:
            self.digests.append(self._keep(bytes(self._waiting[:PIECE_BYTES])))
            del self._waiting[:PIECE_BYTES]

    def finish(self) -> list[str]:
        if self._waiting:
            self.digests.append(self._keep(bytes(self._waiting)))
            self._waiting.clear()
        return self.digests


class _Copy:
    """What both kinds of archives have."""

    def __init__(self, archive: Content, keep: Callable[[bytes], str]) -> None:
        self._archive = archive
        self._kept = _Kept(keep)
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
            self._copy_wrapping(reader, place.offset - TAR_BLOCK)
            header = reader.exactly(TAR_BLOCK)
            self._kept.add(header)
            self._archive.write(b"", source=header, offset=place.offset - TAR_BLOCK)
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
            self._put(bytes(-content.size_bytes % TAR_BLOCK))
            self._padding = -place.size_bytes % TAR_BLOCK
        self._copy_wrapping(reader, None)

    def finish(self) -> None:
        """Ends the wrapping."""
        self._kept.finish()

    def _put(self, data: bytes) -> None:
        self._archive.write(data, source=b"", offset=0)

    def _read(self, reader: Reader, length: int) -> Iterator[Chunk]:
        offset = 0
        for data in reader.take(length):
            self._archive.write(b"", source=data, offset=reader.at - len(data))
            yield Chunk(offset, data)
            offset += len(data)

    def _copy_wrapping(self, reader: Reader, stop: int | None) -> None:
        """Copies the archive up to a place; the padding behind the last member has been written anew."""
        for data in reader.take(None if stop is None else stop - reader.at):
            self._kept.add(data)
            own = min(self._padding, len(data))
            self._padding -= own
            self._archive.write(data[own:], source=data, offset=reader.at - len(data))


def _with_size(header: bytes, size_bytes: int) -> bytes:
    """A tar header that says another size."""
    changed = bytearray(header)
    changed[124:136] = b"%011o\0" % size_bytes
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed)
    return bytes(changed)


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
            opened = open_zip(file, self._source.size_bytes)
            for chunk in read_chunks(self._source):
                self._kept.add(chunk.data)
                self._archive.write(b"", source=chunk.data, offset=chunk.offset)
            with opened, zipfile.ZipFile(_Sink(self._archive), "w") as out, warnings.catch_warnings():
                # Two members may have one name, which the library finds worth a warning.
                warnings.simplefilter("ignore", UserWarning)
                out.comment = opened.comment
                for info in opened.infolist():
                    with out.open(_like(info), "w", force_zip64=info.file_size >= _ZIP64_BYTES) as target:
                        content = _MemberContent(self._archive, info.filename, target.write)
                        member = ArchiveMember(content, zip_chunks(opened, file, info), info.filename)
                        self._members.append(member)
                        yield member

    def finish(self) -> None:
        """Ends the copy in the store."""
        self._kept.finish()


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
