"""Counts what is recognised in a file, or in a member of an archive, while it is crushed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from headroom_beam import _core
from headroom_beam.crush.path_formats import PathFormats, matching_formats
from headroom_beam.crush.trace_formats import AUTO, TRACE_FORMATS, TraceFormat, named_formats
from headroom_beam.files.manifest import PartMember

__all__ = ["Recognition", "RecognitionCounter"]

_FILES_ASKED = 8
"""Files of a shard for which other formats are tried."""

_ASKED_BYTES = 1 << 20
"""Larger blocks, which are single records, aren't tried."""


class Recognition:
    """What was recognised in a file so far."""

    def __init__(self) -> None:
        self.payloads = 0
        self.unrecognised = 0
        self.likely = 0
        self.in_place = ""
        self.formats: list[str] = []
        """Formats that find payloads in its first records, if its own don't."""
        self.is_asked = False

    def take_members(self, members: Sequence[PartMember]) -> None:
        """Adds what was recognised in the members of an archive."""
        self.payloads = sum(member.payloads for member in members)
        self.unrecognised = sum(member.unrecognised for member in members)
        self.likely = sum(member.likely for member in members)
        self.in_place = next((member.in_place for member in members if member.in_place), "")
        self.formats = list(dict.fromkeys(name for member in members for name in member.formats))

    def described(self) -> dict[str, Any]:
        """What a manifest says of it, in the words of `headroom_beam.files.manifest.CompactedPart`."""
        return {
            "payloads": self.payloads,
            "unrecognised": self.unrecognised,
            "likely": self.likely,
            "in_place": self.in_place,
            "formats": [] if self.payloads else self.formats,
        }


class RecognitionCounter:
    """Counts what is recognised in the files of a shard.

    Args:
        formats: the trace formats of the run.
        max_depth: a record nested deeper isn't tried with other formats.
    """

    def __init__(self, formats: Iterable[TraceFormat], max_depth: int) -> None:
        formats = tuple(formats)
        self.path_formats = PathFormats(formats)
        self._max_depth = max_depth
        known = set(named_formats(AUTO)) <= {*formats, TRACE_FORMATS["json"]}
        # Where all formats are given, no other could find anything.
        self._left = 0 if known else _FILES_ASKED

    def add(
        self,
        found: Recognition,
        crushed: _core.CrushedBlock,
        payloads: int,
        crush: Callable[[_core.Options], _core.CrushedBlock],
        size_bytes: int,
    ) -> None:
        """Adds a block to what was found in its file.

        Args:
            found: takes the counts.
            crushed: the block.
            payloads: its number of payloads.
            crush: crushes the block with other options.
            size_bytes: its size.
        """
        found.payloads += payloads
        found.unrecognised += crushed.unrecognised_count
        found.likely += crushed.likely_count
        if payloads and not found.in_place:
            found.in_place = self.path_formats.in_place(crushed.paths())
        if self._left and crushed.unrecognised_count and not (found.payloads or found.is_asked):
            found.is_asked = True
            if size_bytes <= _ASKED_BYTES:
                self._left -= 1
                found.formats = matching_formats(crush, max_depth=self._max_depth)
