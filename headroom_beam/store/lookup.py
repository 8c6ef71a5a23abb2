"""Looks up many hashes: by point reads while they are few, by a scan when they need most of the store.

>>> import tempfile
>>> lookup_many(OriginalStore.open(tempfile.mkdtemp()), ["0" * 24]).unresolved
{'000000000000000000000000': 'missing'}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from headroom_beam.store.resolution import Lookup, Resolution
from headroom_beam.store.snapshot import StoreSize
from headroom_beam.store.store import PARALLEL_FROM_S, PARALLEL_READS, OriginalStore

__all__ = ["LookupPlan", "lookup_many", "plan_lookup"]

# `benchmarks/lookup.py` measured these on one core, with row groups of 0.8 MB of originals. A row group takes
# 1.4 ms by itself and 1.0 ms in a scan. With 150 row groups, 100 hashes take 0.09 s by points and 0.16 s by a
# scan, and 300 take 0.22 s and 0.17 s. The choice needs the ratios only, which hold from machine to machine.
POINT_S = 0.0004
"""Seconds that reading one row group by itself takes beyond decoding it."""
DECODE_BYTES_PER_S = 120e6
"""Packed bytes that are decoded and matched in a second."""
TRANSFER_BYTES_PER_S = 100e6
"""Packed bytes that one connection to a bucket delivers in a second."""


class LookupPlan(NamedTuple):
    """The way that a lookup takes, and the seconds that each way is expected to take."""

    way: Literal["points", "scan"]
    points_s: float
    scan_s: float


def plan_lookup(hash_count: int, size: StoreSize, *, request_s: float) -> LookupPlan:
    """Chooses between point reads and a scan by the time that each is expected to take.

    Hashes are uniform, so k of them fall into G (1 - (1 - 1/G)^k) of the store's G row groups. Point reads
    read and decode those, several at a time where a request takes long. A scan reads and decodes everything,
    pack by pack.

    Args:
        hash_count: how many hashes are looked up.
        size: the store's.
        request_s: seconds that a ranged read takes to its first byte.

    >>> size = StoreSize(pack_count=10, group_count=1000, pack_file_bytes=100_000_000)
    >>> [plan_lookup(count, size, request_s=0.00005).way for count in (1, 1000, 2000)]
    ['points', 'points', 'scan']
    """
    groups = size.group_count
    touched = groups * (1 - (1 - 1 / groups) ** hash_count) if groups else 0.0
    remote = request_s >= PARALLEL_FROM_S
    byte_s = 1 / DECODE_BYTES_PER_S + (1 / TRANSFER_BYTES_PER_S if remote else 0)
    group_bytes = size.pack_file_bytes / groups if groups else 0.0
    points_s = touched * (request_s / (PARALLEL_READS if remote else 1) + POINT_S + group_bytes * byte_s)
    scan_s = size.pack_count * request_s + size.pack_file_bytes * byte_s
    return LookupPlan("points" if points_s <= scan_s else "scan", points_s, scan_s)


def lookup_many(store: OriginalStore, hashes: Iterable[str]) -> Lookup:
    """Looks up many hashes, the way that `plan_lookup` expects to be faster. Both give the same answer.

    All originals found are held in memory: ask for as many as fit.

    Args:
        store: where to look.
        hashes: 24 or 64 digits each.

    Raises:
        InvalidHash: a text isn't a hash.
        StoreError: the store can't be read.
        IntegrityError: a tombstone file is damaged.
        FormatError: a pack or index file is of an unknown version.
    """
    resolution = Resolution(hashes)
    plan = plan_lookup(len(resolution.asked), store.size(), request_s=store.objects.request_s)
    return store.resolve(resolution) if plan.way == "points" else store.scan(resolution)
