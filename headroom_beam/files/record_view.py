"""Shows what crushing did to one record of a run: its payloads before and after, and why.

The record is restored from the store, and crushed again with the options in the run's plan. That gives the
reasons, and must give the compacted record that the run has stored.
"""

import codecs
import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from headroom_beam import _core
from headroom_beam.crush.config import options_for
from headroom_beam.crush.measure import is_payload, payload_texts
from headroom_beam.crush.payload_changes import payload_changes
from headroom_beam.errors import IntegrityError, StoreError
from headroom_beam.files.find_record import FoundLine, RecordPlace, find_line, piece_hashes
from headroom_beam.files.plan import RecordedRun, recorded_run
from headroom_beam.records import Compacted, Payload, compacted_rows
from headroom_beam.restore.text import restore_record
from headroom_beam.store.store import OriginalStore

__all__ = ["PayloadView", "RecordFailure", "RecordView", "view_record"]


class RecordFailure(NamedTuple):
    """Why a line is no record that could be crushed."""

    kind: str
    message: str
    hashes: Sequence[str]
    """Hashes of its pieces, in order; mostly one."""


class PayloadView(NamedTuple):
    """One payload, before and after."""

    payload: Payload
    """What was decided, and why."""
    place: str | None
    """The way to it from the root of the record, such as `.messages[3].content`. None if it isn't known, as
    for an unchanged payload."""
    before: str | None
    """A string stands here decoded, any other value as its record spells it. None for an unchanged value that
    isn't a string, and for short texts that are unchanged."""
    after: str | None
    """None as for `before`."""


class RecordView(NamedTuple):
    """One line of a run, with what crushing did to it."""

    line: FoundLine
    bytes_before: int | None
    """None for a line that was stored in pieces."""
    bytes_after: int
    failure: RecordFailure | None
    payloads: Sequence[PayloadView]
    """Empty for a blank line, for a failure and for a record without payloads."""


def view_record(output: str, place: RecordPlace, *, originals: str | None = None) -> RecordView:
    """Finds a record of a complete run, restores it, and crushes it again to explain it.

    Args:
        output: root of the run's compacted files.
        place: which record, from `headroom_beam.files.find_record.parse_place`.
        originals: root of the store; None for the one that the run's plan names.

    Raises:
        StoreError: the run is incomplete, there is no store, or something can't be read. Or the record
            gave way to the budget of its file, which only the whole file explains.
        OriginalNotFound: no marker of the run has the hash, or the store doesn't have an original.
        OriginalExpired, AmbiguousHash: an original of the record can't be given out.
        IntegrityError: stored bytes are damaged, or crushing the record again gives another one.
        FormatError: the plan, the manifest or the record is malformed, or of an unknown version.
        ValueError: the run has no such file, or the file no such line.
    """
    run = recorded_run(output)
    store = OriginalStore.open(run.originals if originals is None else originals, create=False)
    line = find_line(output, run, place, store)
    if hashes := piece_hashes(line.compacted):
        message = f"the line is longer than max_record_bytes ({run.config.max_record_bytes})"
        failure = RecordFailure("too_large", message, hashes)
        return RecordView(line, None, len(line.compacted), failure, ())
    record = restore_record(line.compacted, store)
    crushed = _core.crush_block(record, options_for(run.config, run.paths))
    if crushed.lines() != line.compacted == record:
        # A result of a tool that looks originals up stays as it was. The call that says so may stand in an
        # earlier line, which isn't read here.
        crushed = _core.crush_block(b"", options_for(run.config, run.paths))
    elif crushed.lines() != line.compacted and run.max_file_tokens:
        raise StoreError(
            f"{line.part}: line {line.line} of {line.source} gave way to the budget of its file "
            "(max_file_tokens), which the line alone can't explain; crush with --explain instead"
        )
    elif crushed.lines() != line.compacted:
        raise IntegrityError(
            f"{line.part}: crushing line {line.line} of {line.source} again gives another record; either the "
            f"part is damaged, or another version than {run.library_version} is installed"
        )
    failures = [
        RecordFailure(row["kind"], row["message"], [row["hash"]]) for row in crushed.failures().to_pylist()
    ]
    rows = compacted_rows(crushed.records())
    payloads = list(_payload_views(record, rows[0], run)) if rows else []
    return RecordView(line, len(record), len(line.compacted), next(iter(failures), None), payloads)


def _payload_views(record: bytes, row: Compacted, run: RecordedRun) -> Iterator[PayloadView]:
    estimated = dataclasses.replace(run.config, exact_tokens=False, lossless_only=True)
    (again,) = compacted_rows(_core.crush_block(record, options_for(estimated, run.paths)).records())
    tokens = [payload.tokens_before for payload in again.payloads]
    before, after = (text.removeprefix(codecs.BOM_UTF8).decode() for text in (record, row.record))
    texts = payload_texts(record, run.config, run.paths) if run.paths else [before.strip(" \t\r")]
    changed = [payload.strategy != "unchanged" for payload in row.payloads]
    changes = iter(
        payload_changes(
            before,
            after,
            [count for count, is_new in zip(tokens, changed, strict=True) if is_new],
            # Without paths the record is the payload, and a text in its place is one, too.
            lambda start, stop: (
                is_payload(before, start, stop, run.config, run.paths)
                if run.paths
                else stop - start == len(before.strip(" \t\r"))
            ),
        )
    )
    for payload, text, is_new in zip(row.payloads, texts, changed, strict=True):
        change = next(changes) if is_new else None
        if change is not None:
            yield PayloadView(payload, change.place, change.before, change.after)
        elif is_new:
            yield PayloadView(payload, None, text, None)
        else:
            yield PayloadView(payload, None if run.paths else "", text, text)
