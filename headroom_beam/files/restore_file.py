"""The files of a run, back to their original bytes.

Restoring follows the run's manifest. A file is written only when the bytes of every part have the digest that
they had.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from headroom_beam import _core
from headroom_beam.errors import DigestMismatch, FormatError
from headroom_beam.files.archives import Reader
from headroom_beam.files.blocks import chunks_of, cut_blocks
from headroom_beam.files.codecs import FileWriter, open_decompressed
from headroom_beam.files.manifest import CompactedPart, codec_of_part, read_manifest
from headroom_beam.files.stretches import Stretch, element_stretches, line_stretches
from headroom_beam.objects.open import open_objects
from headroom_beam.records import BLOCK_BYTES
from headroom_beam.restore.found_originals import take_originals
from headroom_beam.store.lookup import lookup_many
from headroom_beam.store.resolution import resolution_error
from headroom_beam.store.store import OriginalStore

__all__ = [
    "RestoredFile",
    "SourceParts",
    "Unresolved",
    "restore_file",
    "restore_run",
    "source_parts",
]

# Originals are looked up together for so many restored bytes, about: each row group of a pack is read once
# for all.
_BATCH_BYTES = 40 << 20

# A block is restored whole in memory, so its compacted bytes are few where they stand for many.
_RESTORED_BLOCK_BYTES = 2 << 20

# And for so many hashes at most, because each costs memory however small its original is.
_BATCH_HASHES = 1 << 18


class RestoredFile(NamedTuple):
    """A file whose original bytes are back."""

    name: str
    """Its relative path, as it was below the input's folder."""
    size_bytes: int
    """Bytes, decompressed."""
    digest: str
    """Hex SHA-256 of its bytes, decompressed."""


class Unresolved(NamedTuple):
    """A line that can't be restored, and why; its file isn't written."""

    source: str
    """Relative path of the input file."""
    part: str
    """Name of the compacted part."""
    offset: int
    """Bytes from the start of the part (decompressed) to the line."""
    length: int
    hash: str
    """Of the original that is wanted; empty when the line's form is wrong."""
    kind: str
    """`missing`, `expired`, `erased`, `ambiguous`, `damaged` or `format`."""
    message: str


class SourceParts(NamedTuple):
    """The parts of one input file, in order: what is restored in one piece."""

    source: str
    parts: Sequence[CompactedPart]


def source_parts(compacted: str) -> list[SourceParts]:
    """Reads from a run's manifest what there is to restore.

    Args:
        compacted: root of the run's output.

    Raises:
        StoreError: the run is incomplete: there is no manifest; or it can't be read.
        FormatError: the manifest is of an unknown version, damaged, or lacks a part.
    """
    parts = sorted(
        read_manifest(open_objects(compacted)).parts, key=lambda part: (part.source, part.start, part.stop)
    )
    sources = [
        SourceParts(source, list(group))
        for source, group in itertools.groupby(parts, key=lambda part: part.source)
    ]
    for source in sources:
        end = 0
        # Ranges in which no line starts are empty and may lie anywhere.
        for part in (part for part in source.parts if part.start != part.stop):
            if part.start != end:
                raise FormatError(
                    f"{compacted}: the manifest has no part for bytes {end} to {part.start} "
                    f"of {source.source}"
                )
            end = part.stop
    return sources


def restore_run(compacted: str, originals: str, output: str) -> tuple[list[RestoredFile], list[Unresolved]]:
    """Restores all files of a run, in this process.

    `headroom_beam.transforms.restore_files.RestoreFiles` is the same on any runner.

    Args:
        compacted: root of the run's output.
        originals: root of the store.
        output: root of the restored files; they have the relative paths and codecs of the input.

    Returns:
        The files that were restored, and the lines for which another wasn't.

    Raises:
        StoreError: the run is incomplete, or something can't be read or written.
        DigestMismatch: a part isn't what the run wrote, or doesn't restore to what the run read.
        FormatError: the manifest is of an unknown version, damaged, or lacks a part.
    """
    store = OriginalStore.open(originals, create=False)
    files: list[RestoredFile] = []
    unresolved: list[Unresolved] = []
    for source in source_parts(compacted):
        result = restore_file(source, compacted, store, output)
        if isinstance(result, RestoredFile):
            files.append(result)
        else:
            unresolved += result
    return files, unresolved


def restore_file(
    source: SourceParts, compacted: str, store: OriginalStore, output: str
) -> RestoredFile | list[Unresolved]:
    """Restores one file and publishes it, once all of it has been compared with the digests of the run.

    Args:
        source: from `source_parts`.
        compacted: root of the run's output.
        store: where its originals are.
        output: root of the restored files.

    Returns:
        The file; or the lines that can't be restored, and then nothing is written.

    Raises:
        DigestMismatch: a part isn't what the run wrote, or doesn't restore to what the run read.
        ObjectConflict: the output has another file of this name.
        StoreError: something can't be read or written.
    """
    writer = FileWriter(open_objects(output), source.source, codec_of_part(source.parts[0]))
    try:
        unresolved: list[Unresolved] = []
        for part in source.parts:
            unresolved += _restore_part(part, compacted, store, writer)
        if unresolved:
            return unresolved
        writer.publish()
        return RestoredFile(source.source, writer.size_bytes, writer.digest)
    finally:
        writer.close()


