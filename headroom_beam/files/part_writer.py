"""Writes a compacted part, and describes it as a manifest does."""

from headroom_beam.files.codecs import FileWriter
from headroom_beam.files.content import Content
from headroom_beam.files.manifest import CompactedPart, PartMember
from headroom_beam.files.sources import Framing, Span
from headroom_beam.objects.base import Objects

__all__ = ["PartWriter"]


class PartWriter(Content):
    """A compacted part on its way, with the digest of the source bytes that it stands for.

    Args:
        output: where the part will be.
        span: what it is made of.
        framing: how it holds its records.
        notes: what people should know about the file; may grow until the part is published.
        in_memory: let it wait in memory instead of in an open file.
    """

    def __init__(
        self, output: Objects, span: Span, framing: Framing, notes: list[str], *, in_memory: bool
    ) -> None:
        super().__init__(span.source.name, span.part)
        self.span = span
        self._framing = framing
        self._notes = notes
        self._codec = "plain" if framing in ("copied", "zip") else span.source.codec
        self._members: list[PartMember] = []
        self._kept: list[str] = []
        self._file = FileWriter(output, span.part, self._codec, in_memory=in_memory)

    def put(self, compacted: bytes) -> None:
        """Writes compacted bytes."""
        self._file.write(compacted)

    def take_archive(self, members: list[PartMember], kept: list[str]) -> None:
        """Takes what the members of an archive have come to, and the hashes of what it is put together of."""
        self._members = members
        self._kept = kept
        self.records = sum(member.records for member in members)
        self.failures = sum(member.failures for member in members)
        self.recognition.take_members(members)

    def publish(self, packs: list[str]) -> CompactedPart:
        """Makes the part visible. Its packs must be durable already."""
        self._file.publish()
        # If no line starts in the range, the part is empty, and any position will do.
        start = self.span.start if self.start is None else self.start
        return CompactedPart(
            part=self.span.part,
            source=self.span.source.name,
            start=start,
            stop=start + self.source_bytes,
            **self.described(),
            packs=packs,
            framing="elements" if self._framing == "document" and self.opened else self._framing,
            codec=self._codec,
            members=self._members,
            kept=self._kept,
            note="; ".join(self._notes),
            padded=self.padded,
        )

    def close(self) -> None:
        """Drops the part, unless it was published."""
        self._file.close()
