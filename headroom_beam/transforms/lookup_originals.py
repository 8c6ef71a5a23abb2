"""`LookupOriginals` and `RestoreRecords`: from hashes to originals, and from compacted records to what they were."""

import bisect
import codecs
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import apache_beam as beam
import pyarrow as pa
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms import combiners
from apache_beam.transforms.window import GlobalWindows
from apache_beam.typehints.decorators import no_annotations

from headroom_beam import _core
from headroom_beam.errors import FormatError, InvalidPayload, LimitExceeded
from headroom_beam.files.blocks import BLOCK_BYTES
from headroom_beam.files.restore_file import is_line, line_markers, split_record
from headroom_beam.objects.open import open_objects
from headroom_beam.records import Compacted, Original, register_schemas
from headroom_beam.store.lookup import Lookup, lookup_many
from headroom_beam.store.store import OriginalStore
from headroom_beam.transforms.envelope import (
    METRICS_NAMESPACE,
    Bare,
    Envelope,
    Place,
    SharedStore,
    close_envelope,
    open_envelope,
    row_type,
    typed,
)
from headroom_beam.transforms.lookup_join import Missing, hash_of, is_hash, join, join_is_faster, points

__all__ = ["LookupOriginals", "LookupResult", "RestoreRecords", "RestoreResult", "UnresolvedRecord", "restore_batch"]

Strategy: TypeAlias = Literal["auto", "point", "join"]


class LookupResult(NamedTuple):
    """What looking up gives; every element of the input is in one of the two, `(key, row)` for `(key, hash)`."""

    found: beam.PCollection
    """`Original` rows, their bytes verified, `hash` as it was asked."""
    missing: beam.PCollection
    """`Missing` rows."""


class _Route(beam.DoFn):
    """Sends hashes to the way that is expected to be faster for their number; what isn't a hash goes to the points."""

    def __init__(self, store: SharedStore, strategy: Strategy) -> None:
        self._store = store
        self._strategy = strategy

    def start_bundle(self) -> None:
        store = self._store.open()
        self._size, self._request_s = store.size(), store.objects.request_s

    def process(self, element: Any, count: int) -> Iterator[Any]:
        faster = self._strategy == "join" or join_is_faster(count, self._size, request_s=self._request_s)
        joins = faster and is_hash(hash_of(element))
        Metrics.counter(METRICS_NAMESPACE, "lookups_join" if joins else "lookups_point").inc()
        yield TaggedOutput("join", element) if joins else element


