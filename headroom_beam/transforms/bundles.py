"""Processes the elements of a bundle in batches, before the bundle ends."""

import abc
import sys
from collections.abc import Sequence
from typing import Any

import apache_beam as beam

from headroom_beam.transforms.envelope import Place

__all__ = ["BundleDoFn"]


class BundleDoFn(beam.DoFn, abc.ABC):
    """Collects the elements of a bundle and processes them in batches: when one is full, and at the end.

    Nothing is shuffled, and no element waits beyond its bundle. `flush` returns each value with its window
    and timestamp, as `Place.put` makes it.

    Args:
        batch_bytes: total size at which a batch is full.
        batch_elements: number of elements at which a batch is full.
    """

    def __init__(self, *, batch_bytes: int = sys.maxsize, batch_elements: int = sys.maxsize) -> None:
        self._batch_bytes = batch_bytes
        self._batch_elements = batch_elements

    @abc.abstractmethod
    def collect(self, element: Any, place: Place) -> tuple[Any, int]:
        """Returns what a batch keeps of an element, and the size in bytes that it counts for."""

    @abc.abstractmethod
    def flush(self, batch: Sequence[Any]) -> list[Any]:
        """Processes a batch of one or more collected elements, and returns the output."""

    def start_bundle(self) -> None:
        """Begins with an empty batch."""
        self._batch: list[Any] = []
        self._size_bytes = 0

    def process(
        self, element: Any, timestamp: Any = beam.DoFn.TimestampParam, window: Any = beam.DoFn.WindowParam
    ) -> list[Any] | None:
        """Collects an element. If the batch is full now, emits the output of the batch."""
        collected, size_bytes = self.collect(element, Place(timestamp, (window,)))
        self._batch.append(collected)
        self._size_bytes += size_bytes
        if self._size_bytes < self._batch_bytes and len(self._batch) < self._batch_elements:
            return None
        return self._flush_batch()

    def finish_bundle(self) -> list[Any]:
        """Emits the output of the last batch."""
        return self._flush_batch()

    def _flush_batch(self) -> list[Any]:
        batch, self._batch, self._size_bytes = self._batch, [], 0
        return self.flush(batch) if batch else []
