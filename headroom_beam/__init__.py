"""Crushes the tool results in traces of LLM agents, on Apache Beam, and gives every byte back.

Each name below is imported from its module when it is first used. So crushing, the store and the command line
start without Beam, whose import takes a second.

>>> from headroom_beam import SmartCrusher
>>> SmartCrusher().crush("short").compressed
'short'
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headroom_beam.crush.config import SmartCrusherConfig
    from headroom_beam.crush.smart_crusher import SmartCrusher
    from headroom_beam.crush.trace_formats import TraceFormat
    from headroom_beam.records import Compacted, Failure, Original, Payload
    from headroom_beam.restore.text import restore_record, restore_text
    from headroom_beam.store.store import OriginalStore
    from headroom_beam.transforms.crush_files import CrushFiles
    from headroom_beam.transforms.crush_records import CrushRecords
    from headroom_beam.transforms.crush_result import CrushResult
    from headroom_beam.transforms.lookup_originals import LookupOriginals
    from headroom_beam.transforms.originals import ReadOriginals, WriteOriginals
    from headroom_beam.transforms.restore_files import RestoreFiles
    from headroom_beam.transforms.restore_records import RestoreRecords
    from headroom_beam.transforms.sinks import WriteCompacted

# Each public name with its module.
_HOMES = {
    # Rows.
    "Compacted": "records",
    "Failure": "records",
    "Original": "records",
    "Payload": "records",
    # Without Beam.
    "TraceFormat": "crush.trace_formats",
    "SmartCrusher": "crush.smart_crusher",
    "SmartCrusherConfig": "crush.config",
    "OriginalStore": "store.store",
    "restore_record": "restore.text",
    "restore_text": "restore.text",
    # Beam: files to files.
    "CrushFiles": "transforms.crush_files",
    "RestoreFiles": "transforms.restore_files",
    "ReadOriginals": "transforms.originals",
    "WriteCompacted": "transforms.sinks",
    "WriteOriginals": "transforms.originals",
    # Beam: records.
    "CrushRecords": "transforms.crush_records",
    "CrushResult": "transforms.crush_result",
    "LookupOriginals": "transforms.lookup_originals",
    "RestoreRecords": "transforms.restore_records",
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
