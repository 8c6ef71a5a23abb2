"""The outputs of `CrushRecords` and `CrushFiles`."""

from typing import NamedTuple

import apache_beam as beam

__all__ = ["CrushResult"]


class CrushResult(NamedTuple):
    """The outputs of `CrushRecords` and `CrushFiles`.

    If records have keys, or are Pub/Sub messages, their `Compacted` and `Failure` rows are `(key, row)` or
    `(message, row)`.
    """

    compacted: beam.PCollection
    """`Compacted` rows of `CrushRecords`, or `CompactedPart` rows of `CrushFiles`."""
    originals: beam.PCollection
    """`Original` rows of `CrushRecords` (failed records included), or `StoredPack` rows of `CrushFiles`."""
    failures: beam.PCollection
    """`Failure` rows."""
