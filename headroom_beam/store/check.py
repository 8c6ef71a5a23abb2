"""Checks a store end to end: names, structure, page checksums, digests, indexes, tombstones, markers."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from headroom_beam.errors import DigestMismatch, FormatError, IntegrityError
from headroom_beam.objects.base import ObjectNotFound, Objects
from headroom_beam.records import check_hash
from headroom_beam.store.index import Index, index_rows
from headroom_beam.store.names import STORE_FILE, check_store_file, folder_of, verified_by_name
from headroom_beam.store.pack import verify_pack
from headroom_beam.store.schema import Digests
from headroom_beam.store.tombstones import Tombstone, Tombstones, decode_tombstones

__all__ = ["CheckReport", "Problem", "check_store"]

ProblemKind: TypeAlias = Literal[
    "store", "stray", "name", "corrupt", "digest", "version", "index", "lost", "tombstone", "dangling"
]


class Problem(NamedTuple):
    """One problem: its kind (see `docs/store.md`), the object or hash, and what is wrong with it."""

    kind: ProblemKind
    name: str
    message: str


class CheckReport(NamedTuple):
    """The result of a check. The store is sound when `problems` is empty."""

    pack_count: int
    """Packs, readable or not."""
    original_count: int
    """Distinct originals in readable packs."""
    copy_count: int
    """Rows of all readable packs: more than `original_count` where packs repeat an original."""
    original_bytes: int
    """Bytes of all copies."""
    uncovered_pack_count: int
    """Packs that no index file covers."""
    leftover_count: int
    """Temporary files of killed writers. They are harmless."""
    orphan_count: int | None
    """Originals that none of the given hashes names; None when no hashes were given."""
    problems: tuple[Problem, ...]


def check_store(objects: Objects, *, hashes: Iterable[str] | None = None) -> CheckReport:
    """Reads all packs, index files and tombstones under a root, and reports everything that is wrong.

    It takes the memory of one pack, and that of a few digests for each original.

    Args:
        objects: the store's.
        hashes: hashes (24 or 64 digits) that compacted records name. Each must have an original or a
            tombstone. Originals that none of them names are counted.

    Raises:
        InvalidHash: a text among `hashes` isn't one.
        StoreError: the store can't be read.
    """
    return _Check(objects).run(hashes)


class _Check:
    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.problems: list[Problem] = []
        self.packs: dict[str, tuple[Digests, np.ndarray]] = {}
        self.original_bytes = 0
        self.tombstones: list[Tombstone] = []

    def report(self, kind: ProblemKind, name: str, message: object) -> None:
        self.problems.append(Problem(kind, name, str(message)))

    def run(self, hashes: Iterable[str] | None) -> CheckReport:
        names: dict[str, list[str]] = defaultdict(list)
        for info in self.objects.list():
            names[folder_of(info.name) or ("" if info.name == STORE_FILE else "stray")].append(info.name)
        self._store_file()
        for name in names["stray"]:
            self.report("stray", name, "the file doesn't belong to the store")
        for name in names["packs"]:
            self._pack(name)
        for name in names["tombstones"]:
            self._tombstones(name)
        digests = [np.empty(0, "S32"), *(part[0] for part in self.packs.values())]
        stored = np.unique(np.concatenate(digests))
        tombstones = Tombstones(self.tombstones)
        covered: set[str] = set()
        for name in names["index"]:
            covered |= self._index(name, stored, tombstones)
        orphans = None if hashes is None else self._hashes(hashes, stored, tombstones)
        return CheckReport(
            pack_count=len(names["packs"]),
            original_count=len(stored),
            copy_count=sum(map(len, digests)),
            original_bytes=self.original_bytes,
            uncovered_pack_count=len(set(names["packs"]) - covered),
            leftover_count=sum(1 for _ in self.objects.leftovers()),
            orphan_count=orphans,
            problems=tuple(self.problems),
        )

    def _store_file(self) -> None:
        try:
            check_store_file(self.objects.get(STORE_FILE), self.objects.root)
        except (FormatError, ObjectNotFound) as error:
            self.report("store", STORE_FILE, error)

    def _pack(self, name: str) -> None:
        try:
            data = self.objects.get(name)
        except ObjectNotFound:
            return  # Maintenance has deleted it since it was listed.
        if hashlib.sha256(data).hexdigest() not in name:
            self.report("name", name, "the file's SHA-256 isn't its name")
        try:
            summary = verify_pack(data)
            _, digests, groups = index_rows(name, data)
        except DigestMismatch as error:
            self.report("digest", name, error)
        except IntegrityError as error:
            self.report("corrupt", name, error)
        except FormatError as error:
            self.report("version", name, error)
        else:
            self.packs[name] = (digests, groups)
            self.original_bytes += summary.original_bytes

    def _tombstones(self, name: str) -> None:
        try:
            self.tombstones += decode_tombstones(verified_by_name(name, self.objects.get(name)))
        except (IntegrityError, ObjectNotFound) as error:
            self.report("tombstone", name, error)

    def _index(self, name: str, stored: Digests, tombstones: Tombstones) -> set[str]:
        """Compares an index file with the packs; returns the packs that it covers."""
        try:
            index = Index.decode(verified_by_name(name, self.objects.get(name)))
        except (IntegrityError, FormatError) as error:
            self.report("index", name, error)
            return set()
        except ObjectNotFound:
            return set()
        by_pack = np.argsort(index.pack_ids, kind="stable")
        ends = np.searchsorted(index.pack_ids[by_pack], np.arange(len(index.packs) + 1))
        for pack, start, end in zip(index.packs, ends[:-1], ends[1:], strict=True):
            entries = by_pack[start:end]
            digests, groups = index.digests[entries], index.groups[entries]
            if pack.name in self.packs:
                expected, expected_groups = self.packs[pack.name]
                if not (np.array_equal(digests, expected) and np.array_equal(groups, expected_groups)):
                    self.report("index", name, f"its entries for {pack.name} don't agree with that pack")
            else:
                # Maintenance may have replaced the pack. Its originals then stand in others or have
                # tombstones.
                for at in np.flatnonzero(~np.isin(digests, stored)):
                    digest = digests[at : at + 1].tobytes().hex()
                    if not tombstones.find(digest):
                        self.report("lost", digest, f"stood in {pack.name}, and is in no readable pack now")
        return {pack.name for pack in index.packs}

    def _hashes(self, hashes: Iterable[str], stored: Digests, tombstones: Tombstones) -> int:
        named = np.zeros(len(stored), bool)
        dangling: set[str] = set()
        for text in hashes:
            prefix = bytes.fromhex(check_hash(text))
            low = int(np.searchsorted(stored, np.array([prefix], "S32"))[0])
            high = low
            while high < len(stored) and stored[high : high + 1].tobytes().startswith(prefix):
                high += 1
            named[low:high] = True
            if low == high and text not in dangling and not tombstones.find(text):
                dangling.add(text)
                self.report("dangling", text, "the hash has neither a readable original nor a tombstone")
        return int(np.count_nonzero(~named))