def _restore_part(
    part: CompactedPart, compacted: str, store: OriginalStore, writer: FileWriter
) -> list[Unresolved]:
    compacted_digest, source_digest = hashlib.sha256(), hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        for chunk in open_decompressed(open_objects(compacted), part.part, codec_of_part(part)):
            compacted_digest.update(chunk)
            yield chunk

    restoring = _Restoring(part, store)
    for restored in restoring.restored(chunks()):
        source_digest.update(restored)
        writer.write(restored)
    name = f"{compacted}/{part.part}"
    if compacted_digest.hexdigest() != part.compacted_digest:
        raise DigestMismatch(f"{name} isn't what the run wrote: its SHA-256 isn't the manifest's")
    if not restoring.unresolved and source_digest.hexdigest() != part.source_digest:
        raise DigestMismatch(f"{name} doesn't restore to what the run read: the SHA-256 isn't the manifest's")
    return restoring.unresolved


class _Restoring:
    """The restoring of one part, however it holds its records."""

    def __init__(self, part: CompactedPart, store: OriginalStore) -> None:
        self.unresolved: list[Unresolved] = []
        self._part = part
        self._store = store

    def restored(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yields the bytes that the part was made of; all chunks of it are taken."""
        part = self._part
        if part.framing == "tar":
            yield from self._tar(Reader(chunks_of(chunks)))
        elif part.framing == "zip":
            yield from self._kept()
        else:
            yield from self._content(
                chunks, part.framing, part.opened, part.tail, (part.stop - part.start, part.compacted_bytes)
            )
        for _ in chunks:
            pass

    def _content(
        self,
        chunks: Iterator[bytes],
        framing: str,
        opened: Sequence[int],
        tail: int | None,
        sizes: tuple[int, int],
    ) -> Iterator[bytes]:
        if framing == "copied":
            yield from chunks
            return
        # How far compacted bytes grow is known for the whole part only, which is near enough for sizes.
        growth = max(sizes[0] / max(sizes[1], 1), 1.0)
        batch_bytes, block_bytes = (
            max(int(size / growth), 1) for size in (_BATCH_BYTES, _RESTORED_BLOCK_BYTES)
        )
        block_bytes = min(BLOCK_BYTES, block_bytes)
        if framing == "lines":
            stretches = line_stretches(cut_blocks(chunks_of(chunks), block_bytes=block_bytes))
        else:
            stretches = element_stretches(chunks, opened, tail, block_bytes)
        for batch in _batches(stretches, batch_bytes):
            yield from _restore_batch(batch, self._part, self._store, self.unresolved)

    def _tar(self, reader: Reader) -> Iterator[bytes]:
        frame = Reader(chunks_of(self._kept()))
        for member in self._part.members:
            for _ in reader.take(member.skip_bytes):
                pass
            yield from frame.take(member.frame_bytes)
            yield from self._content(
                reader.take(member.compacted_bytes),
                member.framing,
                member.opened,
                member.tail,
                (member.size_bytes, member.compacted_bytes),
            )
        yield from frame.take(None)

    def _kept(self) -> Iterator[bytes]:
        """The bytes of an archive that the store has as they were."""
        part = self._part
        everything = Stretch(0, b"", part.kept, in_pieces=True)
        yield from _restore_pieces(everything, part, self._store, self.unresolved)


def _batches(stretches: Iterable[Stretch], batch_bytes: int) -> Iterator[list[Stretch]]:
    batch: list[Stretch] = []
    size_bytes = hash_count = 0
    for stretch in stretches:
        batch.append(stretch)
        size_bytes += len(stretch.data)
        hash_count += len(stretch.hashes)
        if size_bytes >= batch_bytes or hash_count >= _BATCH_HASHES:
            yield batch
            batch, size_bytes, hash_count = [], 0, 0
    if batch:
        yield batch


def _restore_batch(
    batch: Sequence[Stretch], part: CompactedPart, store: OriginalStore, unresolved: list[Unresolved]
) -> Iterator[bytes]:
    lookup = lookup_many(
        store, {hash_ for stretch in batch if not stretch.in_pieces for hash_ in stretch.hashes}
    )
    places = {hash_: at for at, hash_ in enumerate(lookup.found.column("hash").to_pylist())}
    for stretch in batch:
        if stretch.in_pieces:
            yield from _restore_pieces(stretch, part, store, unresolved)
            continue
        rows = take_originals(
            lookup.found, sorted({places[hash_] for hash_ in stretch.hashes if hash_ in places})
        )
        restored = (
            _core.restore_block(stretch.data, rows)
            if stretch.elements is None
            else _core.restore_elements(stretch.elements, rows)
        )
        for row in restored.unresolved().to_pylist():
            status = lookup.unresolved.get(row["hash"])
            unresolved.append(
                Unresolved(
                    source=part.source,
                    part=part.part,
                    offset=stretch.offset + row["offset"],
                    length=row["length"],
                    hash=row["hash"],
                    kind=status or row["kind"],
                    message=str(resolution_error(row["hash"], status)) if status else row["message"],
                )
            )
        yield restored.restored


def _restore_pieces(
    stretch: Stretch, part: CompactedPart, store: OriginalStore, unresolved: list[Unresolved]
) -> Iterator[bytes]:
    for hash_ in stretch.hashes:
        lookup = lookup_many(store, [hash_])
        for status in lookup.unresolved.values():
            message = str(resolution_error(hash_, status))
            place = (part.source, part.part, stretch.offset, len(stretch.data))
            unresolved.append(Unresolved(*place, hash_, status, message))
        for original in lookup.found.column("original"):
            yield original.as_py()
