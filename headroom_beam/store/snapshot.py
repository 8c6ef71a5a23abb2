"""Loads snapshots of a store: its packs, index files and tombstones at one moment."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import NamedTuple

from headroom_beam.errors import IntegrityError, StoreError
from headroom_beam.objects.base import ObjectInfo, ObjectNotFound, Objects
from headroom_beam.store.index import Index, IndexedPack
from headroom_beam.store.names import STORE_FILE, folder_of, verified_by_name
from headroom_beam.store.tombstones import Tombstone, Tombstones, decode_tombstones

__all__ = ["SnapshotLoader", "StoreSize", "StoreSnapshot", "TombstoneLoader"]

log = logging.getLogger(__name__)

_GROUP_BYTES_GUESS = 50_000
"""About how many bytes of a pack a row group takes, to estimate the row groups of uncovered packs."""


class StoreSize(NamedTuple):
    """The size of a store, with which lookups are planned."""

    pack_count: int
    group_count: int
    pack_file_bytes: int


class StoreSnapshot(NamedTuple):
    """What a store holds at one moment. A snapshot is never changed, so readers need no lock."""

    packs: dict[str, int]
    """Every pack: its name and its size in bytes."""
    indexes: tuple[Index, ...]
    """The index files in use. Together they cover every pack that any index file covers."""
    covered: dict[str, IndexedPack]
    """The packs that these index files cover, by name."""
    uncovered: tuple[str, ...]
    """The packs that no index file covers; lookups read their footers."""
    tombstones: Tombstones
    index_names: tuple[str, ...]
    """Every index file, in use or not."""

    def size(self) -> StoreSize:
        """Returns the size of the store. Row groups of uncovered packs are estimated from their bytes."""
        groups = sum(pack.group_count for name, pack in self.covered.items() if name in self.packs)
        groups += sum(max(1, self.packs[name] // _GROUP_BYTES_GUESS) for name in self.uncovered)
        return StoreSize(len(self.packs), groups, sum(self.packs.values()))


class TombstoneLoader:
    """Loads the tombstones of one store. Each file is read once, since none changes. Not thread safe."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._files: dict[str, list[Tombstone]] = {}
        self._tombstones = Tombstones()

    def load(self) -> Tombstones:
        """Lists the tombstone files and returns all tombstones; the same object if nothing has changed.

        Raises:
            IntegrityError: a file is damaged. An erasure must not be overlooked.
            StoreError: the store can't be read.
        """
        names = [info.name for info in self._objects.list("tombstones/")]
        if names != list(self._files):
            self._files = {name: self._files.get(name) or self._read(name) for name in names}
            self._tombstones = Tombstones(tombstone for file in self._files.values() for tombstone in file)
        return self._tombstones

    def _read(self, name: str) -> list[Tombstone]:
        return decode_tombstones(verified_by_name(name, self._objects.get(name)))


class SnapshotLoader:
    """Loads snapshots of one store. Each index file is read once, since none changes. Not thread safe."""

    def __init__(self, objects: Objects, tombstones: TombstoneLoader) -> None:
        self._objects = objects
        self._tombstones = tombstones
        self._indexes: dict[str, Index] = {}
        self._others: dict[str, Index | None] = {}

    def load(self, old: StoreSnapshot | None) -> StoreSnapshot:
        """Lists the store and returns its snapshot, or `old` itself if nothing has changed.

        A damaged index file is left out with a warning: footers say the same.

        Raises:
            IntegrityError: a tombstone file is damaged. An erasure must not be overlooked.
            FormatError: an index file is of an unknown version.
            StoreError: the store can't be read, or is gone.
        """
        # Packs are listed after index files, so a pack that is stored in between is uncovered but not missed.
        index_files = [info for info in self._objects.list("index/") if folder_of(info.name)]
        packs = {info.name: info.size_bytes for info in self._objects.list("packs/") if folder_of(info.name)}
        # A disk that isn't mounted any more must not look like an empty store.
        if not packs and not self._objects.exists(STORE_FILE):
            raise StoreError(f"the store at {self._objects.root} is gone", retryable=True)
        tombstones = self._tombstones.load()
        index_names = tuple(info.name for info in index_files)
        if (
            old is not None
            and old.tombstones is tombstones
            and (old.packs, old.index_names) == (packs, index_names)
        ):
            return old
        indexes, covered = self._load_indexes(index_files, packs)
        return StoreSnapshot(
            packs=packs,
            indexes=indexes,
            covered=covered,
            uncovered=tuple(name for name in packs if name not in covered),
            tombstones=tombstones,
            index_names=index_names,
        )

    def _load_indexes(
        self, files: Iterable[ObjectInfo], packs: Iterable[str]
    ) -> tuple[tuple[Index, ...], dict[str, IndexedPack]]:
        wanted = set(packs)
        indexes: dict[str, Index] = {}
        covered: dict[str, IndexedPack] = {}
        # The largest is read first. Once every pack is covered, smaller ones add nothing and stay unread.
        for info in sorted(files, key=lambda info: (-info.size_bytes, info.name)):
            if wanted <= covered.keys():
                break
            index = self._indexes.get(info.name) or self._load_index(info.name)
            if index is not None and any(
                pack.name in wanted and pack.name not in covered for pack in index.packs
            ):
                indexes[info.name] = index
                covered.update((pack.name, pack) for pack in index.packs)
        self._indexes = indexes
        return tuple(indexes.values()), covered

    def all_indexes(self, snapshot: StoreSnapshot) -> list[Index]:
        """Returns every readable index file of a snapshot.

        Even one that covers no pack of the snapshot may know originals whose packs are lost.
        """
        self._others = {
            name: self._others[name] if name in self._others else self._load_index(name)
            for name in snapshot.index_names
            if name not in self._indexes
        }
        return [*self._indexes.values(), *(index for index in self._others.values() if index is not None)]

    def _load_index(self, name: str) -> Index | None:
        try:
            return Index.decode(verified_by_name(name, self._objects.get(name)))
        except IntegrityError as error:
            log.warning("index file %s is damaged and isn't used: %s", name, error)
        except ObjectNotFound:
            log.info("index file %s is gone", name)
        return None
