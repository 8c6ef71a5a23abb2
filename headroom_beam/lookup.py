"""Many hashes at once: point reads while they are few, a scan that joins once most of the store is needed anyway.

>>> import tempfile
>>> lookup_many(OriginalStore.open(tempfile.mkdtemp()), ["0" * 24]).unresolved
{'000000000000000000000000': 'missing'}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from headroom_beam.resolution import Lookup, Resolution, Status, check_hash, resolution_error
from headroom_beam.store import OriginalStore
from headroom_beam.view import StoreSize

__all__ = ["Lookup", "Plan", "Status", "check_hash", "lookup_many", "plan_lookup", "resolution_error"]

# Seconds on one core, as `benchmarks/lookup.py` measures them; only their ratios matter.
GROUP_S = 0.0005
"""Decoding one row group by itself, verifying its row, and what Python does around it."""
SCAN_BYTES_PER_S = 50e6
"""Packed bytes decoded per second when a pack is read from end to end."""
TRANSFER_BYTES_PER_S = 100e6
"""Packed bytes per second that one connection to a bucket delivers."""


class Plan(NamedTuple):
    """How a lookup will be done, and what each way was expected to take, in seconds."""

    way: Literal["points", "scan"]
    points_s: float
    scan_s: float


def plan_lookup(hash_count: int, size: StoreSize, *, request_s: float) -> Plan:
    """Chooses between point reads and a scan from the number of hashes and the size of the store.

    Hashes are uniform, so k of them fall into G (1 - (1 - 1/G)^k) of the store's G row groups. Each takes a request of `request_s`
    seconds and a decode. A scan takes a request for each pack, and all bytes.

    >>> size = StoreSize(pack_count=10, group_count=1000, pack_file_bytes=40_000_000)
    >>> [plan_lookup(count, size, request_s=0.00005).way for count in (1, 300, 100_000)]
    ['points', 'points', 'points']
    """
    groups = size.group_count
    touched = groups * (1 - (1 - 1 / groups) ** hash_count) if groups else 0.0
    points_s = touched * (request_s + GROUP_S)
    transfer_s = size.pack_file_bytes / TRANSFER_BYTES_PER_S if request_s > GROUP_S else 0.0
    scan_s = size.pack_count * request_s + size.pack_file_bytes / SCAN_BYTES_PER_S + transfer_s
    return Plan("points" if points_s <= scan_s else "scan", points_s, scan_s)


def lookup_many(store: OriginalStore, hashes: Iterable[str]) -> Lookup:
    """Looks many hashes up, by whichever way `plan_lookup` expects to be faster; both give the same answer.

    All that is found is held in memory: ask for as many as fit. Raises InvalidHash, StoreError.
    """
    resolution = Resolution(hashes)
    plan = plan_lookup(len(resolution.asked), store.size(), request_s=store.objects.request_s)
    return store.resolve(resolution) if plan.way == "points" else store.scan(resolution)