class LookupOriginals(beam.PTransform):
    """Looks originals up by the hashes in markers.

    The input is a PCollection of hashes, or of `(key, hash)`, where the key says what the original is for. A hash has
    24 digits as in a marker, or is a whole digest of 64. Every element of the input is answered; `.missing` says why an
    original can't be had, `damaged` and `invalid` hashes among the reasons. A store that can't be read fails the
    bundle.

    Ways (`strategy`):
        point: for each batch of hashes the row groups (128 rows at most) that it touches are read and decoded. Works on
            unbounded input and in any window.
        join: reads the digest column of every pack and then, once, each pack that has any of the hashes. Shuffles
            hashes and digests, and no originals. For bounded input in the global window.
        auto: `point` for unbounded or windowed input. Else it counts the hashes and takes what `join_is_faster` expects
            from their number and the size of the store.

    On a local store of 60,000 originals in 10 packs (200 MB, 15 MB packed, 470 row groups) points took 0.8 ms of one
    core a hash, a join 0.5 s and 0.12 ms a hash, counting 0.3 s: equal at 1000 hashes, 5 to 1 for the join at 10,000.

    Args:
        root: root of the store, a local directory or `gs://bucket/prefix`; there must be one.
        strategy: as above.

    Raises:
        ValueError: an unknown strategy or root, or a join of unbounded or windowed input.

    >>> import tempfile
    >>> root = tempfile.mkdtemp()
    >>> _ = OriginalStore.open(root)
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     looked_up = pipeline | beam.Create([("session-1", "0" * 24)]) | LookupOriginals(root)
    ...     _ = looked_up.missing | beam.MapTuple(lambda key, row: print(key, row.reason))
    session-1 missing
    """

    def __init__(self, root: str, *, strategy: Strategy = "auto") -> None:
        super().__init__()
        if strategy not in get_args(Strategy):
            raise ValueError(f"strategy is {strategy!r}; it is one of {', '.join(get_args(Strategy))}")
        open_objects(root)
        self._root = root
        self._strategy = strategy

    @no_annotations
    def expand(self, hashes: beam.PCollection) -> LookupResult:
        """Looks the hashes up."""
        store = SharedStore(self._root, create=False)
        joinable = hashes.is_bounded and isinstance(hashes.windowing.windowfn, GlobalWindows)
        if self._strategy == "join" and not joinable:
            raise ValueError("strategy 'join' needs bounded input in the global window; use 'point'")
        if self._strategy == "point" or not joinable:
            return self._result(hashes, [points(hashes, store)])
        count = hashes | "Count" >> combiners.Count.Globally()
        routed = hashes | "Route" >> beam.ParDo(
            _Route(store, self._strategy), count=beam.pvalue.AsSingleton(count)
        ).with_outputs("join", main="point")
        routed.point.element_type = routed["join"].element_type = hashes.element_type
        return self._result(hashes, [points(routed.point, store), join(routed["join"], store)])

    def _result(self, hashes: beam.PCollection, ways: Sequence[Any]) -> LookupResult:
        results = []
        for tag, row in (("found", Original), ("missing", Missing)):
            parts = [typed(way[tag], row_type(hashes.element_type, row)) for way in ways]
            results.append(parts[0] if len(parts) == 1 else parts | f"Both_{tag}" >> beam.Flatten())
        return LookupResult(*results)

    def display_data(self) -> dict[str, Any]:
        """Names what the runner's page shows."""
        return {"root": self._root, "strategy": self._strategy}


class UnresolvedRecord(NamedTuple):
    """A compacted record that can't be restored, kept whole with its reasons."""

    record: bytes
    source: str
    offset: int
    """As in the `Compacted` row that it came in; else 0."""
    hashes: Sequence[str]
    """Hashes without an original; empty when the record itself is at fault."""
    reasons: Sequence[str]
    """One for each hash, as `Missing.reason`; `format` alone when the record is at fault."""


register_schemas(UnresolvedRecord)


class Problems(NamedTuple):
    """Why a record can't be restored; fields as in `UnresolvedRecord`."""

    hashes: Sequence[str]
    reasons: Sequence[str]


def restore_batch(records: Sequence[bytes], store: OriginalStore) -> list[bytes | Problems]:
    """Restores compacted records together, so that each row group of a pack is read once for all of them.

    Args:
        records: compacted JSON texts in UTF-8. Their originals are in memory at the same time.
        store: where the originals are.

    Returns:
        For each record the original bytes, or why they can't be had.

    Raises:
        StoreError: the store can't be read.

    >>> import tempfile
    >>> restore_batch([b'{"id": 1}', b'"<<ccr:new>>"'], OriginalStore.open(tempfile.mkdtemp()))
    [b'{"id": 1}', Problems(hashes=(), reasons=('format',))]
    """
    framed = [split_record(record) for record in records]
    runs = [(run, _hashes(run)) for run in _runs(content for _, content, _ in framed)]
    lookup = lookup_many(store, {hash_ for _, wanted in runs for hashes in wanted for hash_ in hashes})
    found = next(iter(lookup.found.select(["hash", "original"]).combine_chunks().to_batches()), _NO_ORIGINALS)
    originals = _Originals(found, {hash_: at for at, hash_ in enumerate(found.column("hash").to_pylist())}, lookup)
    restored = (one for run, wanted in runs for one in _restore_run(run, wanted, originals))
    return [
        before + one + after if isinstance(one, bytes) else one
        for (before, _, after), one in zip(framed, restored, strict=True)
    ]


