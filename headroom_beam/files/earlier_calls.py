"""The calls of tools in the records before one of a run, which may name the tools of its results."""

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.files.find_record import FoundRecord, numbered_blocks
from headroom_beam.files.part_contents import part_contents
from headroom_beam.files.restore_file import source_parts
from headroom_beam.objects.open import open_objects

__all__ = ["earlier_calls"]

# No record has such a member, so nothing is crushed; but each record's calls are remembered.
_NOTHING = '."\\u0000"'


def earlier_calls(output: str, found: FoundRecord) -> _core.CallTable | None:
    """Returns the calls before a line, as the run knew them when it came to that line.

    Compacted lines have the calls of the lines that they stand for. A run knows those in the same part only.

    Args:
        output: root of the run's compacted files.
        found: the record.

    Returns:
        None for a record that is no line.

    Raises:
        StoreError, IntegrityError, FormatError: as for `headroom_beam.files.part_contents.part_contents`.
    """
    if found.framing != "lines" or found.line is None:
        return None
    objects = open_objects(output)
    (source,) = (
        source for source in source_parts(output) if any(part.part == found.part for part in source.parts)
    )
    contents = (
        content
        for part in source.parts
        for content in part_contents(objects, part)
        if content.name == found.source
    )
    options = options_for(SmartCrusherConfig(verify=False), _NOTHING)
    calls = _core.CallTable()
    for content, first, data in numbered_blocks(contents):
        if first >= found.line:
            break
        if content.part.part == found.part:
            lines = data.splitlines(keepends=True)[: found.line - first]
            _core.crush_block(b"".join(lines), options, calls)
    return calls
