"""Envelopes of records (keys and Pub/Sub messages), places of elements, and types of outputs.

>>> envelope, record = open_envelope(("session-1", '{"a":1}'))
>>> close_envelope(envelope, len(record))
('session-1', 7)
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import apache_beam as beam
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.typehints import typehints
from apache_beam.utils.windowed_value import WindowedValue

from headroom_beam.records import Compacted

__all__ = [
    "Envelope",
    "NoEnvelope",
    "Place",
    "close_envelope",
    "open_envelope",
    "row_type",
    "typed",
]  # fmt: skip


class NoEnvelope:
    """Marks a record that came without a key or message. The class itself is the envelope.

    A class, unlike an instance, keeps its identity when it is pickled.
    """


Envelope: TypeAlias = Any
"""What comes with a record and passes through: a key, a Pub/Sub message without its data, or the class
`NoEnvelope`."""


def open_envelope(element: Any) -> tuple[Envelope, bytes]:
    """Separates a record from its envelope.

    Args:
        element: `bytes`, `str`, `(key, bytes | str)` or `PubsubMessage`.

    Returns:
        The envelope, and the record's bytes. Text is encoded as UTF-8; lone surrogates, which have no
        encoding, become bytes that crushing reports as a failure.

    Raises:
        TypeError: the element is none of these.

    >>> open_envelope(("session-1", '{"a":1}'))
    ('session-1', b'{"a":1}')
    """
    if isinstance(element, bytes):
        return NoEnvelope, element
    if isinstance(element, str):
        return NoEnvelope, element.encode("utf-8", "surrogatepass")
    if isinstance(element, PubsubMessage):
        envelope = PubsubMessage(
            b"", element.attributes, element.message_id, element.publish_time, element.ordering_key
        )
        return envelope, element.data or b""
    if isinstance(element, tuple) and len(element) == 2 and isinstance(element[1], bytes | str):
        return element[0], open_envelope(element[1])[1]
    raise TypeError(
        f"a record is bytes, str, (key, bytes or str) or PubsubMessage, not {type(element).__name__}; "
        "map the PCollection to one of these"
    )


def close_envelope(envelope: Envelope, row: Any) -> Any:
    """Returns a row in the envelope of its record: `(envelope, row)`, or `row` if there is no envelope."""
    return row if envelope is NoEnvelope else (envelope, row)


class Place(NamedTuple):
    """The timestamp and windows of an element, for output that is emitted after its `process` call."""

    timestamp: Any
    windows: Sequence[Any]

    def put(self, value: Any) -> WindowedValue:
        """Returns a value with this timestamp and these windows."""
        return WindowedValue(value, self.timestamp, self.windows)


def row_type(element_type: Any, row: type) -> Any:
    """Returns the type of outputs that hold a row of the class `row` in the envelope of their element."""
    if element_type is PubsubMessage:
        return typehints.KV[PubsubMessage, row]
    if isinstance(element_type, typehints.TupleConstraint) and len(element_type.tuple_types) == 2:
        return typehints.KV[element_type.tuple_types[0], row]
    return row if _has_no_envelope(element_type) else typehints.Any


def _has_no_envelope(element_type: Any) -> bool:
    if isinstance(element_type, typehints.UnionConstraint):
        return all(_has_no_envelope(one) for one in element_type.union_types)
    return element_type in (bytes, str) or (
        isinstance(element_type, type) and issubclass(element_type, Compacted)
    )


def typed(pcollection: beam.PCollection, element_type: Any) -> beam.PCollection:
    """Sets the element type of a PCollection. One of several outputs doesn't get its type by itself."""
    pcollection.element_type = element_type
    return pcollection
