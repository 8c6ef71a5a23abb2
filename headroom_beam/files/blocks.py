r"""Cuts a stream of bytes into blocks of whole lines, and lines that are too long into pieces.

The crusher takes one block at a time. Where blocks begin and end depends only on the bytes, not on the chunks
in which they arrive. No cut changes the result, because a block holds whole lines.

A byte range of a file owns the lines that *start* in it. So each range can be read by itself, and every line
is read exactly once, however the file is divided.

>>> chunks = chunks_of([b"one\ntw", b"o\nthree"])
>>> [block.data for block in cut_blocks(chunks, block_bytes=4)]
[b'one\n', b'two\n', b'three']
>>> [chunk.data for chunk in owned_lines(chunks_of([b"\ntwo\nthree\n"], offset=3), start=4, stop=9)]
[b'two\nthree\n']
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from headroom_beam.records import BLOCK_BYTES

__all__ = ["PIECE_BYTES", "Block", "Chunk", "LinePiece", "chunks_of", "cut_blocks", "owned_lines"]

PIECE_BYTES = 8 << 20
"""Size of the pieces of a line that is too long to be a record; only the last may be smaller."""


class Chunk(NamedTuple):
    """Bytes as they were read, cut anywhere."""

    offset: int
    """Bytes from the start of the file (decompressed) to the chunk."""
    data: bytes


class Block(NamedTuple):
    """Whole lines; only the last line of a file may lack its line end."""

    offset: int
    """Bytes from the start of the file (decompressed) to the block."""
    data: bytes


class LinePiece(NamedTuple):
    """A piece of a line that is longer than a record may be."""

    offset: int
    """Bytes from the start of the file (decompressed) to the *line*."""
    data: bytes
    line_end: bytes | None
    """None if more pieces of the line follow. Else the line end; empty if the file ends without one."""


def chunks_of(pieces: Iterable[bytes], *, offset: int = 0) -> Iterator[Chunk]:
    """Yields consecutive pieces of a file as chunks, the first of them at the given offset."""
    for data in pieces:
        yield Chunk(offset, data)
        offset += len(data)


def owned_lines(chunks: Iterable[Chunk], *, start: int, stop: int) -> Iterator[Chunk]:
    """Cuts chunks down to the lines that start in the byte range from `start` to `stop`.

    Args:
        chunks: consecutive chunks of the file. The first begins at `start - 1`, because the byte before
            `start` tells whether a line starts there. If `start` is 0, it begins at 0. Chunks are taken only
            until the range is complete.
        start: first byte of the range, from the start of the file.
        stop: first byte after the range.

    Returns:
        Chunks from the first line of the range to the end of its last; nothing if no line starts in it.
    """
    started = start == 0
    for offset, data in chunks:
        begin = 0
        if not started:
            # The line before the range may reach into it. If it reaches beyond, no line starts in the range.
            newline = data.find(b"\n", 0, max(stop - 1 - offset, 0))
            if newline < 0:
                if offset + len(data) >= stop - 1:
                    return
                continue
            started, begin = True, newline + 1
        last_newline = data.find(b"\n", max(stop - 1 - offset, begin))
        end = len(data) if last_newline < 0 else last_newline + 1
        if begin < end:
            yield Chunk(offset + begin, data[begin:end])
        if last_newline >= 0:
            return


def cut_blocks(
    chunks: Iterable[Chunk],
    *,
    block_bytes: int = BLOCK_BYTES,
    max_record_bytes: int | None = None,
    piece_bytes: int = PIECE_BYTES,
) -> Iterator[Block | LinePiece]:
    """Cuts consecutive chunks into blocks of whole lines and pieces of lines that are too long.

    At most one chunk is in memory, and the largest of `max_record_bytes`, `block_bytes` and `piece_bytes`.

    Args:
        chunks: consecutive chunks, from the start of a line.
        block_bytes: a block ends after the last line end within this many bytes. A longer line is a block by
            itself.
        max_record_bytes: a line that is longer than this (without its line end), and than a block, is cut
            into pieces. With None, no line is too long.
        piece_bytes: size of each piece of a line but the last.

    Returns:
        Blocks and pieces with all bytes of the chunks, in order.
    """
    limit = None if max_record_bytes is None else max(max_record_bytes, block_bytes)
    buffer = _Buffer(chunks)
    while buffer.fill_to(block_bytes) or buffer.data:
        end = buffer.data.rfind(b"\n", 0, block_bytes) + 1
        if len(buffer.data) < block_bytes:
            end = len(buffer.data)
        elif not end:
            end = buffer.line_end(block_bytes, limit)
            if limit is not None and _content_end(buffer.data, end) > limit:
                yield from _pieces(buffer, piece_bytes)
                continue
        yield Block(buffer.offset, buffer.take(end))


def _pieces(buffer: "_Buffer", piece_bytes: int) -> Iterator[LinePiece]:
    line = buffer.offset
    while True:
        # Two more bytes show whether the line ends after this piece, so that no piece is ever empty.
        at_end = not buffer.fill_to(piece_bytes + 2)
        end = buffer.data.find(b"\n", 0, piece_bytes + 2) + 1
        if at_end and not end:
            end = len(buffer.data)
        content_end = _content_end(buffer.data, end)
        if end and content_end <= piece_bytes:
            yield LinePiece(line, buffer.take(content_end), buffer.take(end - content_end))
            return
        yield LinePiece(line, buffer.take(piece_bytes), None)


def _content_end(data: bytearray, end: int) -> int:
    """Returns where the content of the first line ends. With its line end, the line ends at `end`."""
    for line_end in (b"\r\n", b"\n"):
        if data.endswith(line_end, 0, end):
            return end - len(line_end)
    return end


class _Buffer:
    """Bytes that were read and not yet taken. They begin at `offset` in the file."""

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        self._chunks = iter(chunks)
        self.data = bytearray()
        self.offset = 0

    def fill(self) -> bool:
        """Reads one more chunk. Returns False at the end."""
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        if not self.data:
            self.offset = chunk.offset
        self.data += chunk.data
        return True

    def fill_to(self, length: int) -> bool:
        """Reads until the buffer holds `length` bytes. Returns False if the input ends before."""
        while len(self.data) < length:
            if not self.fill():
                return False
        return True

    def line_end(self, searched: int, limit: int | None) -> int:
        """Reads to the end of the first line, or beyond `limit`, and returns the length up to there.

        The first `searched` bytes have no newline.
        """
        while (newline := self.data.find(b"\n", searched)) < 0:
            searched = len(self.data)
            # The byte after the limit may be the `\r` of the line end.
            if (limit is not None and searched > limit + 1) or not self.fill():
                return searched
        return newline + 1

    def take(self, length: int) -> bytes:
        with memoryview(self.data) as view:
            taken = bytes(view[:length])
        del self.data[:length]
        self.offset += length
        return taken
