"""Opens compacted parts: each is one content, or for an archive a content for each member."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from headroom_beam.files.blocks import chunks_of
from headroom_beam.files.codecs import open_decompressed
from headroom_beam.files.manifest import CompactedPart, PartMember, codec_of_part
from headroom_beam.files.members import Reader, zip_members
from headroom_beam.objects.base import Objects

__all__ = ["PartContent", "content_name", "part_contents"]


class PartContent(NamedTuple):
    """The compacted bytes of a file, of a range of its lines, or of a member of an archive; read once."""

    name: str
    """The relative path of the file; for a member `ARCHIVE/MEMBER`."""
    part: CompactedPart
    framing: str
    start: int
    """Bytes from the start of the file or member, as it was, to this content."""
    stop: int
    compacted_bytes: int
    opened: Sequence[int]
    tail: int | None
    chunks: Iterator[bytes]

    @property
    def growth(self) -> float:
        """How many times its compacted size it had, at least 1."""
        return max((self.stop - self.start) / max(self.compacted_bytes, 1), 1.0)


def content_name(source: str, member: str) -> str:
    """Returns what failures, estimates and people call a member of an archive."""
    return f"{source}/{member}"


def part_contents(
    output: Objects, part: CompactedPart, chunks: Iterator[bytes] | None = None
) -> Iterator[PartContent]:
    """Yields the contents of a part, in order. Each is read before the next is asked for, or not at all.

    Args:
        output: the output of the run.
        part: which part, from the manifest.
        chunks: its bytes, decompressed, if the caller has opened it. Those of a zip archive aren't taken.

    Raises:
        StoreError: it can't be read.
        IntegrityError: it is damaged.
        FormatError: it is compressed in an unknown way.
    """
    if part.framing == "zip":
        with output.open(part.part) as file:
            for member, content in zip(part.members, zip_members(file), strict=False):
                yield _member(part, member, (chunk.data for chunk in content))
        return
    chunks = open_decompressed(output, part.part, codec_of_part(part)) if chunks is None else chunks
    if part.framing == "tar":
        reader = Reader(chunks_of(chunks))
        at = 0
        for member in part.members:
            at += member.skip_bytes
            for _ in reader.take(at - reader.at):
                pass
            at += member.compacted_bytes
            yield _member(part, member, reader.take(member.compacted_bytes))
        return
    yield PartContent(
        name=part.source,
        part=part,
        framing=part.framing,
        start=part.start,
        stop=part.stop,
        compacted_bytes=part.compacted_bytes,
        opened=part.opened,
        tail=part.tail,
        chunks=chunks,
    )


def _member(part: CompactedPart, member: PartMember, chunks: Iterator[bytes]) -> PartContent:
    return PartContent(
        name=content_name(part.source, member.name),
        part=part,
        framing=member.framing,
        start=0,
        stop=member.size_bytes,
        compacted_bytes=member.compacted_bytes,
        opened=member.opened,
        tail=member.tail,
        chunks=chunks,
    )
