r"""Measures payloads: their kind, their tokens, and what crushing would save of them.

Each block of records is crushed once for each set of options. Everything after that works on whole columns.

>>> meter = PayloadMeter(SmartCrusherConfig(), (".result",), budgets=(512,))
>>> measured = meter.measure(b'{"result": [{"id": 1}, {"id": 2}]}\n{"text": "no result"}\n')
>>> measured.record_count, len(measured.tokens), measured.kinds.to_pylist()
(2, 1, ['short'])
"""

import dataclasses
import functools
import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for

__all__ = [
    "KINDS",
    "MeasuredBlock",
    "PayloadMeter",
    "Records",
    "WholeText",
    "crush_any",
    "crush_one",
    "is_payload",
    "payload_texts",
]


class WholeText(NamedTuple):
    """A text by itself, which is one payload."""

    data: bytes


Records: TypeAlias = bytes | _core.CutBlock | WholeText
"""Lines that begin and end at line boundaries, a block of elements of a large text, or a text."""

KINDS = ("array", "document", "lines", "text", "html", "blob", "value", "short")
"""The kinds of payloads.

* `array`, `document` and `lines`: a string that holds a JSON array, a JSON object, or JSON objects one a
  line. With the whole record as the payload, `array` and `document` are records.
* `text`, `html`: other strings that a person can read; `blob`: strings that nobody can, such as base64.
* `value`: a JSON value that isn't a string.
* `short`: a payload of so few tokens that a marker in its place would save nothing.
"""

Integers = npt.NDArray[np.int64]

_STRING_KINDS = {"text": "text", "html": "html", "base64": "blob", "string": "blob", "raw": "text"}

# A string of this many tokens is always longer than its marker. So without one, it can't be a string.
_SHORT_TOKENS = 64

# A text that a probe always stores whole.
_PLANTED = "a planted text " * 20

# In JSON nothing but a comma stands between two objects. Without one, each line holds an object of its own.
_LINES = r"\}[ \t\r]*\n\s*\{"


class MeasuredBlock(NamedTuple):
    """The payloads of a block of records, in document order. Each column has one value for each payload."""

    record_count: int
    """Records of the block, with failures."""
    failures: dict[str, int]
    """Failures by kind."""
    offsets: Integers
    """Bytes from the start of the block to the payload's record."""
    paths: pa.Array
    tools: pa.Array
    kinds: pa.Array
    """One of `KINDS` each."""
    text_keys: npt.NDArray[np.uint64]
    """The first 64 bits of the SHA-256 of the payload's text; 0 if it isn't known, as for a `value`."""
    tokens: Integers
    """Tokens as they were: estimated, or counted with `exact_tokens`."""
    raw_tokens: Integers
    """Tokens of the payload as its file spells it, always estimated."""
    saved_without_loss: Integers
    """Tokens saved while nothing goes to the store."""
    saved: Sequence[Integers]
    """Tokens saved at each budget."""


class PayloadMeter:
    """Measures blocks of records with equal options. Threads may share it.

    Args:
        config: the options of crushing. Its `max_tokens` doesn't count.
        paths: payload paths; none if the whole record is the payload.
        budgets: values of `max_tokens` to try.

    Raises:
        ValueError: a budget or a path is out of its range.
    """

    def __init__(self, config: SmartCrusherConfig, paths: Sequence[str], budgets: Sequence[int]) -> None:
        # The proof changes the result only where the crusher has a defect. An estimate saves its time.
        config = dataclasses.replace(config, verify=False)
        changes: list[dict[str, Any]] = [{"lossless_only": True}, *({"max_tokens": size} for size in budgets)]
        self._options = [options_for(dataclasses.replace(config, **change), paths) for change in changes]
        self._whole_records = not paths
        self._config = config
        self._probe = _probe(config, paths)
        self._raw = None
        if config.exact_tokens:
            estimated = dataclasses.replace(config, exact_tokens=False, lossless_only=True)
            self._raw = options_for(estimated, paths)

    def call_tables(self) -> list[_core.CallTable]:
        """Returns what `measure` takes as `calls`, for a file from its start."""
        return [_core.CallTable() for _ in range(len(self._options) + 2)]

    def measure(
        self,
        block: Records,
        *,
        calls: Sequence[_core.CallTable] | None = None,
        run: Callable[..., Iterable[Any]] = map,
    ) -> MeasuredBlock:
        """Measures the payloads of a block.

        Args:
            block: the records.
            calls: from `call_tables`, the calls of the file so far, which name tools. None if the blocks have
                nothing to do with one another.
            run: `map`, or that of an executor. The native calls run without the GIL.

        Raises:
            InvalidPayload, LimitExceeded: a text isn't UTF-8, or is over a limit of the options.
        """
        # Compacted blocks may be as large as their input, so each call keeps only the columns of interest.
        work: list[Callable[..., Any]] = [self._find_texts, self._raw_tokens, self._crush_first]
        work += [functools.partial(_tokens_after, options) for options in self._options[1:]]
        # The calls run at the same time, so each has a table of its own.
        tables = itertools.repeat(None) if calls is None else calls
        texts, raw_tokens, first, *afters = run(_call, work, itertools.repeat(block), tables)
        tokens = first.tokens
        raw_tokens = tokens if raw_tokens is None else raw_tokens
        kinds, keys = texts.of(first, raw_tokens)
        return MeasuredBlock(
            record_count=first.record_count,
            failures=first.failures,
            offsets=first.offsets,
            paths=first.paths,
            tools=first.tools,
            kinds=kinds,
            text_keys=keys,
            tokens=tokens,
            raw_tokens=raw_tokens,
            saved_without_loss=tokens - first.tokens_after,
            saved=[tokens - after for after in afters],
        )

    def _crush_first(self, block: Records, calls: _core.CallTable | None) -> "_Payloads":
        return _payloads(crush_any(block, self._options[0], calls))

    def _find_texts(self, block: Records, calls: _core.CallTable | None) -> "_Texts":
        if isinstance(block, WholeText):
            # As a string in a record, so that JSON in it doesn't become a table first.
            text = json.dumps({"text": block.data.decode(errors="replace")}).encode()
            crushed = crush_one(text, _probe(self._config, (".text",)))
        else:
            crushed = crush_any(block, self._probe, calls)
        found = crushed.originals()
        if self._whole_records and not isinstance(block, WholeText):
            failures = crushed.failures()
            return _Texts(failures.column("hash"), failures.column("index"), found, whole_records=True)
        return _Texts(_only_hashes(_rows(crushed).field("hashes")), None, found, whole_records=False)

    def _raw_tokens(self, block: Records, calls: _core.CallTable | None) -> Integers | None:
        if self._raw is None:
            return None
        return _column(_rows(crush_any(block, self._raw, calls)), "tokens_before")


