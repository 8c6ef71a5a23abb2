"""Checks the compacted parts of a run against its manifest, and lists the hashes in their markers."""

import hashlib
from collections.abc import Iterator

from headroom_beam import _core
from headroom_beam.errors import FormatError, IntegrityError
from headroom_beam.files.blocks import chunks_of, cut_blocks
from headroom_beam.files.codecs import open_decompressed
from headroom_beam.files.manifest import CompactedPart, codec_of_part, read_manifest
from headroom_beam.files.part_contents import PartContent, part_contents
from headroom_beam.files.stretches import element_stretches, text_stretch
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
    whole = chunks()
    for content in part_contents(output, part, whole):
        yield from _hashes(content)
    for _ in whole:
        pass
    if digest.hexdigest() != part.compacted_digest:
        raise IntegrityError("the part isn't what the run wrote: its SHA-256 isn't the manifest's")


def _hashes(content: PartContent) -> Iterator[str]:
    if content.framing == "copied":
        for _ in content.chunks:
            pass
    elif content.framing == "text":
        yield from text_stretch(b"".join(content.chunks), skip_broken=False).hashes
    elif content.framing == "lines":
        for block in cut_blocks(chunks_of(content.chunks)):
            yield from _core.markers(block.data).column("hash").to_pylist()
    else:
        stretches = element_stretches(
            content.chunks, content.opened, content.tail, BLOCK_BYTES, skip_broken=False
        )
        for stretch in stretches:
            yield from stretch.hashes
