r"""Reads and writes input files and compacted parts: plain, or compressed with gzip or Zstandard.

A compressed file that ends too early, or has other bytes after its last member or frame, is an error. Common
readers return what they have read so far, so that a log without its tail looks whole. All members or frames
of a file are read. Compression is deterministic (no time stamp, no name): writing a part twice gives the same
bytes.

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
"""The suffixes of file names that promise JSON Lines, each with its codec."""

_MAGIC: tuple[tuple[bytes, Codec], ...] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))

CHUNK_BYTES = 1 << 20
"""Bytes that are read at once. Decompressed chunks are no larger, so no file can expand beyond memory."""

# The default levels of the gzip and zstd programs.
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3
# Asks zlib for its largest window (15), and for the gzip format (16).
_GZIP_WINDOW = 31


def codec_of(name: str) -> Codec:
    """Returns the codec of a file, which the suffix of its name tells.

    Raises:
        ValueError: the name has none of the suffixes in `SUFFIXES`.

    >>> codec_of("2024/trace.jsonl.zst")
    'zstd'
    """
    for suffix, codec in SUFFIXES.items():
        if name.endswith(suffix):
            return codec
    raise ValueError(
        f"{name} ends in none of {', '.join(SUFFIXES)}; narrow the input pattern, for example to '*.jsonl'"
    )


def codec_by_magic(head: bytes) -> Codec:
    r"""Returns the codec of a file, which its first bytes tell.

    >>> codec_by_magic(b"\x1f\x8b\x08"), codec_by_magic(b"{}")
    ('gzip', 'plain')
    """
    return next((codec for magic, codec in _MAGIC if head.startswith(magic)), "plain")


def decompressed(file: IO[bytes], codec: Codec, *, name: str) -> Iterator[bytes]:
    """Reads a file to its end and yields its decompressed bytes in chunks of at most `CHUNK_BYTES`.

    Args:
        file: the file. A compressed one must be at its first byte; a plain one is read from where it is.
        codec: the codec of the file.
        name: the name of the file in messages.

    Raises:
        IntegrityError: a compressed file is truncated, damaged, or has other bytes after its end.
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
            raise  # The operating system can't read the file, which itself may be whole.
        raise IntegrityError(f"{name}: damaged {codec} file: {error}") from error
    # Even an empty file has some bytes when compressed. Arrow accepts a file without any.
    if not read_bytes:
        raise IntegrityError(f"{name}: damaged {codec} file: it has no bytes at all")


class Compressor:
    """Compresses a stream of bytes deterministically.

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
        """Takes the next bytes and returns the compressed bytes that are ready, which may be none."""
        return data if self._stream is None else self._stream.compress(data)

    def finish(self) -> bytes:
        """Ends the stream and returns its last bytes."""
        return b"" if self._stream is None else self._stream.flush()


def open_decompressed(objects: Objects, name: str, codec: Codec | None = None) -> Iterator[bytes]:
    """Yields the decompressed bytes of an object in chunks.

    Args:
        objects: where the object is.
        name: its name.
        codec: its codec; None if the suffix of the name tells it.

    Raises:
        ObjectNotFound: there is no such object.
        IntegrityError: as for `decompressed`.
    """
    with objects.open(name) as file:
        yield from decompressed(file, codec or codec_of(name), name=f"{objects.root}/{name}")


class FileWriter:
    """Writes an object, which becomes visible at `publish`.

    Args:
        objects: where the object goes.
        name: its name.
        codec: its codec; None if the suffix of the name tells it.
        in_memory: collect the bytes in memory instead of in a temporary file, for many small objects at once.
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
        """Takes the next bytes. Raises StoreError if there is no room for them."""
        self.size_bytes += len(data)
        self._digest.update(data)
        self._sink.write(self._compressor.compress(data))

    def publish(self) -> None:
        """Makes the object durable and visible.

        It is a success, too, if the object is there already, with the same decompressed bytes.

        Raises:
            ObjectConflict: an object of this name is there, with other bytes.
            StoreError: the object can't be written.
        """
        self._sink.write(self._compressor.finish())
        try:
            if isinstance(self._sink, io.BytesIO):
                self._objects.put_if_absent(self.name, self._sink.getvalue())
            else:
                self._sink.commit()
        except ObjectConflict:
            # Another version of the compressor may write other bytes for the same lines. Only lines count.
            if self._codec == "plain" or self._stored_digest() != self.digest:
                raise

    def _stored_digest(self) -> str:
        digest = hashlib.sha256()
        for chunk in open_decompressed(self._objects, self.name, self._codec):
            digest.update(chunk)
        return digest.hexdigest()

    def close(self) -> None:
        """Drops the object, unless it was published."""
        self._sink.close()
