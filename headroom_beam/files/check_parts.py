"""Checks the compacted parts of a run against its manifest, and lists the hashes in their markers."""

import hashlib
from collections.abc import Iterator, Sequence

from headroom_beam import _core
from headroom_beam.errors import FormatError, IntegrityError
from headroom_beam.files.archives import Reader, zip_members
from headroom_beam.files.blocks import chunks_of, cut_blocks
from headroom_beam.files.codecs import open_decompressed
from headroom_beam.files.manifest import CompactedPart, codec_of_part, read_manifest
from headroom_beam.files.parquet_files import row_blocks
from headroom_beam.files.sources import Source
from headroom_beam.files.stretches import element_stretches
from headroom_beam.objects.base import ObjectNotFound, Objects
from headroom_beam.records import BLOCK_BYTES
from headroom_beam.store.check import Problem

__all__ = ["marker_hashes"]


def marker_hashes(output: Objects, problems: list[Problem]) -> Iterator[str]:
    """Yields the hash of every marker of a run, and compares each part with the manifest.

    Args:
        output: the output of the run.
        problems: a list to which the problems of the parts are added. It is complete when the iterator ends.

    Raises:
        StoreError: the run is incomplete, or can't be read.
        FormatError: the manifest is damaged, or of an unknown version.
    """
    for part in read_manifest(output).parts:
        try:
            yield from _part_hashes(output, part)
        except ObjectNotFound:
            problems.append(
                Problem(
                    "lost", f"{output.root}/{part.part}", "the manifest lists this part, but it is missing"
                )
            )
        except (FormatError, IntegrityError) as error:
            problems.append(Problem("corrupt", f"{output.root}/{part.part}", str(error)))


def _part_hashes(output: Objects, part: CompactedPart) -> Iterator[str]:
    digest = hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        for chunk in open_decompressed(output, part.part, codec_of_part(part)):
            digest.update(chunk)
            yield chunk

    yield from part.kept
    if part.framing == "tar":
        reader = Reader(chunks_of(chunks()))
        for member in part.members:
            for _ in reader.take(member.skip_bytes):
                pass
            yield from _hashes(
                reader.take(member.compacted_bytes), member.framing, member.opened, member.tail
            )
        for _ in reader.take(None):
            pass
    elif part.framing == "zip":
        for _ in chunks():
            pass
        with output.open(part.part) as file:
            for member, content in zip(part.members, zip_members(file), strict=False):
                data = (chunk.data for chunk in content)
                yield from _hashes(data, member.framing, member.opened, member.tail)
    elif part.framing == "parquet":
        for _ in chunks():
            pass
        source = Source(output.root, part.part, part.compacted_bytes, "", "parquet")
        for block in row_blocks(source):
            yield from _core.markers(block.data).column("hash").to_pylist()
    else:
        yield from _hashes(chunks(), part.framing, part.opened, part.tail)
    if digest.hexdigest() != part.compacted_digest:
        raise IntegrityError("the part isn't what the run wrote: its SHA-256 isn't the manifest's")


def _hashes(chunks: Iterator[bytes], framing: str, opened: Sequence[int], tail: int | None) -> Iterator[str]:
    if framing == "copied":
        for _ in chunks:
            pass
    elif framing == "lines":
        for block in cut_blocks(chunks_of(chunks)):
            yield from _core.markers(block.data).column("hash").to_pylist()
    else:
        for stretch in element_stretches(chunks, opened, tail, BLOCK_BYTES, skip_broken=False):
            yield from stretch.hashes
