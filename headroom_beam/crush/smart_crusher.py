"""Crushing without Beam: one text at a time, with its originals in memory or in a store.

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
    """What `SmartCrusher.crush` gives."""

    compressed: str
    """Bare text, as it would stand inside a JSON string."""
    original: str
    was_modified: bool
    strategy: str
    """The strongest thing that was done: `unchanged`, `minified`, `table`, `blob`, `excerpt` or `rows`."""
    explanation: str
    """The strategy and, where rows were dropped, how many were kept and by which rules."""
    tokens_before: int
    tokens_after: int


class CrushedArray(TypedDict):
    """What `SmartCrusher.crush_array_json` gives."""

    items: str
    """The kept rows as a JSON array."""
    ccr_hash: str | None
    """Hash of the whole array when rows were dropped, for `ccr_get`."""
    dropped_summary: str
    """The marker that stands for the dropped rows; empty when none were."""
    strategy_info: str
    """The strategy and, where rows were dropped, how many were kept and by which rules."""
    compacted: str | None
    """The kept rows as a table, its marker included, where a table is the shorter."""
    compaction_kind: Literal["table"] | None


class SmartCrusher:
    """Crushes one text at a time and keeps its originals.

    Args:
        config: what to keep and how far to go.
        with_compaction: overrides the configuration's, unless it is None.
        lossless_only: overrides the configuration's, unless it is None.
        store: where originals go, durably and verified, before a call returns; other processes find them
            there, and nothing accumulates here. Without one they are kept in memory for the life of this
            object.
        max_memory_bytes: originals to hold in memory at most (256 MiB unless given). A call whose originals
            don't fit raises LimitExceeded and keeps nothing, so that no marker without its original is ever
            returned. Can't be given together with a store, where it would have no effect.

    Any number of threads may share a crusher. One with a store can be pickled; one without can't, because its
    originals would be lost with the process that unpickles it.
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
        self._options = options_for(config)
        self._store = store
        self._memory = MemoryOriginals() if max_memory_bytes is None else MemoryOriginals(max_memory_bytes)
        self._put_count = 0
        self._count_lock = threading.Lock()

    def __reduce__(self) -> tuple[object, ...]:
        # A copy on a worker would keep its originals in that worker's memory, where they end with it.
        if self._store is None:
            raise TypeError("a crusher that keeps originals in memory can't be pickled; give it a store")
        make = functools.partial(SmartCrusher, store=self._store)
        return make, (self.config,)

    def crush(self, text: str, query: str = "", bias: float = 1.0) -> Crushed:
        """Crushes any text: a JSON array, a JSON document, or plain text.

        Args:
            text: what a tool gave back.
            query: words that the reader is after; rows and lines about them are kept first.
            bias: above 1 keeps more rows, below 1 fewer.

        Returns:
            The text in fewer tokens, or as it was where that isn't possible.

        Raises:
            InvalidPayload: the text holds a lone surrogate, which no UTF-8 can spell.
            LimitExceeded: the text is over a limit of the configuration, or its originals don't fit in
                memory.
            StoreError: the store couldn't take the originals.

        >>> SmartCrusher().crush("too short to matter").was_modified
        False
        """
        return Crushed(*self._crush(text, "any", query, bias).fields())

    def crush_array_json(self, text: str, query: str = "", bias: float = 1.0) -> CrushedArray:
        """Crushes a JSON array as a list of independent rows, some of which it may drop.

        Args:
            text: a JSON array.
            query: words that the reader is after; rows about them are kept first.
            bias: above 1 keeps more rows, below 1 fewer.

        Raises:
            InvalidPayload: the text isn't a JSON array; the message has line and column.
            LimitExceeded: as for `crush`.
            StoreError: the store couldn't take the originals.
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
        """Crushes what is inside a JSON object and leaves its outer shape as it is.

        Raises:
            InvalidPayload: the text isn't a JSON object; the message has line and column.
            LimitExceeded: as for `crush`.
            StoreError: the store couldn't take the originals.

        >>> SmartCrusher().compact_document_json('{"short": true}')
        '{"short": true}'
        """
        return self._crush(text, "document", "", 1.0).compressed

    def ccr_get(self, hash: str) -> str | None:  # noqa: A002
        """Gives the text that a marker stands for, or None when it was never stored.

        Args:
            hash: 24 digits as in a marker, or the full digest of 64.

        Raises:
            InvalidHash: it is neither.
            OriginalExpired: it was stored once, and is expired or erased.
            AmbiguousHash: several originals have this hash; ask by the digest.
            IntegrityError: the stored bytes are damaged.
            InvalidPayload: the bytes aren't UTF-8, as those of a failed record may be; `OriginalStore.get`
                gives them.
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
        """Gives the number of originals that this crusher has put away.

        In memory each counts once. With a store it is the sum over all calls, where an original of two calls
        counts
        twice: telling them apart would take memory for each original ever put there.
        """
        return len(self._memory) if self._store is None else self._put_count

    def restore(self, text: str) -> str:
        """Puts the originals back into what `crush`, `compact_document_json` or a table's `compacted` gave.

        Returns:
            The text that was crushed, exactly.

        Raises:
            OriginalNotFound: a marker's original was never stored where this crusher looks.
            FormatError: a marker, head or table that no released version writes.
            OriginalExpired, AmbiguousHash, IntegrityError: as for `ccr_get`.
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
        # A store's word alone counts: it may know a second original with this hash, or that this one was
        # erased.
        return self._memory.get(hash) if self._store is None else self._store.get(hash)


def _lone_surrogate(error: UnicodeEncodeError) -> InvalidPayload:
    return InvalidPayload(f"lone surrogate at character {error.start + 1}")
