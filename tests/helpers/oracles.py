"""Values that tests compare: digests of originals, bytes of files, unresolved markers, counts of reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from headroom_beam import OriginalStore, _core
from headroom_beam.files.codecs import open_decompressed
from headroom_beam.files.manifest import read_manifest
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.restore_file import restore_run
from headroom_beam.objects.base import ObjectInfo
from headroom_beam.objects.open import open_objects
from headroom_beam.records import Compacted
from headroom_beam.store.pack import read_pack


def hash_of(original: bytes) -> str:
    """Returns the hash that a marker of this original carries."""
    return hashlib.sha256(original).hexdigest()[:24]


def digest_of(original: bytes) -> str:
    """Returns the digest of this original, in hexadecimal digits."""
    return hashlib.sha256(original).hexdigest()


def hashes_of(row: Compacted) -> list[str]:
    """Returns the hashes of all originals that a compacted record names."""
    return [hash_ for payload in row.payloads for hash_ in payload.hashes]


def source_digests(folder: Path) -> dict[str, str]:
    """Returns the path of every file below a folder, with the SHA-256 of its decompressed bytes."""
    objects = open_objects(folder)
    return {
        info.name: hashlib.sha256(b"".join(open_decompressed(objects, info.name))).hexdigest()
        for info in objects.list()
    }


def restored_digests(output: Path, originals: Path, restored: Path) -> dict[str, str]:
    """Restores a run, which must leave nothing unresolved, and returns its `source_digests`."""
    _, unresolved = restore_run(str(output), str(originals), str(restored))
    assert unresolved == []
    return source_digests(restored)


def tree(folder: Path) -> dict[str, bytes]:
    """Returns every file below a folder, but for temporary files that killed writers left."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".tmp-")
    }


def unresolved_markers(output: Path, originals: Path) -> set[str]:
    """Returns the hashes in visible parts that the store doesn't have."""
    objects = open_objects(output)
    hashes: set[str] = set()
    for info in objects.list():
        if not info.name.startswith("_"):
            hashes.update(
                _core.markers(b"".join(open_decompressed(objects, info.name))).column("hash").to_pylist()
            )
    if not hashes:
        return set()
    return set(OriginalStore.open(originals, create=False).get_many(hashes).unresolved)


def is_complete(output: Path) -> bool:
    """Tells whether a run has a manifest with parts."""
    return open_objects(output).exists("_manifest.json") and bool(read_manifest(open_objects(output)).parts)


def output_of(settings: RunSettings) -> Path:
    """Returns the folder of a run's parts."""
    return Path(settings.output)


class Counting:
    """Objects that count: they note every listing, and every read of an object's bytes."""

    def __init__(self, root: str) -> None:
        self.objects = open_objects(root)
        self.reads: list[str] = []
        self.listings: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self.objects, name)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        self.listings.append(prefix)
        return self.objects.list(prefix)

    def get(self, name: str) -> bytes:
        self.reads.append(f"get {name}")
        return self.objects.get(name)

    def get_range(self, name: str, offset: int, length: int) -> bytes:
        self.reads.append(f"range {name}")
        return self.objects.get_range(name, offset, length)


def pack_files(root: Path) -> list[Path]:
    """Returns the packs of a store, by name."""
    return sorted((root / "packs").iterdir())


def problem_kinds(root: Path, **options) -> set[str]:
    """Returns the kinds of all problems that `check` finds in a store."""
    return {problem.kind for problem in OriginalStore.open(root).check(**options).problems}


def originals_in(data: bytes) -> list[bytes]:
    """Returns the originals of a pack, in its order."""
    return [text for _, rows in read_pack(data) for text in rows.column("original").to_pylist()]
