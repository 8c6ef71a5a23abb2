"""Makes the rows of `headroom_beam.records` known to Beam."""

import uuid
from typing import NamedTuple

from apache_beam.coders import RowCoder
from apache_beam.coders.typecoders import registry
from apache_beam.typehints.schemas import named_tuple_to_schema

from headroom_beam.records import Compacted, Failure, Original, Payload

__all__ = ["register_schemas"]

# Beam finds the class of a schema by its id, which is random unless the class has one. With a fixed id,
# workers and other processes find the same class. The id is a UUID, because Java accepts nothing else. It is
# made from the names and types of the fields, so that two versions of a row never share an id.
_SCHEMA_ID_ATTRIBUTE = "_beam_schema_id"
_SCHEMA_NAMESPACE = uuid.UUID("8d0c6a4e-54f3-5b0e-9a3c-0c6f3c1d7e42")


def register_schemas(*more: type[NamedTuple]) -> None:
    """Registers the row classes with Beam: their schemas with fixed ids, and their row coders.

    Args:
        more: further NamedTuple classes to register in the same way.

    The modules of the transforms call this on import. Call it to use the rows in Beam without these modules.
    It may be called any number of times.

    >>> register_schemas()
    >>> import apache_beam
    >>> type(apache_beam.coders.registry.get_coder(Failure)).__name__
    'RowCoder'
    """
    for row in (Payload, Compacted, Original, Failure, *more):
        setattr(row, _SCHEMA_ID_ATTRIBUTE, _schema_id(row))
        named_tuple_to_schema(row)
        registry.register_coder(row, RowCoder)


def _schema_id(row: type[NamedTuple]) -> str:
    text = f"{row.__name__}({', '.join(f'{name}: {kind}' for name, kind in row.__annotations__.items())})"
    return str(uuid.uuid5(_SCHEMA_NAMESPACE, text))
