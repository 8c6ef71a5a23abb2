"""Restores the files of a run to their original bytes.

Restoring follows the run's manifest. A file is published only if the bytes of every part have the digest that
the manifest names.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from headroom_beam import _core
from headroom_beam.errors import DigestMismatch, FormatError
from headroom_beam.files.blocks import chunks_of, cut_blocks
from headroom_beam.files.codecs import FileWriter, open_decompressed
from headroom_beam.files.manifest import CompactedPart, codec_of_part, read_manifest
from headroom_beam.files.members import Reader
from headroom_beam.files.stretches import Stretch, element_stretches, line_stretches, text_stretch
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
    "restore_stretches",
    "source_parts",
]

# Approximate restored bytes whose originals are looked up together. A row group of a pack is then read once
# for all of them.
_BATCH_BYTES = 40 << 20

# Approximate restored bytes of a block, which is restored in memory as a whole. Compacted blocks may be much
# smaller.
_RESTORED_BLOCK_BYTES = 2 << 20

# Hashes that are looked up together at most, since each takes memory, however small its original is.
_BATCH_HASHES = 1 << 18


class RestoredFile(NamedTuple):
    """A file that was restored."""

    name: str
    """Its relative path, as in the input."""
    size_bytes: int
    """Its size in bytes, decompressed."""
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
    """Hash of the original that can't be given out; empty for a malformed line."""
    kind: str
    """`missing`, `expired`, `erased`, `ambiguous`, `damaged` or `format`."""
    message: str


class SourceParts(NamedTuple):
    """The parts of one input file, in order. They are restored together."""

    source: str
    parts: Sequence[CompactedPart]


def source_parts(compacted: str) -> list[SourceParts]:
    """Reads the parts of each input file from a run's manifest.

    Args:
        compacted: root of the run's output.

    Returns:
        The input files, sorted by name.

    Raises:
        StoreError: the run is incomplete, so there is no manifest, or it can't be read.
        FormatError: the manifest is damaged, of an unknown version, or lacks a part.
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
        # The part of a range in which no line starts is empty, and its position means nothing.
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

    `headroom_beam.transforms.restore_files.RestoreFiles` does the same on any runner.

    Args:
        compacted: root of the run's output.
        originals: root of the store.
        output: root of the restored files. They get the relative paths and codecs of the input.

    Returns:
        The restored files, and the lines that prevented other files from being restored.

    Raises:
        StoreError: the run is incomplete, or something can't be read or written.
        DigestMismatch: a part isn't what the run wrote, or doesn't restore to what the run read.
        ObjectConflict: the output has another file of the same name.
        FormatError: the manifest is damaged, of an unknown version, or lacks a part.
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
    """Restores one file, and publishes it if all of it has the digests in the manifest.

    Args:
        source: the parts of the file, from `source_parts`.
        compacted: root of the run's output.
        store: the store with its originals.
        output: root of the restored files.

    Returns:
        The restored file. If lines can't be restored, these lines; then no file is written.

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
        if framing == "text":
            stretches = iter([text_stretch(b"".join(chunks))])
        elif framing == "lines":
            stretches = line_stretches(cut_blocks(chunks_of(chunks), block_bytes=block_bytes))
        else:
            stretches = element_stretches(chunks, opened, tail, block_bytes)
        for batch in _batches(stretches, batch_bytes):
            yield from restore_stretches(batch, self._part, self._store, self.unresolved)

    def _tar(self, reader: Reader) -> Iterator[bytes]:
        wrapping = Reader(chunks_of(self._kept()))
        for member in self._part.members:
            for _ in reader.take(member.skip_bytes):
                pass
            yield from wrapping.take(member.wrapping_bytes)
            yield from self._content(
                reader.take(member.compacted_bytes),
                member.framing,
                member.opened,
                member.tail,
                (member.size_bytes, member.compacted_bytes),
            )
        yield from wrapping.take(None)

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


def restore_stretches(
    batch: Sequence[Stretch], part: CompactedPart, store: OriginalStore, unresolved: list[Unresolved]
) -> Iterator[bytes]:
    """Restores stretches of a part together, and yields their bytes in order.

    Args:
        batch: the stretches. The originals of all that aren't in pieces are in memory at the same time.
        part: the part, for how it was written.
        store: the store with their originals.
        unresolved: takes what can't be restored, and why. It stays as it is in what is yielded.
    """
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
            _core.restore_block(stretch.data, rows, lines=part.framing != "text", padded=part.padded)
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