def crush_any(
    block: Records, options: _core.Options, calls: _core.CallTable | None = None
) -> _core.CrushedBlock:
    """Crushes a block of records; `calls` is as for `_core.crush_block`."""
    if isinstance(block, _core.CutBlock):
        return _core.crush_elements(block, options, calls)
    if isinstance(block, WholeText):
        return _core.crush_text_file(block.data, options)
    return _core.crush_block(block, options, calls)


def crush_one(
    record: bytes, options: _core.Options, calls: _core.CallTable | None = None
) -> _core.CrushedBlock:
    r"""Crushes one record, which may have line breaks between its tokens.

    Args:
        record: a JSON text, without a byte order mark.
        options: how to crush.
        calls: the calls of earlier records, if the record is a line.

    >>> crush_one(b'{"id":\n1}', options_for(SmartCrusherConfig(), ".id")).record_count
    1
    """
    if calls is not None:
        return _core.crush_block(record, options, calls)
    return _core.crush_records(pa.array([record], pa.large_binary()), options)


def payload_texts(
    record: bytes,
    config: SmartCrusherConfig,
    paths: Sequence[str],
    calls: _core.CallTable | None = None,
) -> list[str | None]:
    r"""Returns the text of each payload of a record, in document order; None for a value or a short text.

    Args:
        record: a JSON text, without a byte order mark.
        config: the options of crushing, for their limits.
        paths: payload paths; at least one.
        calls: as for `crush_one`.

    >>> record = b'{"result": "%s", "id": 1}' % (b"a line of a log\\n" * 40)
    >>> texts = payload_texts(record, SmartCrusherConfig(), [".result", ".id"])
    >>> texts == ["a line of a log\n" * 40, None]
    True
    """
    crushed = crush_one(record, _probe(config, paths), calls)
    rows = crushed.originals()
    found = dict(zip(rows.column("hash").to_pylist(), rows.column("original").to_pylist(), strict=True))
    kinds = dict(zip(rows.column("hash").to_pylist(), rows.column("kind").to_pylist(), strict=True))
    hashes = [name and name[:24] for name in _only_hashes(_rows(crushed).field("hashes")).to_pylist()]
    return [
        found[name].decode() if name in found and kinds[name] in {*_STRING_KINDS, "json"} - {"raw"} else None
        for name in hashes
    ]


def is_payload(
    record: str,
    start: int,
    stop: int,
    config: SmartCrusherConfig,
    paths: Sequence[str],
    calls: _core.CallTable | None = None,
) -> bool:
    """Tells whether the value between two characters of a record is a payload, and not only a part of one.

    A text is put in its place. If that becomes an original, the crusher has found a payload there. `calls`
    are as for `crush_one`.

    >>> record = '{"result": [7]}'
    >>> [is_payload(record, at, at + 1, SmartCrusherConfig(), [".result"]) for at in (11, 12)]
    [False, False]
    >>> is_payload(record, 11, 14, SmartCrusherConfig(), [".result"])
    True
    """
    planted = f'{record[:start]}"{_PLANTED}"{record[stop:]}'
    originals = crush_one(planted.encode(), _probe(config, paths), calls).originals()
    return _PLANTED.encode() in originals.column("original").to_pylist()


