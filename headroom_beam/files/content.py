"""What a file, or a member of an archive, comes to while it is crushed."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.files.blocks import Chunk
from headroom_beam.files.detect import DOCUMENT_BYTES
from headroom_beam.records import BLOCK_BYTES

__all__ = ["MAX_OPENED", "Content", "Cut", "cut_document"]

Cut: TypeAlias = "_core.CutBlock | _core.CutPiece"

MAX_OPENED = 64
"""How many values may be opened around an element; each of them is longer than `DOCUMENT_BYTES`."""


class Content:
    """The compacted bytes on their way, and what they stand for.

    Args:
        source: how failures call it.
        part: name of the part that it is in.
    """

    def __init__(self, source: str, part: str) -> None:
        self.source = source
        self.part = part
        self.calls = _core.CallTable()
        """Names the tools of results whose calls stand in earlier records."""
        self.budget: _core.FileBudget | None = None
        """The budget of all payloads together, if there is one."""
        self.records = 0
        self.failures = 0
        self.opened: list[int] = []
        """Where in the compacted bytes the values begin that were cut into their elements."""
        self.tail: int | None = None
        """Where the markers of the rest of a broken file begin."""
        self.size_bytes = 0
        """Compacted bytes so far."""
        self.start: int | None = None
        """Where in the source the first byte stood that was written."""
        self.source_bytes = 0
        self._digest = hashlib.sha256()
        self._source_digest = hashlib.sha256()

    def write(self, compacted: bytes, *, source: bytes, offset: int) -> None:
        """Takes the next compacted bytes and the source bytes that they stand for."""
        if self.start is None:
            self.start = offset
        self.source_bytes += len(source)
        self._source_digest.update(source)
        self.size_bytes += len(compacted)
        self._digest.update(compacted)
        self.put(compacted)

    def put(self, compacted: bytes) -> None:
        """Passes compacted bytes on to where they are written."""
        raise NotImplementedError

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the compacted bytes."""
        return self._digest.hexdigest()

    @property
    def source_digest(self) -> str:
        """Hex SHA-256 of the source bytes."""
        return self._source_digest.hexdigest()

    def described(self) -> dict[str, Any]:
        """What a manifest says of it, in the words of `headroom_beam.files.manifest.CompactedPart`."""
        return {
            "source_digest": self.source_digest,
            "compacted_digest": self.digest,
            "compacted_bytes": self.size_bytes,
            "records": self.records,
            "failures": self.failures,
            "opened": self.opened,
            "tail": self.tail,
        }


def cut_document(chunks: Iterable[Chunk], config: SmartCrusherConfig, notes: list[str]) -> Iterator[Cut]:
    """Cuts JSON texts into blocks of values, and pieces of what is too long or broken.

    A text of up to `DOCUMENT_BYTES` is one value.

    Args:
        chunks: all bytes of the file.
        config: its limits count.
        notes: takes that the file is broken or ends too early.
    """
    cutter = _core.JsonCutter(
        value_bytes=min(DOCUMENT_BYTES, config.max_record_bytes),
        leaf_bytes=config.max_record_bytes,
        max_depth=min(config.max_depth, MAX_OPENED),
        block_bytes=BLOCK_BYTES,
    )
    for chunk in chunks:
        yield from cutter.push(chunk.data)
    yield from cutter.finish()
    if not cutter.is_whole:
        notes.append("it is no whole JSON; what was complete in it is crushed")
