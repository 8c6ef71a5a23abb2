"""Formats one record of a run for people, and as JSON; `record_view.view_record` finds it."""

from collections.abc import Iterator
from typing import Any

from headroom_beam.crush.path_formats import PathFormats
from headroom_beam.crush.trace_formats import TRACE_FORMATS
from headroom_beam.files.find_record import FoundRecord
from headroom_beam.files.record_view import PayloadView, RecordView
from headroom_beam.files.terminal_text import cut_lines, one_line, side_by_side
from headroom_beam.records import Payload

__all__ = ["MOST_LINES", "describe_record", "format_record"]

MOST_LINES = 40
"""Lines of a text that are shown, unless all are asked for."""

# Narrower columns than these would break most lines.
_SIDE_BY_SIDE = 120
_LEAST_WIDTH = 20
_NAME_WIDTH = 100

_FORMATS = PathFormats(TRACE_FORMATS.values())


def describe_record(view: RecordView) -> dict[str, Any]:
    """Describes a record as a JSON object, with whole texts."""
    found = view.found
    return {
        "file": found.source,
        "line": found.line,
        "offset": found.offset,
        "part": found.part,
        "bytes_before": view.bytes_before,
        "bytes_after": view.bytes_after,
        "failure": None if view.failure is None else view.failure._asdict(),
        "payloads": [
            {
                **one.payload._asdict(),
                "recognised_by": _why_recognised(one.payload),
                "place": one.place,
                "before": one.before,
                "after": one.after,
            }
            for one in view.payloads
        ],
    }


def format_record(view: RecordView, *, width: int, full: bool = False) -> str:
    """Formats a record: for each payload what was decided and why, and its text before and after.

    Args:
        view: the record.
        width: columns of the terminal. A wide one has both texts side by side, others one above the other.
        full: show texts whole, and not only their first `MOST_LINES` lines.

    Returns:
        The text, printable in any terminal, in several lines, without a last line end.
    """
    return "\n".join(_lines(view, max(width, _LEAST_WIDTH), None if full else MOST_LINES))


def _lines(view: RecordView, width: int, most: int | None) -> Iterator[str]:
    found = view.found
    yield one_line(_address(found), _NAME_WIDTH)
    before = "?" if view.bytes_before is None else f"{view.bytes_before:,}"
    yield f"  {before} → {view.bytes_after:,} bytes, in {one_line(found.part, _NAME_WIDTH)}"
    if view.failure is not None:
        yield f"  failure {view.failure.kind}: {one_line(view.failure.message, 500)}"
        yield from (f"  its bytes: headroom-beam get {hash_}" for hash_ in view.failure.hashes)
    elif not view.payloads:
        yield "  no payload" if view.found.compacted.strip() else "  a blank line, which is no record"
    for number, one in enumerate(view.payloads, 1):
        yield ""
        yield from _payload_lines(number, one, width, most)


def _address(found: FoundRecord) -> str:
    """Returns how people name the record; a line isn't enough where several records may begin on it."""
    if found.line is None:
        return found.source
    where = f" (at byte {found.offset})" if found.framing == "document" else ""
    return f"{found.source}:{found.line}{where}"


def _payload_lines(number: int, one: PayloadView, width: int, most: int | None) -> Iterator[str]:
    payload = one.payload
    place = one_line(one.place or "", _NAME_WIDTH)
    yield f"{number}. {one_line(payload.tool) or '(no tool name)'}  {place}".rstrip()
    yield f"   path    {one_line(payload.path, _NAME_WIDTH) or '(whole record)'}"
    yield f"   known   {one_line(_why_recognised(payload), 200)}"
    saved = payload.tokens_before - payload.tokens_after
    share = f", {100 * saved / payload.tokens_before:.1f} % saved" if saved else ""
    yield f"   tokens  {payload.tokens_before:,} → {payload.tokens_after:,}{share}"
    yield f"   why     {one_line(payload.explanation, 1000)}"
    if payload.hashes:
        yield f"   store   {' '.join(dict.fromkeys(payload.hashes))}"
    yield from _texts(one, width, most)


def _why_recognised(payload: Payload) -> str:
    return _FORMATS.why_recognised(payload.path, payload.recognised_by)


def _texts(one: PayloadView, width: int, most: int | None) -> Iterator[str]:
    if one.before is None:
        yield (
            "   (left as it was)"
            if one.payload.strategy == "unchanged"
            else "   (shown with the payload before)"
        )
    elif one.before == one.after:
        yield "── left as it was"
        yield from cut_lines(one.before, width, most)
    elif one.after is None or width < _SIDE_BY_SIDE:
        for title, text in (("before", one.before), ("after", one.after)):
            if text is not None:
                yield f"── {title}"
                yield from cut_lines(text, width, most)
    else:
        column = (width - 3) // 2
        left, right = cut_lines(one.before, column, most), cut_lines(one.after, column, most)
        yield from side_by_side(["── before", *left], ["── after", *right], column)
