"""Crushes a batch of records in memory: the function that `CrushRecords` calls.

>>> batch = crush_batch([b'{"a": 1}', b"{"], _core.Options())
>>> [row.record for _, row in batch.compacted], [at for at, _ in batch.failures]
([b'{"a": 1}'], [1])
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from headroom_beam import _core
from headroom_beam.errors import HeadroomBeamError
from headroom_beam.records import BLOCK_BYTES, Compacted, Failure, compacted_rows, failure_rows

__all__ = ["CrushedBatch", "crush_batch"]


class CrushedBatch(NamedTuple):
    """The result of `crush_batch`; a position counts the records of the call from 0."""

    compacted: Sequence[tuple[int, Compacted]]
    failures: Sequence[tuple[int, Failure]]
    originals: Sequence[pa.RecordBatch]
    """Batches as `_core.CrushedBlock.originals` returns them. Several may hold the same digest."""
    unproved: int
    """Payloads left as they were, because their compacted form didn't restore. Nothing is lost, but this is a
    defect of the crusher."""
    unrecognised: int
    """Records in which nothing was recognised: see `_core.CrushedBlock.unrecognised_count`."""
    likely: int
    """Those of them in which something looks like a result."""

    def first_positions(self) -> dict[str, int]:
        """Returns, for each hash (24 digits), the position of the first record that names it."""
        named = [(at, payload.hashes) for at, row in self.compacted for payload in row.payloads]
        named += [(at, row.hashes) for at, row in self.failures]
        return {hash_[:24]: at for at, hashes in sorted(named, key=lambda pair: -pair[0]) for hash_ in hashes}


def crush_batch(records: Sequence[bytes], options: _core.Options, *, source: str = "") -> CrushedBatch:
    """Crushes records. Each comes back either compacted or as a failure.

    Args:
        records: JSON texts in UTF-8.
        options: native options, as `headroom_beam.crush.config.options_for` makes them.
        source: name of the file or topic, copied into each row.

    Returns:
        The compacted records and the failures, each with its position, and the originals.

    Raises:
        HeadroomBeamError: the native crusher lost or repeated a record.
    """
    compacted: list[tuple[int, Compacted]] = []
    failures: list[tuple[int, Failure]] = []
    originals: list[pa.RecordBatch] = []
    unproved, unrecognised, likely = 0, 0, 0
    for start, block in _blocks(records):
        crushed = _core.crush_records(pa.array(block, pa.large_binary()), options)
        kept, failed = crushed.records(), crushed.failures()
        compacted.extend(zip(_positions(kept, start), compacted_rows(kept, source=source), strict=True))
        failures.extend(zip(_positions(failed, start), failure_rows(failed, source=source), strict=True))
        if (batch := crushed.originals()).num_rows:
            originals.append(batch)
        unproved += crushed.unproved_count
        unrecognised += crushed.unrecognised_count
        likely += crushed.likely_count
    if sorted([*(at for at, _ in compacted), *(at for at, _ in failures)]) != list(range(len(records))):
        raise HeadroomBeamError(
            f"{len(records)} records went in, {len(compacted)} compacted and {len(failures)} failed came out"
        )
    return CrushedBatch(compacted, failures, originals, unproved, unrecognised, likely)


def _positions(batch: pa.RecordBatch, start: int) -> list[int]:
    return [start + index for index in batch.column("index").to_pylist()]


def _blocks(records: Sequence[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    """Cuts records into blocks of about `BLOCK_BYTES`, each with the position of its first record."""
    start, size_bytes = 0, 0
    for end, record in enumerate(records):
        if size_bytes and size_bytes + len(record) > BLOCK_BYTES:
            yield start, records[start:end]
            start, size_bytes = end, 0
        size_bytes += len(record)
    if start < len(records):
        yield start, records[start:]
