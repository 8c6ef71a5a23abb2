"""Passes the originals that a lookup found to the native module."""

from collections.abc import Sequence

import pyarrow as pa

__all__ = ["NO_ORIGINALS", "take_originals"]

NO_ORIGINALS = pa.RecordBatch.from_pylist(
    [], schema=pa.schema([("hash", pa.string()), ("original", pa.large_binary())])
)
"""An empty batch, for blocks that need no original. Most blocks need none."""


def take_originals(found: pa.Table, places: Sequence[int]) -> pa.RecordBatch:
    """Returns the given rows of a lookup as one batch, the form that `_core.restore_block` takes."""
    columns = found.select(["hash", "original"])
    return (
        columns.take(pa.array(places, pa.int64())).combine_chunks().to_batches()[0]
        if places
        else NO_ORIGINALS
    )
