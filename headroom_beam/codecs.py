r"""How input files and compacted parts are compressed: `.jsonl`, `.jsonl.gz` and `.jsonl.zst`.

A compressed file that ends too early, or has anything behind its last member or frame, is an error: common readers
return what they got so far, and a log that lost its tail then looks whole. Files of several members or frames are read
whole. Compression is deterministic (no time stamp, no name), so that writing a part twice gives the same bytes.

>>> import io
>>> compressor = Compressor("gzip")
>>> packed = compressor.compress(b'{"a":1}\n') + compressor.finish()
>>> b"".join(decompressed(io.BytesIO(packed), "gzip", name="a.jsonl.gz"))
b'{"a":1}\n'
"""

import zlib
from collections.abc import Iterator
from typing import IO, Literal

import pyarrow as pa
import zstandard

from headroom_beam.errors import IntegrityError

__all__ = ["SUFFIXES", "Codec", "Compressor", "codec_of", "decompressed"]

Codec = Literal["plain", "gzip", "zstd"]

SUFFIXES: dict[str, Codec] = {".jsonl": "plain", ".jsonl.gz": "gzip", ".jsonl.zst": "zstd"}
"""The file name suffixes that are read and written, each with its codec."""

CHUNK_BYTES = 1 << 20
"""How much is read at once. Decompressed chunks are this large too, so that no file can expand beyond memory."""

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
    raise ValueError(f"{name}: not one of {', '.join(SUFFIXES)}; narrow the input pattern, for example to '*.jsonl'")


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