def _probe(config: SmartCrusherConfig, paths: Sequence[str]) -> _core.Options:
    """Returns options with which the text of each payload becomes an original, whole.

    Its digest tells texts apart, and its kind says what the text is. A whole record becomes an original when
    it fails, which a limit of two bytes brings about.
    """
    if not paths:
        return options_for(SmartCrusherConfig(max_record_bytes=2), paths)
    whole_texts = SmartCrusherConfig(
        max_record_bytes=config.max_record_bytes,
        max_depth=config.max_depth,
        max_tokens=32,
        min_tokens_to_crush=0,
        # Nothing inside a payload goes to the store by itself, so that the payload does.
        with_compaction=False,
        min_items_to_analyze=1_000_000,
        blob_min_bytes=2**32 - 1,
        excerpt_tokens=0,
        verify=False,
    )
    return options_for(whole_texts, paths)


class _Payloads(NamedTuple):
    record_count: int
    failures: dict[str, int]
    indexes: pa.Array
    offsets: Integers
    paths: pa.Array
    tools: pa.Array
    tokens: Integers
    tokens_after: Integers


def _payloads(crushed: _core.CrushedBlock) -> _Payloads:
    records = crushed.records()
    lists, rows = records.column("payloads"), records.column("payloads").values
    parents = pc.list_parent_indices(lists)
    return _Payloads(
        record_count=crushed.record_count,
        failures=_failures(crushed),
        indexes=records.column("index").take(parents),
        offsets=records.column("offset").take(parents).to_numpy(),
        paths=rows.field("path"),
        tools=rows.field("tool"),
        tokens=_column(rows, "tokens_before"),
        tokens_after=_column(rows, "tokens_after"),
    )


def _failures(crushed: _core.CrushedBlock) -> dict[str, int]:
    if not crushed.failure_count:
        return {}
    counts = pc.value_counts(crushed.failures().column("kind"))
    return {row["values"]: row["counts"] for row in counts.to_pylist()}


def _rows(crushed: _core.CrushedBlock) -> pa.StructArray:
    return crushed.records().column("payloads").values


def _column(rows: pa.StructArray, name: str) -> Integers:
    column: Integers = rows.field(name).to_numpy()
    return column


def _call(work: Callable[..., Any], block: Records, calls: _core.CallTable | None) -> Any:
    return work(block, calls)


def _tokens_after(options: _core.Options, block: Records, calls: _core.CallTable | None) -> Integers:
    return _column(_rows(crush_any(block, options, calls)), "tokens_after")


def _only_hashes(lists: pa.ListArray) -> pa.Array:
    """Returns the hash of each payload that has exactly one, else null."""
    alone = pc.equal(pc.list_value_length(lists), 1)
    starts = pc.if_else(alone, lists.offsets[:-1], pa.scalar(None, pa.int32()))
    return lists.values.take(starts)


class _Texts(NamedTuple):
    """The originals that a probe made of payloads."""

    hashes: pa.Array
    """The hash of each payload, or of each record that is one."""
    indexes: pa.Array | None
    """The record of each hash, when records are the payloads."""
    originals: pa.RecordBatch
    whole_records: bool

    def of(self, payloads: _Payloads, raw_tokens: Integers) -> tuple[pa.Array, npt.NDArray[np.uint64]]:
        """Returns kind and key of each payload."""
        hashes = self.hashes
        if self.indexes is not None:
            hashes = hashes.take(pc.index_in(payloads.indexes, value_set=self.indexes))
        names = self.originals.column("hash")
        places = pc.index_in(pc.utf8_slice_codeunits(hashes, 0, 24), value_set=names)
        text_kinds = self._kinds()
        # Rows of an array in a payload aren't the payload.
        places = pc.if_else(pc.is_null(text_kinds.take(places)), pa.scalar(None, pa.int32()), places)
        unknown = np.where(raw_tokens < _SHORT_TOKENS, "short", "value")
        kinds = pc.coalesce(text_kinds.take(places), pa.array(unknown, pa.string()))
        if self.whole_records:
            kinds = pc.if_else(pa.array(raw_tokens < _SHORT_TOKENS), "short", kinds)
        digests = np.frombuffer(_bytes_of(self.originals.column("digest")), np.uint64)
        first = np.append(digests[::4], np.uint64(0))
        return kinds, first[places.fill_null(len(names)).to_numpy()]

    def _kinds(self) -> pa.Array:
        texts, kinds = self.originals.column("original"), self.originals.column("kind")
        is_array = pc.match_substring_regex(texts, r"^\s*\[")
        if self.whole_records:
            is_document = pc.match_substring_regex(texts, r"^\s*\{")
            return pc.if_else(is_array, "array", pc.if_else(is_document, "document", "value"))
        is_lines = pc.match_substring_regex(texts, _LINES)
        known = pa.array(list(_STRING_KINDS)), pa.array(list(_STRING_KINDS.values()))
        named = known[1].take(pc.index_in(kinds, value_set=known[0]))
        json_kinds = pc.if_else(is_array, "array", pc.if_else(is_lines, "lines", "document"))
        return pc.if_else(pc.equal(kinds, "json"), json_kinds, named)


def _bytes_of(digests: pa.FixedSizeBinaryArray) -> memoryview:
    view = memoryview(digests.buffers()[1] or b"")
    return view[digests.offset * 32 : (digests.offset + len(digests)) * 32]
