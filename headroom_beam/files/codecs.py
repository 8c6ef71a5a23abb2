r"""How input files and compacted parts are compressed: not at all, with gzip, or with Zstandard.

A file's first bytes tell its codec; its name does where they don't.

A compressed file that ends too early, or has anything behind its last member or frame, is an error: common
readers return what they got so far, and a log that lost its tail then looks whole. Files of several members
or frames are read whole. Compression is deterministic (no time stamp, no name), so that writing a part twice
gives the same bytes.

>>> import io
>>> compressor = Compressor("gzip")
>>> packed = compressor.compress(b'{"a":1}\n') + compressor.finish()
>>> b"".join(decompressed(io.BytesIO(packed), "gzip", name="a.jsonl.gz"))
b'{"a":1}\n'
"""

import hashlib
import io
import zlib
from collections.abc import Iterator
from typing import IO, Literal

import pyarrow as pa
import zstandard

from headroom_beam.errors import IntegrityError
from headroom_beam.objects.base import ObjectConflict, Objects, ObjectWriter

__all__ = [
    "SUFFIXES",
    "Codec",
    "Compressor",
    "FileWriter",
    "codec_by_magic",
    "codec_of",
    "decompressed",
    "open_decompressed",
]

Codec = Literal["plain", "gzip", "zstd"]

SUFFIXES: dict[str, Codec] = {".jsonl": "plain", ".jsonl.gz": "gzip", ".jsonl.zst": "zstd"}
"""The file name suffixes that say that a file is JSON Lines, each with its codec."""

_MAGIC: tuple[tuple[bytes, Codec], ...] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))

CHUNK_BYTES = 1 << 20
"""How much is read at once. Decompressed chunks are this large too, so that no file can expand beyond
memory."""

# Level 6 and 3 are what the gzip and zstd programs use by default.
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3
_GZIP_WINDOW = 31


def codec_of(name: str) -> Codec:
    """Tells the codec of a file from its name.

    Raises:
        ValueError: the name has none of the suffixes in `SUFFIXES`.

    >>> codec_of("2024/trace.jsonl.zst")
    'zstd'
    """
    for suffix, codec in SUFFIXES.items():
        if name.endswith(suffix):
            return codec
    raise ValueError(
        f"{name}: not one of {', '.join(SUFFIXES)}; narrow the input pattern, for example to '*.jsonl'"
    )


def codec_by_magic(head: bytes) -> Codec:
    r"""Tells the codec of a file from its first bytes.

    >>> codec_by_magic(b"\x1f\x8b\x08"), codec_by_magic(b"{}")
    ('gzip', 'plain')
    """
    return next((codec for magic, codec in _MAGIC if head.startswith(magic)), "plain")


def decompressed(file: IO[bytes], codec: Codec, *, name: str) -> Iterator[bytes]:
    """Reads a file to its end and yields its decompressed bytes in chunks of at most `CHUNK_BYTES`.

    Args:
        file: positioned at its first byte.
        codec: as `codec_of` gives it.
        name: for messages.

    Raises:
        IntegrityError: a compressed file is truncated, damaged, or has other bytes behind its end.
    """
    if codec == "plain":
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
        return
    try:
        # Arrow's stream checks the end of every member and frame, and bounds what one read may decompress to.
        with pa.CompressedInputStream(pa.PythonFile(file, mode="r"), codec) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
            read_bytes = file.tell()
    except OSError as error:
        if error.errno is not None:
            raise  # The operating system failed to read; the file itself may be whole.
        raise IntegrityError(f"{name}: damaged {codec} file: {error}") from error
    # No compressed file has zero bytes, not even that of an empty file, though Arrow takes it for one.
    if not read_bytes:
        raise IntegrityError(f"{name}: damaged {codec} file: it has no bytes at all")


class Compressor:
    """Compresses one stream of bytes, the same way every time.

    Args:
        codec: `plain` passes bytes through.
    """

    def __init__(self, codec: Codec) -> None:
        self._stream: zlib._Compress | zstandard.ZstdCompressionObj | None = None
        if codec == "gzip":
            # zlib's own gzip header carries neither time nor name.
            self._stream = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        elif codec == "zstd":
            self._stream = zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compressobj()

    def compress(self, data: bytes) -> bytes:
        """Takes the next bytes and returns what is ready, which may be nothing yet."""
        return data if self._stream is None else self._stream.compress(data)

    def finish(self) -> bytes:
        """Ends the stream and returns its last bytes."""
        return b"" if self._stream is None else self._stream.flush()


def open_decompressed(objects: Objects, name: str, codec: Codec | None = None) -> Iterator[bytes]:
    """Reads an object in decompressed chunks; errors as for `decompressed`.

    Args:
        objects: where it is.
        name: its name.
        codec: None for what its name tells.

    Raises:
        ObjectNotFound: it isn't there.
    """
    with objects.open(name) as file:
        yield from decompressed(file, codec or codec_of(name), name=f"{objects.root}/{name}")


class FileWriter:
    """Writes an object; nobody sees it before `publish`.

    Args:
        objects: where it goes.
        name: its name.
        codec: how it is compressed; None for what its name tells.
        in_memory: collect its bytes in memory instead of in a temporary file: for many small ones at once.
    """

    def __init__(
        self, objects: Objects, name: str, codec: Codec | None = None, *, in_memory: bool = False
    ) -> None:
        self.name = name
        self.size_bytes = 0
        """Bytes so far, decompressed."""
        self._objects = objects
        self._codec = codec or codec_of(name)
        self._compressor = Compressor(self._codec)
        self._digest = hashlib.sha256()
        self._sink: ObjectWriter | io.BytesIO = io.BytesIO() if in_memory else objects.create(name)

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the bytes so far, decompressed."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Takes the next bytes. Raises StoreError when there is no room for them."""
        self.size_bytes += len(data)
        self._digest.update(data)
        self._sink.write(self._compressor.compress(data))

    def publish(self) -> None:
        """Makes the object durable and visible.

        One that is there already with the same decompressed bytes is success.

        Raises:
            ObjectConflict: another one is there.
            StoreError: it can't be written.
        """
        self._sink.write(self._compressor.finish())
        try:
            if isinstance(self._sink, io.BytesIO):
                self._objects.put_if_absent(self.name, self._sink.getvalue())
            else:
                self._sink.commit()
        except ObjectConflict:
            # Another version of the compressor gives other bytes for the same lines, and the lines are what
            # counts.
            if self._codec == "plain" or self._digest_there() != self.digest:
                raise

    def _digest_there(self) -> str:
        digest = hashlib.sha256()
        for chunk in open_decompressed(self._objects, self.name, self._codec):
            digest.update(chunk)
        return digest.hexdigest()

    def close(self) -> None:
        """Drops what wasn't published."""
        self._sink.close()
