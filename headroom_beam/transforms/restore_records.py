"""`RestoreRecords` restores compacted records; `restore_batch` does the work on a batch."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.typehints.decorators import no_annotations

from headroom_beam.objects.open import open_objects
from headroom_beam.records import Compacted
from headroom_beam.restore.batch import restore_batch
from headroom_beam.transforms.bundles import BundleDoFn
from headroom_beam.transforms.envelope import (
    Envelope,
    NoEnvelope,
    Place,
    close_envelope,
    open_envelope,
    row_type,
    typed,
)
from headroom_beam.transforms.metrics import count
from headroom_beam.transforms.schemas import register_schemas
from headroom_beam.transforms.shared_store import SharedStore

__all__ = ["RestoreRecords", "RestoreResult", "UnresolvedRecord"]


class UnresolvedRecord(NamedTuple):
    """A compacted record that can't be restored, kept whole with its reasons."""

    record: bytes
    source: str
    offset: int
    """The offset of the `Compacted` row that the record came in; else 0."""
    hashes: Sequence[str]
    """Hashes whose originals can't be given out; empty for a malformed record."""
    reasons: Sequence[str]
    """One reason for each hash, as in `Missing.reason`; `format` alone for a malformed record."""


register_schemas(UnresolvedRecord)


class RestoreResult(NamedTuple):
    """The outputs of `RestoreRecords`. Each input element is in one of them, with its key if it has one."""

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


class _RestoreBatches(BundleDoFn):
    """Restores the records of a bundle in batches. Each record stays in its window."""

    def __init__(self, store: SharedStore, batch_bytes: int) -> None:
        super().__init__(batch_bytes=batch_bytes)
        self._store = store

    def collect(self, element: Any, place: Place) -> tuple[_Waiting, int]:
        one = _open_compacted(element, place)
        return one, len(one.record)

    def flush(self, batch: Sequence[_Waiting]) -> list[Any]:
        rows: list[Any] = []
        results = restore_batch([one.record for one in batch], self._store.open())
        for one, restored in zip(batch, results, strict=True):
            if isinstance(restored, bytes):
                rows.append(one.place.put(close_envelope(one.envelope, restored)))
            else:
                row = UnresolvedRecord(
                    one.record, one.source, one.offset, [*restored.hashes], [*restored.reasons]
                )
                rows.append(TaggedOutput("unresolved", one.place.put(close_envelope(one.envelope, row))))
        unresolved = sum(isinstance(row, TaggedOutput) for row in rows)
        count("records_restored", len(rows) - unresolved)
        count("records_unresolved", unresolved)
        return rows


def _open_compacted(element: Any, place: Place) -> _Waiting:
    if isinstance(element, Compacted):
        return _Waiting(NoEnvelope, element.record, element.source, element.offset, place)
    if isinstance(element, tuple) and len(element) == 2 and isinstance(element[1], Compacted):
        return _Waiting(element[0], element[1].record, element[1].source, element[1].offset, place)
    envelope, record = open_envelope(element)
    return _Waiting(envelope, record, "", 0, place)


class RestoreRecords(beam.PTransform):
    """Restores compacted records to their original bytes.

    The input is a PCollection of `Compacted` rows, `bytes` or `str`, of these with a key, or of
    `PubsubMessage`. Keys and messages pass through, as in `CrushRecords`. A record is restored whole or not
    at all. The result is a `RestoreResult`.

    Args:
        root: root of the store, a local directory or `gs://bucket/prefix`; there must be a store.
        batch_bytes: bytes of compacted input whose originals are looked up together. All these originals are
            in memory at the same time.

    Raises:
        ValueError: the root has another scheme, or a size isn't greater than 0.

    At run time, a StoreError fails the bundle. A record that can't be restored becomes a row of
    `.unresolved`.

    >>> import tempfile
    >>> from headroom_beam import OriginalStore
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
        restore = _RestoreBatches(SharedStore(self._root, create=False), self._batch_bytes)
        outputs = compacted | "Restore" >> beam.ParDo(restore).with_outputs("unresolved", main="restored")
        return RestoreResult(
            typed(outputs.restored, row_type(compacted.element_type, bytes)),
            typed(outputs.unresolved, row_type(compacted.element_type, UnresolvedRecord)),
        )

    def display_data(self) -> dict[str, Any]:
        """Returns what a runner shows about this step."""
        return {"root": self._root, "batch_bytes": self._batch_bytes}
