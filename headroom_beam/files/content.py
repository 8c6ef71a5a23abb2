"""What a file, or a member of an archive, comes to while it is crushed."""

import hashlib
from typing import Any

from headroom_beam import _core
from headroom_beam.files.recognition import Recognition

__all__ = ["Content"]


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
        self.records = 0
        self.failures = 0
        self.recognition = Recognition()
        self.opened: list[int] = []
        """Where in the compacted bytes the values begin that were cut into their elements."""
        self.tail: int | None = None
        """Where the markers of the rest of a broken file begin."""
        self.padded = False
        """Compacted lines are padded with blanks to their old length."""
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
            **self.recognition.described(),
        }