# Most blocks need no original; taking none from those of the others would copy them.
_NO_ORIGINALS = pa.RecordBatch.from_pylist(
    [], schema=pa.schema([("hash", pa.string()), ("original", pa.large_binary())])
)


class _Originals(NamedTuple):
    """What was found for a batch of records, and where it stands."""

    found: pa.RecordBatch
    position: dict[str, int]
    lookup: Lookup

    def take(self, wanted: Iterable[Iterable[str]]) -> pa.RecordBatch:
        places = sorted({self.position[hash_] for hashes in wanted for hash_ in hashes if hash_ in self.position})
        return self.found.take(pa.array(places, pa.int64())) if places else _NO_ORIGINALS

    def missing(self, hashes: Iterable[str]) -> list[str]:
        return sorted({hash_ for hash_ in hashes if hash_ not in self.position})


def _runs(records: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cuts records into runs that are restored in one call: a call costs as much as a hundred small records."""
    run: list[bytes] = []
    size_bytes, alone = 0, False
    for record in records:
        # A byte order mark is one at the start of a block only.
        joins = is_line(record) and not record.startswith(codecs.BOM_UTF8)
        if run and (alone or not joins or size_bytes + len(record) > BLOCK_BYTES):
            yield run
            run, size_bytes = [], 0
        run.append(record)
        size_bytes, alone = size_bytes + len(record), not joins
    if run:
        yield run


def _hashes(run: Sequence[bytes]) -> list[list[str]]:
    """The hashes that restoring each record of a run needs; none where the record itself is at fault."""
    if not is_line(run[0]):
        try:
            return [_core.markers(run[0], lines=False).column("hash").to_pylist()]
        except (FormatError, InvalidPayload, LimitExceeded):
            return [[]]
    hashes: list[list[str]] = [[] for _ in run]
    starts = _starts(run)
    for offset, _, hash_ in line_markers(b"\n".join(run)):
        hashes[bisect.bisect_right(starts, offset) - 1].append(hash_)
    return hashes


def _starts(run: Sequence[bytes]) -> list[int]:
    """Where each record of a run starts in the block that it is joined to."""
    return list(itertools.accumulate((len(record) + 1 for record in run[:-1]), initial=0))


def _restore_run(
    run: Sequence[bytes], wanted: Sequence[Sequence[str]], originals: _Originals
) -> list[bytes | Problems]:
    restored = _core.restore_block(b"\n".join(run), originals.take(wanted), lines=is_line(run[0]))
    text = restored.restored
    texts = text.split(b"\n") if len(run) > 1 else [text]
    if len(texts) != len(run):
        # Some of what was restored has line feeds of its own; one record at a time there is no doubt whose they are.
        return [
            one
            for record, hashes in zip(run, wanted, strict=True)
            for one in _restore_run([record], [hashes], originals)
        ]
    starts = _starts(run)
    at_fault = {bisect.bisect_right(starts, row["offset"]) - 1 for row in restored.unresolved().to_pylist()}
    results: list[bytes | Problems] = list(texts)
    for at in at_fault | {at for at, hashes in enumerate(wanted) if originals.missing(hashes)}:
        missing = originals.missing(wanted[at])
        reasons = tuple(originals.lookup.unresolved[hash_] for hash_ in missing)
        results[at] = Problems(tuple(missing), reasons or ("format",))
    return results


class RestoreResult(NamedTuple):
    """What restoring gives; every element of the input is in one of the two, with its key if it has one."""

    restored: beam.PCollection
    """The records' original `bytes`."""
    unresolved: beam.PCollection
    """`UnresolvedRecord` rows."""


class _Waiting(NamedTuple):
    envelope: Envelope
    record: bytes
    source: str
    offset: int
    place: Place


class _RestoreBundles(beam.DoFn):
    """Restores a bundle's worth at a time; each record stays in its window."""

    def __init__(self, store: SharedStore, batch_bytes: int) -> None:
        self._store = store
        self._batch_bytes = batch_bytes

    def start_bundle(self) -> None:
        self._waiting: list[_Waiting] = []
        self._size_bytes = 0

    def process(
        self, element: Any, timestamp: Any = beam.DoFn.TimestampParam, window: Any = beam.DoFn.WindowParam
    ) -> list[Any] | None:
        one = _open_compacted(element, Place(timestamp, (window,)))
        self._waiting.append(one)
        self._size_bytes += len(one.record)
        return self._flush() if self._size_bytes >= self._batch_bytes else None

    def finish_bundle(self) -> list[Any]:
        return self._flush()

    def _flush(self) -> list[Any]:
        waiting, self._waiting, self._size_bytes = self._waiting, [], 0
        rows: list[Any] = []
        if not waiting:
            return rows
        batch = restore_batch([one.record for one in waiting], self._store.open())
        for one, restored in zip(waiting, batch, strict=True):
            if isinstance(restored, bytes):
                rows.append(one.place.put(close_envelope(one.envelope, restored)))
            else:
                row = UnresolvedRecord(one.record, one.source, one.offset, [*restored.hashes], [*restored.reasons])
                rows.append(TaggedOutput("unresolved", one.place.put(close_envelope(one.envelope, row))))
        Metrics.counter(METRICS_NAMESPACE, "records_restored").inc(
            sum(not isinstance(row, TaggedOutput) for row in rows)
        )
        Metrics.counter(METRICS_NAMESPACE, "records_unresolved").inc(sum(isinstance(row, TaggedOutput) for row in rows))
        return rows


def _open_compacted(element: Any, place: Place) -> _Waiting:
    if isinstance(element, Compacted):
        return _Waiting(Bare, element.record, element.source, element.offset, place)
    if isinstance(element, tuple) and len(element) == 2 and isinstance(element[1], Compacted):
        return _Waiting(element[0], element[1].record, element[1].source, element[1].offset, place)
    envelope, record = open_envelope(element)
    return _Waiting(envelope, record, "", 0, place)


class RestoreRecords(beam.PTransform):
    """Restores compacted records to the bytes they were.

    The input is a PCollection of `Compacted` rows, `bytes` or `str`, of these with a key, or of `PubsubMessage`; keys
    and messages pass through as in `CrushRecords`. A record is restored whole or not at all.

    Args:
        root: root of the store, a local directory or `gs://bucket/prefix`; there must be one.
        batch_bytes: compacted input whose originals are looked up together; they are in memory at the same time.

    Raises:
        ValueError: an unknown root, or a size that isn't greater than 0.

    While running, StoreError fails the bundle; whatever is wrong with one record is a row of `.unresolved`.

    >>> import tempfile
    >>> root = tempfile.mkdtemp()
    >>> _ = OriginalStore.open(root)
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     result = pipeline | beam.Create([b'{"id": 1}']) | RestoreRecords(root)
    ...     _ = result.restored | beam.Map(print)
    b'{"id": 1}'
    """

    def __init__(self, root: str, *, batch_bytes: int = 4 << 20) -> None:
        super().__init__()
        if batch_bytes <= 0:
            raise ValueError(f"batch_bytes is {batch_bytes}; it must be greater than 0")
        open_objects(root)
        self._root = root
        self._batch_bytes = batch_bytes

    @no_annotations
    def expand(self, compacted: beam.PCollection) -> RestoreResult:
        """Restores the records."""
        restore = _RestoreBundles(SharedStore(self._root, create=False), self._batch_bytes)
        outputs = compacted | "Restore" >> beam.ParDo(restore).with_outputs("unresolved", main="restored")
        return RestoreResult(
            typed(outputs.restored, row_type(compacted.element_type, bytes)),
            typed(outputs.unresolved, row_type(compacted.element_type, UnresolvedRecord)),
        )

    def display_data(self) -> dict[str, Any]:
        """Names what the runner's page shows."""
        return {"root": self._root, "batch_bytes": self._batch_bytes}
