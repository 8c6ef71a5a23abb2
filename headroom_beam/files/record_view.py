"""Shows what crushing did to one record of a run: its payloads before and after, and why.

The record is restored from the store, and crushed again with the options in the run's plan. That gives the
reasons, and must give the compacted record that the run has stored.
"""

import codecs
import dataclasses
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.json_nodes import read_nodes
from headroom_beam.crush.measure import crush_one, is_payload, payload_texts
from headroom_beam.crush.payload_changes import payload_changes
from headroom_beam.errors import IntegrityError, StoreError
from headroom_beam.files.earlier_calls import earlier_calls
from headroom_beam.files.find_record import FoundRecord, RecordPlace, find_record, piece_hashes
from headroom_beam.files.plan import RecordedRun, library_version, recorded_run
from headroom_beam.records import Compacted, Payload, compacted_rows
from headroom_beam.restore.text import restore_record, restore_text
from headroom_beam.store.store import OriginalStore

__all__ = ["PayloadView", "RecordFailure", "RecordView", "view_record"]

_WHITESPACE = " \t\r\n"
_NO_ENVELOPE = (b"", b"")

# The most that the option may be.
_MAX_RECORD_BYTES = 256 << 20


class RecordFailure(NamedTuple):
    """Why something is no record that could be crushed."""

    kind: str
    message: str
    hashes: Sequence[str]
    """Hashes of its pieces, in order; mostly one."""


class PayloadView(NamedTuple):
    """One payload, before and after."""

    payload: Payload
    """What was decided, and why."""
    place: str | None
    """The way to it from the root of the record, such as `.messages[3].content`. In an element of a long text
    it begins with `[*]` or a key for each value that was opened. None if it isn't known, as for an unchanged
    payload."""
    before: str | None
    """A string stands here decoded, any other value as its record spells it. None for an unchanged value that
    isn't a string, and for short texts that are unchanged."""
    after: str | None
    """None as for `before`."""


class RecordView(NamedTuple):
    """One record of a run, with what crushing did to it."""

    found: FoundRecord
    bytes_before: int | None
    """None for a record that was stored in pieces."""
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
    found = find_record(output, run, place, store)
    if hashes := piece_hashes(found.compacted):
        return RecordView(found, None, len(found.compacted), _why_in_pieces(found, hashes, run, store), ())
    if found.framing == "text":
        return _text_view(found, run, store)
    record = restore_record(found.compacted, store, padded=found.padded)
    failure, payloads = None, list[PayloadView]()
    if record.strip():
        calls = earlier_calls(output, found) if run.paths else None
        again = _crush_again(found, record.removeprefix(codecs.BOM_UTF8), run, calls)
        failure, payloads = again.failure, list(_payload_views(again))
    return RecordView(found, len(record), len(found.compacted), failure, payloads)


def _why_in_pieces(
    found: FoundRecord, hashes: Sequence[str], run: RecordedRun, store: OriginalStore
) -> RecordFailure:
    if found.is_rest:
        return RecordFailure("invalid_json", "the file is no JSON from here on, so it is kept", hashes)
    if found.framing == "document" and store.get(hashes[0])[:1] in (b"[", b"{"):
        return RecordFailure("too_deep", "too many values are nested, each too long to be a record", hashes)
    what = "line" if found.framing == "lines" else "value"
    limit = run.config.max_record_bytes
    return RecordFailure("too_large", f"the {what} is longer than max_record_bytes ({limit})", hashes)


def _text_view(found: FoundRecord, run: RecordedRun, store: OriginalStore) -> RecordView:
    """The view of a file that is the text of one result."""
    after = found.compacted.decode()
    before = restore_text(after, store)
    crushed = _core.crush_text_file(before.encode(), options_for(run.config, run.paths))
    if crushed.lines() != found.compacted:
        raise _not_the_same(found, run)
    payloads = [
        PayloadView(payload, "", before, after)
        for row in compacted_rows(crushed.records())
        for payload in row.payloads
    ]
    return RecordView(found, len(before.encode()), len(found.compacted), None, payloads)


class _CrushedAgain(NamedTuple):
    """A record that was crushed again, within the brackets and keys around it."""

    record: bytes
    row: Compacted | None
    """None for a failure, and where nothing is crushed."""
    failure: RecordFailure | None
    config: SmartCrusherConfig
    paths: tuple[str, ...]
    envelope: tuple[bytes, bytes]
    calls: _core.CallTable | None
    """Those of earlier lines."""


