"""How a compacted record is read to restore it: as a line or as one text, and which markers lines have."""

import io
import itertools

from headroom_beam import _core
from headroom_beam.errors import FormatError, InvalidPayload, LimitExceeded

__all__ = ["is_line", "line_markers", "split_record"]


def is_line(record: bytes) -> bool:
    """Whether a record is walked as a line; one with line breaks between its tokens is walked as one text."""
    return b"\n" not in record and b"\r" not in record


def split_record(record: bytes) -> tuple[bytes, bytes, bytes]:
    r"""Cuts a record with line breaks into its JSON text and the whitespace around it.

    >>> split_record(b'\n"a"\r\n'), split_record(b" 1 ")
    ((b'\n', b'"a"', b'\r\n'), (b'', b' 1 ', b''))
    """
    if is_line(record):
        return b"", record, b""
    start = len(record) - len(record.lstrip(b" \t\r\n"))
    stop = max(len(record.rstrip(b" \t\r\n")), start)
    return record[:start], record[start:stop], record[stop:]


def line_markers(data: bytes) -> list[tuple[int, int, str]]:
    """Offset and length of the line, and hash, of each marker; lines whose form is wrong have none here."""
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
