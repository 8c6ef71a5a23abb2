"""Originals that a lookup has found, as the native module takes them."""

from collections.abc import Sequence

import pyarrow as pa

__all__ = ["NO_ORIGINALS", "take_originals"]

NO_ORIGINALS = pa.RecordBatch.from_pylist(
    [], schema=pa.schema([("hash", pa.string()), ("original", pa.large_binary())])
)
"""What a block is restored with that needs no original, as most do."""


def take_originals(found: pa.Table, places: Sequence[int]) -> pa.RecordBatch:
    """The given rows of a lookup as one batch, as restoring a block takes it."""
    columns = found.select(["hash", "original"])
    return (
        columns.take(pa.array(places, pa.int64())).combine_chunks().to_batches()[0]
        if places
        else NO_ORIGINALS
    )
