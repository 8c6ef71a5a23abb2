"""Originals for tests: tables as the crusher gives them, made from plain bytes."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Iterable, Iterator

import pyarrow as pa

from headroom_beam import OriginalStore
from headroom_beam.objects.base import ObjectInfo
from headroom_beam.objects.open import open_objects
from headroom_beam.store.names import tombstone_name
from headroom_beam.store.schema import original_digest
from headroom_beam.store.tombstones import Tombstone, encode_tombstones

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


def bury(store: OriginalStore, original: bytes, reason: str, date: dt.date = RUN_DATE) -> None:
    """Writes a tombstone for an original, and leaves its copies where they are."""
    data = encode_tombstones([Tombstone(digest_of(original), reason, date)])
    store.objects.put_if_absent(tombstone_name(data), data)


class Counting:
    """Objects that note every listing, and every read of an object's bytes."""

    def __init__(self, root: str) -> None:
        self.objects = open_objects(root)
        self.reads: list[str] = []
        self.listings: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self.objects, name)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        self.listings.append(prefix)
        return self.objects.list(prefix)

    def get(self, name: str) -> bytes:
        self.reads.append(f"get {name}")
        return self.objects.get(name)

    def get_range(self, name: str, offset: int, length: int) -> bytes:
        self.reads.append(f"range {name}")
        return self.objects.get_range(name, offset, length)
