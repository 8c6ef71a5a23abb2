"""Batches within a bundle: elements are collected, and answered together before their bundle ends."""

import abc
import sys
from collections.abc import Sequence
from typing import Any

import apache_beam as beam

from headroom_beam.transforms.envelope import Place

__all__ = ["BundleDoFn"]


class BundleDoFn(beam.DoFn, abc.ABC):
    """Collects the elements of a bundle and works on them in batches: when one is full, and at the end.

    Nothing is shuffled and nothing waits beyond its bundle. What `flush` gives carries the window and
    timestamp that it belongs to, as `Place.put` makes it.

    Args:
        batch_bytes: sizes together at which a batch is full.
        batch_elements: elements at which a batch is full.
    """

    def __init__(self, *, batch_bytes: int = sys.maxsize, batch_elements: int = sys.maxsize) -> None:
        self._batch_bytes = batch_bytes
        self._batch_elements = batch_elements

    @abc.abstractmethod
    def collect(self, element: Any, place: Place) -> tuple[Any, int]:
        """Gives what is kept of an element until its batch is full, and the bytes it counts for."""

    @abc.abstractmethod
    def flush(self, batch: Sequence[Any]) -> list[Any]:
        """Works on what was collected, one or more, and gives what is to be emitted."""

    def start_bundle(self) -> None:
        """Begins with an empty batch."""
        self._batch: list[Any] = []
        self._size_bytes = 0

    def process(
        self, element: Any, timestamp: Any = beam.DoFn.TimestampParam, window: Any = beam.DoFn.WindowParam
    ) -> list[Any] | None:
        """Collects an element; emits what becomes of the batch when it is full now."""
        collected, size_bytes = self.collect(element, Place(timestamp, (window,)))
        self._batch.append(collected)
        self._size_bytes += size_bytes
        if self._size_bytes < self._batch_bytes and len(self._batch) < self._batch_elements:
            return None
        return self._flush_batch()

    def finish_bundle(self) -> list[Any]:
        """Emits what becomes of the last batch."""
        return self._flush_batch()

    def _flush_batch(self) -> list[Any]:
        batch, self._batch, self._size_bytes = self._batch, [], 0
        return self.flush(batch) if batch else []
