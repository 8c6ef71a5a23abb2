"""Beam counters and distributions of the transforms, in one namespace; `docs/operations.md` lists them."""

import functools
from typing import Any

from apache_beam.metrics import Metrics

__all__ = ["METRICS_NAMESPACE", "count", "observe"]

METRICS_NAMESPACE = "headroom_beam"


@functools.cache
def _counter(name: str) -> Any:
    return Metrics.counter(METRICS_NAMESPACE, name)


@functools.cache
def _distribution(name: str) -> Any:
    return Metrics.distribution(METRICS_NAMESPACE, name)


def count(name: str, value: int = 1) -> None:
    """Adds to a counter. The first call creates the counter, even with 0."""
    _counter(name).inc(value)


def observe(name: str, value: int) -> None:
    """Adds a value to a distribution."""
    _distribution(name).update(value)
