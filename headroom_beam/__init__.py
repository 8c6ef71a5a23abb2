"""Crush LLM tool traces on Apache Beam; every byte comes back.

This is the table of contents. Each name is imported from its module when it is first used, so that crushing, the store
and the command line start without Beam, whose import takes a second.

>>> from headroom_beam import SmartCrusher
>>> SmartCrusher().crush("short").compressed
'short'
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headroom_beam.crusher import SmartCrusher, SmartCrusherConfig
    from headroom_beam.formats import TraceFormat
    from headroom_beam.io import CrushFiles, ReadOriginals, RestoreFiles, WriteCompacted, WriteOriginals
    from headroom_beam.records import Compacted, Failure, Original, Payload
    from headroom_beam.restore import restore_record, restore_text
    from headroom_beam.store import OriginalStore
    from headroom_beam.transforms import CrushRecords, CrushResult, LookupOriginals, RestoreRecords

# A name maps to the module it lives in, in the order of the way of the data.
_HOMES = {
    # Rows.
    "Compacted": "records",
    "Failure": "records",
    "Original": "records",
    "Payload": "records",
    # Without Beam.
    "TraceFormat": "formats",
    "SmartCrusher": "crusher",
    "SmartCrusherConfig": "crusher",
    "OriginalStore": "store",
    "restore_record": "restore",
    "restore_text": "restore",
    # Beam: files to files.
    "CrushFiles": "io",
    "RestoreFiles": "io",
    "ReadOriginals": "io",
    "WriteCompacted": "io",
    "WriteOriginals": "io",
    # Beam: records.
    "CrushRecords": "transforms",
    "CrushResult": "transforms",
    "LookupOriginals": "transforms",
    "RestoreRecords": "transforms",
}

__all__ = [
    "Compacted",
    "CrushFiles",
    "CrushRecords",
    "CrushResult",
    "Failure",
    "LookupOriginals",
    "Original",
    "OriginalStore",
    "Payload",
    "ReadOriginals",
    "RestoreFiles",
    "RestoreRecords",
    "SmartCrusher",
    "SmartCrusherConfig",
    "TraceFormat",
    "WriteCompacted",
    "WriteOriginals",
    "restore_record",
    "restore_text",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'headroom_beam' has no attribute {name!r}")
    value: object = getattr(import_module(f"headroom_beam.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
