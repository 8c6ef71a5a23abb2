"""Originals for tests: tables as the crusher gives them, made from plain bytes."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Iterable

import pyarrow as pa

from headroom_beam.rows import original_digest

RUN_DATE = dt.date(2026, 1, 31)


def rows_of(originals: Iterable[bytes], *, kind: str = "json", tool: str = "list_things") -> pa.Table:
    """A table with the columns of `CrushedBlock.originals`."""
    texts = list(originals)
    digests = [original_digest(text) for text in texts]
    return pa.table(
        {
            "hash": pa.array([digest.hex()[:24] for digest in digests], pa.string()),
            "digest": pa.array(digests, pa.binary(32)),
            "kind": pa.array([kind] * len(texts), pa.string()),
            "size_bytes": pa.array([len(text) for text in texts], pa.int64()),
            "item_count": pa.array([3] * len(texts), pa.int64()),
            "original": pa.array(texts, pa.large_binary()),
            "tool": pa.array([tool] * len(texts), pa.string()),
        }
    )


def hash_of(original: bytes) -> str:
    return hashlib.sha256(original).hexdigest()[:24]


def digest_of(original: bytes) -> str:
    return hashlib.sha256(original).hexdigest()


def some_originals(count: int, *, seed: int = 0, size_bytes: int = 400) -> list[bytes]:
    """Different originals that compress as JSON does, of about this size each."""
    source = random.Random(seed)
    rows = [
        b'{"id":%d,"status":"ok","name":"item %d"}' % (source.getrandbits(40), source.getrandbits(20))
        for _ in range(500)
    ]
    texts = []
    for number in range(count):
        body = b",".join(source.choices(rows, k=max(1, size_bytes // 50)))
        texts.append(b'{"seed":%d,"number":%d,"rows":[%s]}' % (seed, number, body))
    return texts
