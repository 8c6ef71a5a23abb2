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
    from headroom_beam.io import CrushFiles, RestoreFiles
    from headroom_beam.originals import ReadOriginals, WriteOriginals
    from headroom_beam.records import Compacted, Failure, Original, Payload
    from headroom_beam.restore import restore_record, restore_text
    from headroom_beam.retrieval import LookupOriginals, RestoreRecords
    from headroom_beam.sinks import WriteCompacted
    from headroom_beam.store import OriginalStore
    from headroom_beam.transforms import CrushRecords, CrushResult

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
    "ReadOriginals": "originals",
    "WriteCompacted": "sinks",
    "WriteOriginals": "originals",
    # Beam: records.
    "CrushRecords": "transforms",
    "CrushResult": "transforms",
    "LookupOriginals": "retrieval",
    "RestoreRecords": "retrieval",
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
