"""Reads Parquet page headers, which tell how much memory decoding a column will take before it begins.

A footer can lie, and a page of a few hundred bytes can decode to gigabytes. A page header can't understate:
a decoder allocates exactly the uncompressed size that it names.

Source: `PageHeader` in parquet.thrift of the Parquet format, in Thrift's compact protocol.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["PLAIN", "Page", "PageError", "PartialFile", "dictionary_page_bytes", "walk_pages"]

DATA_PAGE, DICTIONARY_PAGE = 0, 2
PLAIN = 0

_MAX_DEPTH = 8


class PageError(ValueError):
    """The bytes aren't pages as packs have them."""


class Page(NamedTuple):
    """The header of one page."""

    is_dictionary: bool
    uncompressed_bytes: int
    compressed_bytes: int
    has_checksum: bool
    value_count: int
    encoding: int


def walk_pages(chunk: memoryview) -> Iterator[Page]:
    """Yields the pages of one column chunk, in order.

    Raises:
        PageError: the pages don't fill the chunk exactly, or a header is malformed.
    """
    chunk = chunk.cast("B")
    position = 0
    try:
        while position < len(chunk):
            header, position = _read_struct(chunk, position, 0)
            page = _page(header)
            position += page.compressed_bytes
            if position > len(chunk):
                raise PageError("a page runs over the end of its column")
            yield page
    except (IndexError, KeyError, TypeError) as error:
        raise PageError("a page header is malformed") from error


def dictionary_page_bytes(head: bytes) -> int:
    """Returns the uncompressed size of a dictionary page, given its first bytes; 0 for another page.

    Raises:
        PageError: the header is malformed.
    """
    try:
        header, _ = _read_struct(memoryview(head), 0, 0)
        kind, size_bytes = header[1], header[2]
    except (IndexError, KeyError) as error:
        raise PageError("a page header is malformed") from error
    if not isinstance(size_bytes, int) or size_bytes < 0:
        raise PageError("a page header is malformed")
    return size_bytes if kind == DICTIONARY_PAGE else 0


def _page(header: dict[int, object]) -> Page:
    kind = header[1]
    if kind not in (DATA_PAGE, DICTIONARY_PAGE):
        raise PageError(f"page type {kind} isn't used in packs")
    # The header of a data page is field 5, that of a dictionary page field 7. Field 4 is the checksum.
    page_header = header[5 if kind == DATA_PAGE else 7]
    if not isinstance(page_header, dict):
        raise PageError("a page header is malformed")
    sizes = (header[2], header[3], page_header[1], page_header[2])
    uncompressed, compressed, count, encoding = (size for size in sizes if isinstance(size, int))
    if min(uncompressed, compressed, count) < 0:
        raise PageError("a page header has a negative size")
    return Page(kind == DICTIONARY_PAGE, uncompressed, compressed, 4 in header, count, encoding)


def _read_struct(data: memoryview, position: int, depth: int) -> tuple[dict[int, object], int]:
    """Reads a struct as a dict from field id to integer or struct. Values of other types become None."""
    if depth > _MAX_DEPTH:
        raise PageError("a page header is nested too deep")
    fields: dict[int, object] = {}
    field = 0
    while True:
        byte = data[position]
        position += 1
        if byte == 0:
            return fields, position
        delta, kind = byte >> 4, byte & 15
        if delta:
            field += delta
        else:
            field, position = _read_zigzag(data, position)
        fields[field], position = _read_value(data, position, kind, depth)


def _read_value(data: memoryview, position: int, kind: int, depth: int) -> tuple[object, int]:
    # Types: 1 and 2 true and false, 3 byte, 4 to 6 integers, 7 double, 8 bytes, 12 struct.
    if kind in (1, 2):
        return kind == 1, position
    if kind == 3:
        return data[position], position + 1
    if kind in (4, 5, 6):
        return _read_zigzag(data, position)
    if kind == 7:
        return None, position + 8
    if kind == 8:
        length, position = _read_varint(data, position)
        if length > len(data) - position:
            raise PageError("a page header is malformed")
        return None, position + length
    if kind == 12:
        return _read_struct(data, position, depth + 1)
    raise PageError(f"a page header has a field of type {kind}, which packs don't have")


def _read_varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7
        if shift > 63:
            raise PageError("a page header has a number over 64 bits")


def _read_zigzag(data: memoryview, position: int) -> tuple[int, int]:
    value, position = _read_varint(data, position)
    return (value >> 1) ^ -(value & 1), position


class PartialFile(io.RawIOBase):
    """A file of which only one part can be read. Parquet's offsets count from the start of the whole file.

    Args:
        data: the part.
        start: its offset in the file.
        size_bytes: size of the whole file.
    """

    def __init__(self, data: bytes, start: int, size_bytes: int) -> None:
        super().__init__()
        self._data, self._start, self._size_bytes, self._position = memoryview(data), start, size_bytes, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._position = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[
            whence
        ] + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        begin = self._position - self._start
        if begin < 0 or size < 0 or begin + size > len(self._data):
            raise PageError("the pack's metadata points outside of its row groups")
        self._position += size
        return bytes(self._data[begin : begin + size])
