"""Looks up hashes by point reads: for each hash, the store decodes one row group of at most 128 rows."""

from collections.abc import Sequence
from typing import Any

import apache_beam as beam

from headroom_beam.transforms.answers import Asked, answers, hash_of, is_hash
from headroom_beam.transforms.bundles import BundleDoFn
from headroom_beam.transforms.envelope import Place
from headroom_beam.transforms.shared_store import SharedStore

__all__ = ["POINT_HASHES", "lookup_by_points"]

POINT_HASHES = 256
"""Hashes of a bundle that are looked up together. Their originals are in memory at the same time."""


class _LookUpPoints(BundleDoFn):
    """Answers hashes by point reads, a batch at a time."""

    def __init__(self, store: SharedStore) -> None:
        super().__init__(batch_elements=POINT_HASHES)
        self._store = store

    def collect(self, element: Any, place: Place) -> tuple[Asked, int]:
        return Asked(element, hash_of(element), place), 0

    def flush(self, batch: Sequence[Asked]) -> list[Any]:
        lookup = self._store.open().get_many({one.hash for one in batch if is_hash(one.hash)})
        return list(answers(batch, lookup))


def lookup_by_points(hashes: beam.PCollection, store: SharedStore) -> Any:
    """Answers hashes by point reads, bounded or unbounded and in any window.

    Returns the outputs `found` and `missing`.
    """
    return hashes | "Points" >> beam.ParDo(_LookUpPoints(store)).with_outputs("missing", main="found")
