"""Crushes one text at a time, without Beam, and keeps its originals in memory or in a store.

>>> import json
>>> crusher = SmartCrusher(with_compaction=False)
>>> result = crusher.crush_array_json(json.dumps([{"id": number, "status": "ok"} for number in range(60)]))
>>> len(json.loads(result["items"])) < 60 and len(json.loads(crusher.ccr_get(result["ccr_hash"])))
60
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import threading
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict

import pyarrow as pa

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.memory import MemoryOriginals
from headroom_beam.errors import FormatError, InvalidPayload, OriginalNotFound

if TYPE_CHECKING:
    from headroom_beam.store.store import OriginalStore

__all__ = [
    "Crushed",
    "CrushedArray",
    "SmartCrusher",
]


class Crushed(NamedTuple):
    """The result of `SmartCrusher.crush`."""

    compressed: str
    """The compacted text, without the quotes and escapes of a JSON string."""
    original: str
    was_modified: bool
    strategy: str
    """The strongest change: `unchanged`, `minified`, `table`, `blob`, `excerpt` or `rows`."""
    explanation: str
    """The strategy. Where rows or lines were left out, also how many each rule kept, and why others went."""
    tokens_before: int
    """Estimated, or counted exactly with the option `exact_tokens`."""
    tokens_after: int


class CrushedArray(TypedDict):
    """The result of `SmartCrusher.crush_array_json`."""

    items: str
    """The kept rows as a JSON array."""
    ccr_hash: str | None
    """Hash of the whole array, for `ccr_get`; None if no rows were dropped."""
    dropped_summary: str
    """The marker with that hash; empty if no rows were dropped."""
    strategy_info: str
    """The strategy. Where rows were dropped, also how many each rule kept, and why others went."""
    compacted: str | None
    """The kept rows as a table, with the marker of the others; None if JSON is shorter."""
    compaction_kind: Literal["table"] | None
    """`"table"` if `compacted` is one, else None."""


class SmartCrusher:
    """Crushes one text at a time and keeps its originals.

    Args:
        config: the options of crushing; None for the defaults.
        with_compaction: overrides this option of `config`, unless it is None.
        lossless_only: overrides this option of `config`, unless it is None.
        store: where originals go. They are durable and verified before a call returns, and other processes
            can look them up. Without a store, originals stay in memory for as long as this object lives.
        max_memory_bytes: bytes of originals to hold in memory at most; None for 256 MiB. A call whose
            originals don't fit raises LimitExceeded and keeps none of them. With a store, it must be None.

    Raises:
        ValueError: `max_memory_bytes` isn't above 0, or was given together with a store.

    Threads may share a crusher. A crusher with a store can be pickled. One without a store can't, because the
    copy's originals would be lost with its process.
    """

    def __init__(
        self,
        config: SmartCrusherConfig | None = None,
        *,
        with_compaction: bool | None = None,
        lossless_only: bool | None = None,
        store: OriginalStore | None = None,
        max_memory_bytes: int | None = None,
    ) -> None:
        config = config or SmartCrusherConfig()
        if with_compaction is not None:
            config = dataclasses.replace(config, with_compaction=with_compaction)
        if lossless_only is not None:
            config = dataclasses.replace(config, lossless_only=lossless_only)
        if store is not None and max_memory_bytes is not None:
            raise ValueError("max_memory_bytes has no effect with a store; leave one of them out")
        self.config = config
        # A text by itself is the payload, whole.
        self._options = options_for(config, "json")
        self._store = store
        self._memory = MemoryOriginals() if max_memory_bytes is None else MemoryOriginals(max_memory_bytes)
        self._put_count = 0
        self._count_lock = threading.Lock()

    def __reduce__(self) -> tuple[object, ...]:
        # A copy on a worker would keep originals in the worker's memory, and lose them when the worker ends.
        if self._store is None:
            raise TypeError("a crusher that keeps originals in memory can't be pickled; give it a store")
        make = functools.partial(SmartCrusher, store=self._store)
        return make, (self.config,)

    def crush(self, text: str, query: str = "", bias: float = 1.0) -> Crushed:
        """Crushes any text: a JSON array, a JSON document, or plain text.

        Args:
            text: the result of a tool.
            query: words that the reader looks for. Rows and lines about them are kept first.
            bias: factor of the budget, above 0 and at most 1000. Above 1 keeps more, below 1 keeps less.

        Returns:
            The text in fewer tokens. If that isn't possible, the text as it was.

        Raises:
            InvalidPayload: the text holds a lone surrogate, which UTF-8 can't encode.
            LimitExceeded: the text is over a limit of the configuration, or its originals don't fit in
                memory.
            StoreError: the originals can't be written to the store.
            ValueError: `bias` is out of its range.

        >>> SmartCrusher().crush("too short to matter").was_modified
        False
        """
        return Crushed(*self._crush(text, "any", query, bias).fields())

    def crush_array_json(self, text: str, query: str = "", bias: float = 1.0) -> CrushedArray:
        """Crushes a JSON array as a list of independent rows, some of which it may drop.

        Args:
            text: a JSON array.
            query: words that the reader looks for. Rows about them are kept first.
            bias: factor of the budget, above 0 and at most 1000. Above 1 keeps more rows, below 1 fewer.

        Returns:
            The kept rows, and the hash and marker that lead to the others.

        Raises:
            InvalidPayload: the text isn't a JSON array. The message has line and column.
            LimitExceeded, StoreError, ValueError: as for `crush`.
        """
        result = self._crush(text, "array", query, bias)
        kept_rows = result.kept_rows
        return {
            "items": text if kept_rows is None else kept_rows,
            "ccr_hash": result.rows_hash,
            "dropped_summary": result.rows_marker,
            "strategy_info": result.explanation,
            "compacted": result.compressed if result.table else None,
            "compaction_kind": "table" if result.table else None,
        }

    def compact_document_json(self, text: str) -> str:
        """Crushes the values in a JSON object, which itself stays JSON.

        Args:
            text: a JSON object.

        Returns:
            The object with its values crushed. If that saves no tokens, the object as it was.

        Raises:
            InvalidPayload: the text isn't a JSON object. The message has line and column.
            LimitExceeded, StoreError: as for `crush`.

        >>> SmartCrusher().compact_document_json('{"short": true}')
        '{"short": true}'
        """
        return self._crush(text, "document", "", 1.0).compressed

    def ccr_get(self, hash: str) -> str | None:  # noqa: A002
        """Returns the original that a marker stands for, or None if it was never stored.

        Args:
            hash: the 24 digits of a hash, as in a marker, or the 64 digits of a digest.

        Raises:
            InvalidHash: the text is neither a hash nor a digest.
            OriginalExpired: the original was stored once, and has expired or was erased.
            AmbiguousHash: several originals have this hash; ask by the digest.
            IntegrityError: the stored bytes are damaged.
            InvalidPayload: the original isn't UTF-8, as a failed record may be. `OriginalStore.get` returns
                its bytes.
        """
        try:
            original = self._get(hash)
        except OriginalNotFound:
            return None
        try:
            return original.decode()
        except UnicodeDecodeError as error:
            raise InvalidPayload(
                f"original {hash} isn't UTF-8 (byte {error.start}); read it as bytes"
            ) from None

    def ccr_len(self) -> int:
        """Returns the number of originals that this crusher has stored.

        In memory, each original counts once. With a store, an original counts once for each call that stored
        it: telling repeats apart would take memory for every original.
        """
        return len(self._memory) if self._store is None else self._put_count

    def restore(self, text: str) -> str:
        """Restores a text that this class has crushed.

        Args:
            text: `Crushed.compressed`, `CrushedArray.compacted`, or the result of `compact_document_json`.

        Returns:
            The text before it was crushed, exactly.

        Raises:
            OriginalNotFound: the original of a marker is neither in this crusher's memory nor in its store.
            FormatError: the text has a marker, header or table that no released version writes.
            OriginalExpired, AmbiguousHash, IntegrityError: as for `ccr_get`.

        >>> crusher, text = SmartCrusher(), "a line of a long log" * 1000
        >>> crusher.restore(crusher.crush(text).compressed) == text
        True
        """
        try:
            block = text.encode()
        except UnicodeEncodeError as error:
            raise _lone_surrogate(error) from None
        hashes = list(dict.fromkeys(_core.markers(block, lines=False).column("hash").to_pylist()))
        originals = pa.record_batch(
            [
                pa.array(hashes, pa.string()),
                pa.array([self._get(name) for name in hashes], pa.large_binary()),
            ],
            names=["hash", "original"],
        )
        restored = _core.restore_block(block, originals, lines=False)
        for problem in restored.unresolved().to_pylist():
            kind = OriginalNotFound if problem["kind"] == "missing" else FormatError
            raise kind(problem["message"])
        return restored.restored.decode()

    def _crush(
        self, text: str, kind: Literal["array", "document", "any"], query: str, bias: float
    ) -> _core.CrushedText:
        try:
            result = _core.crush_text(text, self._options, kind=kind, query=query, bias=bias)
        except UnicodeEncodeError as error:
            raise _lone_surrogate(error) from None
        if result.original_count:
            self._put(result)
        return result

    def _put(self, result: _core.CrushedText) -> None:
        if self._store is None:
            self._memory.put_many(result.original_rows())
        else:
            self._store.put_many(result.originals(), run_date=dt.datetime.now(dt.timezone.utc).date())
            with self._count_lock:
                self._put_count += result.original_count

    def _get(self, hash: str) -> bytes:  # noqa: A002
        # With a store, only the store is asked: it knows other originals with this hash, and erasures.
        return self._memory.get(hash) if self._store is None else self._store.get(hash)


def _lone_surrogate(error: UnicodeEncodeError) -> InvalidPayload:
    return InvalidPayload(f"lone surrogate at character {error.start + 1}")