def _crush_again(
    found: FoundRecord, record: bytes, run: RecordedRun, calls: _core.CallTable | None
) -> _CrushedAgain:
    stored = found.compacted.removeprefix(codecs.BOM_UTF8)
    paths, (before, after) = _manner(found, record, run)
    limit = run.config.max_record_bytes + len(before) + len(after)
    config = dataclasses.replace(run.config, max_record_bytes=min(limit, _MAX_RECORD_BYTES))
    text = before + record + after
    crushed = crush_one(text, options_for(config, paths), calls)
    again = _CrushedAgain(text, None, None, config, paths, (before, after), calls)
    if crushed.failure_count:
        again = again._replace(failure=_failure(crushed, record, run))
        digest = hashlib.sha256(record).digest()
        compacted = f'"{_core.raw_marker(digest, len(record), config.hash_digits)}"'.encode()
    else:
        (row,) = compacted_rows(crushed.records())
        again = again._replace(row=row)
        compacted = row.record[len(before) : len(row.record) - len(after)]
    if _is_same(compacted, stored, padded=found.padded):
        return again
    if _is_same(record, stored, padded=found.padded):
        # A result of a tool that looks originals up stays as it was. The call that says so may stand in an
        # earlier element, which isn't read here.
        return again._replace(row=None, failure=None)
    if run.max_file_tokens:
        raise StoreError(
            f"{found.part}: a record of {found.source} gave way to the budget of its file (max_file_tokens), "
            "which the record alone can't explain; crush with --explain instead"
        )
    if again.row is not None and found.framing == "document" and run.library_version == library_version():
        raise StoreError(
            f"{found.part}: crushed alone, this element of {found.source} becomes another one; calls "
            "before it may say which of its results were looked up and stay; crush with --explain instead"
        )
    raise _not_the_same(found, run)


def _manner(
    found: FoundRecord, record: bytes, run: RecordedRun
) -> tuple[tuple[str, ...], tuple[bytes, bytes]]:
    """Returns the paths and the envelope with which a record was crushed."""
    if not run.paths or found.envelope == _NO_ENVELOPE:
        return run.paths, _NO_ENVELOPE
    before, after = found.envelope
    around = _paths_found(before + b"null" + after, run)
    # A path may select a value around the record, which is too long to be one payload. Then the record is
    # one, unless another path leads into it.
    if around and _paths_found(before + record + after, run) <= around:
        return (), _NO_ENVELOPE
    return run.paths, found.envelope


def _paths_found(text: bytes, run: RecordedRun) -> set[str]:
    config = dataclasses.replace(run.config, lossless_only=True, max_record_bytes=_MAX_RECORD_BYTES)
    rows = compacted_rows(crush_one(text, options_for(config, run.paths)).records())
    return {payload.path for row in rows for payload in row.payloads}


def _failure(crushed: _core.CrushedBlock, record: bytes, run: RecordedRun) -> RecordFailure:
    # The place in a message is the record's own.
    alone = crush_one(record, options_for(run.config, run.paths))
    (row,) = (alone if alone.failure_count else crushed).failures().to_pylist()
    digest = hashlib.sha256(record).hexdigest()
    return RecordFailure(row["kind"], row["message"], [digest[: run.config.hash_digits]])


def _is_same(compacted: bytes, stored: bytes, *, padded: bool) -> bool:
    return compacted == stored or (padded and compacted.rstrip(b" \t") == stored.rstrip(b" \t"))


def _not_the_same(found: FoundRecord, run: RecordedRun) -> IntegrityError:
    where = "" if found.line is None else f" on line {found.line}"
    return IntegrityError(
        f"{found.part}: crushing the record{where} of {found.source} again gives another record; either the "
        f"part is damaged, or another version than {run.library_version} is installed"
    )


def _payload_views(again: _CrushedAgain) -> Iterator[PayloadView]:
    if again.row is None:
        return
    record, row, config, paths = again.record, again.row, again.config, again.paths
    estimated = dataclasses.replace(config, exact_tokens=False, lossless_only=True)
    (lossless,) = compacted_rows(crush_one(record, options_for(estimated, paths), again.calls).records())
    tokens = [payload.tokens_before for payload in lossless.payloads]
    before, after = record.decode(), row.record.decode()
    texts = payload_texts(record, config, paths, again.calls) if paths else [before.strip(_WHITESPACE)]
    changed = [payload.strategy != "unchanged" for payload in row.payloads]
    changes = iter(
        payload_changes(
            before,
            after,
            [count for count, is_new in zip(tokens, changed, strict=True) if is_new],
            # Without paths the record is the payload, and a text in its place is one, too.
            lambda start, stop: (
                is_payload(before, start, stop, config, paths, again.calls)
                if paths
                else stop - start == len(before.strip(_WHITESPACE))
            ),
        )
    )
    inside, around = _places(again.envelope)
    for payload, text, is_new in zip(row.payloads, texts, changed, strict=True):
        change = next(changes) if is_new else None
        if change is not None:
            place = around + change.place.removeprefix(inside)
            yield PayloadView(payload, place, change.before, change.after)
        elif is_new:
            yield PayloadView(payload, None, text, None)
        else:
            yield PayloadView(payload, None if paths else "", text, text)


def _places(envelope: tuple[bytes, bytes]) -> tuple[str, str]:
    """Returns the place of an element in its envelope, and in its file, where its position isn't known."""
    node = read_nodes((envelope[0] + b"null" + envelope[1]).decode())
    while node.children:
        (node,) = node.children
    place = node.place()
    return place, re.sub(r"\[0\](?=$|[.\[])", "[*]", place)
