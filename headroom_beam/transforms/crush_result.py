"""What `CrushRecords` and `CrushFiles` give."""

from typing import NamedTuple

import apache_beam as beam

__all__ = ["CrushResult"]


class CrushResult(NamedTuple):
    """What crushing gives; keys and Pub/Sub envelopes stand before their row as `(key, row)`."""

    compacted: beam.PCollection
    """`Compacted` rows."""
    originals: beam.PCollection
    """`Original` rows: what was taken out of the records, failed records among them."""
    failures: beam.PCollection
    """`Failure` rows."""
