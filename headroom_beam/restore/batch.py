"""Restores a batch of compacted records: the function that `RestoreRecords` calls."""

import bisect
import codecs
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from headroom_beam import _core
from headroom_beam.errors import FormatError, InvalidPayload, LimitExceeded
from headroom_beam.records import BLOCK_BYTES
from headroom_beam.restore.found_originals import NO_ORIGINALS
from headroom_beam.restore.lines import is_line, line_markers, split_record
from headroom_beam.store.lookup import lookup_many
from headroom_beam.store.resolution import Lookup
from headroom_beam.store.store import OriginalStore

__all__ = ["NotRestored", "restore_batch"]


class NotRestored(NamedTuple):
    """Why a record can't be restored.

    There is one reason for each hash. If the record itself is malformed, there is no hash, and the reason
    `format` alone.
    """

    hashes: Sequence[str]
    reasons: Sequence[str]


def restore_batch(records: Sequence[bytes], store: OriginalStore) -> list[bytes | NotRestored]:
    """Restores compacted records together, so that each row group of a pack is read once for all of them.

    Args:
        records: compacted JSON texts in UTF-8. All their originals are in memory at the same time.
        store: the store with their originals.

    Returns:
        For each record, its original bytes, or the reasons why it can't be restored.

    Raises:
        StoreError: the store can't be read.

    >>> import tempfile
    >>> restore_batch([b'{"id": 1}', b'"<<ccr:new>>"'], OriginalStore.open(tempfile.mkdtemp()))
    [b'{"id": 1}', NotRestored(hashes=(), reasons=('format',))]
    """
    framed = [split_record(record) for record in records]
    runs = [(run, _hashes(run)) for run in _runs(content for _, content, _ in framed)]
    lookup = lookup_many(store, {hash_ for _, wanted in runs for hashes in wanted for hash_ in hashes})
    found = next(iter(lookup.found.select(["hash", "original"]).combine_chunks().to_batches()), NO_ORIGINALS)
    originals = _Originals(
        found, {hash_: at for at, hash_ in enumerate(found.column("hash").to_pylist())}, lookup
    )
    restored = (one for run, wanted in runs for one in _restore_run(run, wanted, originals))
    return [
        before + one + after if isinstance(one, bytes) else one
        for (before, _, after), one in zip(framed, restored, strict=True)
    ]


class _Originals(NamedTuple):
    """The originals found for a batch of records, and the row of each hash."""

    found: pa.RecordBatch
    position: dict[str, int]
    lookup: Lookup

    def take(self, wanted: Iterable[Iterable[str]]) -> pa.RecordBatch:
        places = sorted(
            {self.position[hash_] for hashes in wanted for hash_ in hashes if hash_ in self.position}
        )
        return self.found.take(pa.array(places, pa.int64())) if places else NO_ORIGINALS

    def missing(self, hashes: Iterable[str]) -> list[str]:
        return sorted({hash_ for hash_ in hashes if hash_ not in self.position})


def _runs(records: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cuts records into runs of about `BLOCK_BYTES`. One call restores each."""
    run: list[bytes] = []
    size_bytes, alone = 0, False
    for record in records:
        # A byte order mark is recognized only at the start of a block, so such a record is a run by itself.
        joins = is_line(record) and not record.startswith(codecs.BOM_UTF8)
        if run and (alone or not joins or size_bytes + len(record) > BLOCK_BYTES):
            yield run
            run, size_bytes = [], 0
        run.append(record)
        size_bytes, alone = size_bytes + len(record), not joins
    if run:
        yield run


def _hashes(run: Sequence[bytes]) -> list[list[str]]:
    """Returns the hashes that each record of a run needs; none for a malformed record."""
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
    """Returns where each record of a run starts, in bytes, when the run is joined to a block."""
    return list(itertools.accumulate((len(record) + 1 for record in run[:-1]), initial=0))


def _restore_run(
    run: Sequence[bytes], wanted: Sequence[Sequence[str]], originals: _Originals
) -> list[bytes | NotRestored]:
    restored = _core.restore_block(b"\n".join(run), originals.take(wanted), lines=is_line(run[0]))
    text = restored.restored
    texts = text.split(b"\n") if len(run) > 1 else [text]
    if len(texts) != len(run):
        # A restored record holds line breaks of its own, so the block can't be split. The records are
        # restored one by one instead.
        return [
            one
            for record, hashes in zip(run, wanted, strict=True)
            for one in _restore_run([record], [hashes], originals)
        ]
    starts = _starts(run)
    at_fault = {bisect.bisect_right(starts, row["offset"]) - 1 for row in restored.unresolved().to_pylist()}
    results: list[bytes | NotRestored] = list(texts)
    for at in at_fault | {at for at, hashes in enumerate(wanted) if originals.missing(hashes)}:
        missing = originals.missing(wanted[at])
        reasons = tuple(originals.lookup.unresolved[hash_] for hash_ in missing)
        results[at] = NotRestored(tuple(missing), reasons or ("format",))
    return results
