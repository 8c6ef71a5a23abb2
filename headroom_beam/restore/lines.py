"""Tells lines from records with line breaks, and lists the markers of lines."""

import io
import itertools

from headroom_beam import _core
from headroom_beam.errors import FormatError, InvalidPayload, LimitExceeded

__all__ = ["is_line", "line_markers", "split_record"]


def is_line(record: bytes) -> bool:
    """Tells whether a record is restored as a line. With line breaks between its tokens it is one text."""
    return b"\n" not in record and b"\r" not in record


def split_record(record: bytes) -> tuple[bytes, bytes, bytes]:
    r"""Cuts a record with line breaks into whitespace, JSON text and whitespace.

    A record without line breaks isn't cut.

    >>> split_record(b'\n"a"\r\n'), split_record(b" 1 ")
    ((b'\n', b'"a"', b'\r\n'), (b'', b' 1 ', b''))
    """
    if is_line(record):
        return b"", record, b""
    start = len(record) - len(record.lstrip(b" \t\r\n"))
    stop = max(len(record.rstrip(b" \t\r\n")), start)
    return record[:start], record[start:stop], record[stop:]


def line_markers(data: bytes) -> list[tuple[int, int, str]]:
    """Returns each marker of a block of lines: offset and length of its line, in bytes, and its hash.

    The markers of a malformed line are left out.
    """
    try:
        batch = _core.markers(data)
    except (FormatError, InvalidPayload, LimitExceeded):
        lines = io.BytesIO(data).readlines()
        if len(lines) <= 1:
            return []
        starts = itertools.accumulate(map(len, lines), initial=0)
        return [
            (start + at, length, hash_)
            for start, line in zip(starts, lines, strict=False)
            for at, length, hash_ in line_markers(line)
        ]
    return list(zip(*(batch.column(name).to_pylist() for name in ("offset", "length", "hash")), strict=True))
