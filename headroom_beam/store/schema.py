"""Handles originals as Arrow rows: schema, digests and checks, without a Python object for each row.

>>> rows = pa.table(
...     {
...         "digest": pa.array([original_digest(b"[1]")], pa.binary(32)),
...         "kind": ["json"],
...         "item_count": [1],
...         "original": [b"[1]"],
...         "tool": ["list_things"],
...     }
... )
>>> complete_rows(rows, dt.date(2026, 1, 31)).column("hash").to_pylist()
['080a9ed428559ef602668b4c']
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from headroom_beam.errors import DigestMismatch, LimitExceeded

__all__ = [
    "HASH_DIGITS",
    "LABEL_CHARACTERS",
    "MAX_ORIGINAL_BYTES",
    "PACK_SCHEMA",
    "Digests",
    "complete_rows",
    "digest_array",
    "distinct_order",
    "hash_array",
    "original_bytes",
    "original_digest",
    "verify_digests",
    "wrong_rows",
]

Digests: TypeAlias = "npt.NDArray[np.bytes_]"
"""Digests as numpy `S32`. They compare and sort as bytes do, because all have 32 bytes."""

HASH_DIGITS = 24
MAX_ORIGINAL_BYTES = 1 << 30
LABEL_CHARACTERS = 256
"""The labels `kind` and `tool` are cut to this many characters."""

PACK_SCHEMA = pa.schema(
    [
        pa.field("hash", pa.string(), nullable=False),
        pa.field("digest", pa.binary(32), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("item_count", pa.int64(), nullable=False),
        pa.field("original", pa.large_binary(), nullable=False),
        pa.field("tool", pa.string(), nullable=False),
        pa.field("run_date", pa.date32(), nullable=False),
    ]
)


def original_digest(original: bytes | memoryview) -> bytes:
    """Returns the digest of an original: SHA-256, 32 bytes."""
    return hashlib.sha256(original).digest()


def digest_array(column: pa.Array | pa.ChunkedArray) -> Digests:
    """Returns the digests of a fixed binary(32) column, without a Python object for each."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype="S32", count=chunk.offset + len(chunk))[chunk.offset :]
        for chunk in chunks
        if len(chunk)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate([*parts, np.empty(0, "S32")])


def wrong_rows(originals: pa.Array | pa.ChunkedArray, digests: pa.Array | pa.ChunkedArray) -> list[int]:
    """Returns the positions of the originals that don't match their digests. Copies no original."""
    expected = digest_array(digests)
    found = np.frombuffer(b"".join(_hash_each(originals)), dtype="S32")
    return [] if np.array_equal(found, expected) else np.flatnonzero(found != expected).tolist()


def verify_digests(originals: pa.Array | pa.ChunkedArray, digests: pa.Array | pa.ChunkedArray) -> None:
    """Checks that every original matches its digest.

    Raises:
        DigestMismatch: one doesn't. The message names the first wrong digest and its row.
    """
    for at in wrong_rows(originals, digests):
        raise DigestMismatch(f"row {at}: the original's SHA-256 isn't {digests[at].as_py().hex()}")


def _hash_each(originals: pa.Array | pa.ChunkedArray) -> Iterator[bytes]:
    chunks = originals.chunks if isinstance(originals, pa.ChunkedArray) else [originals]
    for chunk in chunks:
        if not len(chunk):
            continue
        width = "<i8" if pa.types.is_large_binary(chunk.type) else "<i4"
        _, offset_buffer, data_buffer = chunk.buffers()
        ends = np.frombuffer(offset_buffer, width)[chunk.offset : chunk.offset + len(chunk) + 1].tolist()
        data = memoryview(data_buffer if data_buffer is not None else b"")
        for start, end in itertools.pairwise(ends):
            yield original_digest(data[start:end])


def complete_rows(originals: pa.Table | pa.RecordBatch, run_date: dt.date) -> pa.Table:
    """Returns the rows with the columns and types of `PACK_SCHEMA`. Labels are cut to their limit.

    Args:
        originals: columns as for `headroom_beam.store.pack.encode_pack`.
        run_date: written into each row.

    Raises:
        DigestMismatch: a given `hash` or `size_bytes` isn't that of its original.
        LimitExceeded: an original is over `MAX_ORIGINAL_BYTES`.
        ValueError: a column is missing or has nulls.
    """
    table = pa.table(originals) if isinstance(originals, pa.RecordBatch) else originals
    needed = {"digest", "kind", "item_count", "original", "tool"}
    if missing := needed.difference(table.column_names):
        raise ValueError(f"originals lack the columns {sorted(missing)}")
    given = {name: table.column(name) for name in needed}
    if any(column.null_count for column in given.values()):
        raise ValueError(
            f"originals have nulls in {sorted(name for name in needed if given[name].null_count)}"
        )
    columns = {name: given[name].cast(PACK_SCHEMA.field(name).type) for name in needed}
    for label in ("kind", "tool"):
        columns[label] = pc.utf8_slice_codeunits(columns[label], 0, LABEL_CHARACTERS)
    columns["size_bytes"] = pc.binary_length(columns["original"])
    columns["hash"] = hash_array(columns["digest"])
    columns["run_date"] = pa.repeat(pa.scalar(run_date, pa.date32()), len(table))
    for name in ("size_bytes", "hash"):
        if (
            name in table.column_names
            and not pc.all(pc.equal(table.column(name), columns[name])).as_py()
            and len(table)
        ):
            raise DigestMismatch(
                f"column {name!r} of the originals doesn't agree with their digests and bytes"
            )
    largest = pc.max(columns["size_bytes"]).as_py() or 0
    if largest > MAX_ORIGINAL_BYTES:
        raise LimitExceeded(f"an original of {largest} bytes is over max_original_bytes {MAX_ORIGINAL_BYTES}")
    return pa.table([columns[name] for name in PACK_SCHEMA.names], schema=PACK_SCHEMA)


def hash_array(digests: pa.ChunkedArray) -> pa.Array:
    """Returns the hash of each digest, as a string array."""
    text = np.frombuffer(digest_array(digests).tobytes().hex().encode(), np.uint8).reshape(-1, 64)[
        :, :HASH_DIGITS
    ]
    ends = pa.py_buffer(np.arange(len(text) + 1, dtype=np.int32) * HASH_DIGITS)
    return pa.StringArray.from_buffers(len(text), ends, pa.py_buffer(text.tobytes()))


def distinct_order(rows: pa.Table) -> npt.NDArray[np.int64]:
    """Returns the positions of the rows to pack: each digest once, sorted.

    A repeated row is left out only after its bytes were verified: equal digests must mean equal bytes.

    Raises:
        DigestMismatch: a repeated row has other bytes than its digest says.
    """
    digests = digest_array(rows.column("digest"))
    distinct, first = np.unique(digests, return_index=True)
    if len(distinct) < len(digests):
        repeated = np.ones(len(digests), bool)
        repeated[first] = False
        gone = rows.select(["digest", "original"]).filter(pa.array(repeated))
        verify_digests(gone.column("original"), gone.column("digest"))
    return first


def original_bytes(rows: pa.Table) -> int:
    """Returns the size of all originals together, in bytes."""
    return int(pc.sum(rows.column("size_bytes")).as_py() or 0)
