"""Opens a store of originals: packs, index files and tombstones under a root.

`docs/store.md` specifies the format.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headroom_beam.errors import FormatError, IntegrityError, StoreError
from headroom_beam.objects.base import ObjectNotFound, Objects
from headroom_beam.objects.open import open_objects
from headroom_beam.records import check_hash
from headroom_beam.store.check import CheckReport, check_store
from headroom_beam.store.index import Index, index_rows
from headroom_beam.store.names import STORE_FILE, check_store_file, index_name, pack_name, store_file
from headroom_beam.store.pack import PackFooter, decode_groups, footer_bytes, read_pack, verify_pack
from headroom_beam.store.pack_builder import PACK_BYTES, PackBuilder
from headroom_beam.store.resolution import Lookup, Resolution, resolution_error
from headroom_beam.store.schema import HASH_DIGITS, Digests
from headroom_beam.store.snapshot import SnapshotLoader, StoreSize, StoreSnapshot, TombstoneLoader
from headroom_beam.store.tombstones import Tombstones

__all__ = ["OriginalStore", "StoreSize"]

log = logging.getLogger(__name__)

REFRESH_S = 60.0
"""Seconds after which a snapshot is loaded again. A new tombstone is obeyed within this time."""
_TAIL_BYTES = 128 << 10
"""Bytes to read from the end of a pack whose footer's length isn't known. Nearly all footers are shorter."""
_FOOTERS_KEPT = 256
PARALLEL_FROM_S = 0.005
"""Seconds of a request from which row groups are read in parallel."""
PARALLEL_READS = 16
"""Row groups that are read in parallel."""


class OriginalStore:
    """Stores originals in a local directory or a bucket, and looks them up by hash.

    Every original that it gives has been verified against its digest. Thread safe, and picklable: a copy in
    another process opens the store again when it is first used.

    Args:
        objects: where the store is; `OriginalStore.open` takes a path or URL instead.
        create: False when there must be a store already.

    >>> import hashlib, tempfile
    >>> store = OriginalStore.open(tempfile.mkdtemp())
    >>> text = b'[{"id":1},{"id":2}]'
    >>> rows = pa.table(
    ...     {
    ...         "digest": pa.array([hashlib.sha256(text).digest()], pa.binary(32)),
    ...         "kind": ["json"],
    ...         "item_count": [2],
    ...         "original": pa.array([text]),
    ...         "tool": ["list_things"],
    ...     }
    ... )
    >>> names = store.put_many(rows, run_date=dt.date(2026, 1, 31))
    >>> store.get(hashlib.sha256(text).hexdigest()[:24])
    b'[{"id":1},{"id":2}]'
    """

    def __init__(self, objects: Objects, *, create: bool = True) -> None:
        self.objects = objects
        self._create = create
        self._lock = threading.RLock()
        self._snapshot: StoreSnapshot | None = None
        self._tombstone_loader = TombstoneLoader(objects)
        self._loader = SnapshotLoader(objects, self._tombstone_loader)
        self._tombstones = Tombstones()
        self._seen_at = self._tombstones_seen_at = -REFRESH_S
        self._opened = False
        self._footers: OrderedDict[str, PackFooter] = OrderedDict()

    @classmethod
    def open(cls, root: str | os.PathLike[str], *, create: bool = True) -> OriginalStore:
        """Opens the store under a root, and makes one if there is none.

        Args:
            root: a directory or `gs://BUCKET/PREFIX`.
            create: False when there must be a store already.

        Raises:
            FormatError: the store is of an unknown version, or has packs and no `store.json`.
            StoreError: there is no store, or it can't be reached.
            ValueError: the root is malformed or of another scheme.
        """
        store = cls(open_objects(root), create=create)
        store._ensure_open()
        return store

    def __reduce__(self) -> tuple[object, ...]:
        return (_reopen, (self.objects, self._create))

    def __repr__(self) -> str:
        return f"OriginalStore({self.root!r})"

    @property
    def root(self) -> str:
        """The directory or `gs://BUCKET/PREFIX` of the store."""
        return self.objects.root

    def _ensure_open(self) -> None:
        if self._opened:
            return
        with self._lock:
            try:
                data = self.objects.get(STORE_FILE)
            except ObjectNotFound:
                if not self._create:
                    raise StoreError(f"there is no store at {self.root}: it has no {STORE_FILE}") from None
                if next(self.objects.list("packs/"), None) is not None:
                    raise FormatError(
                        f"{self.root} has packs but no {STORE_FILE}; its version is unknown"
                    ) from None
                # If two processes make the store at once, both use the file of the first.
                data = self.objects.put_or_get(STORE_FILE, store_file())
            check_store_file(data, self.root)
            self._opened = True

    def put_many(
        self,
        originals: pa.Table | pa.RecordBatch | Iterable[pa.RecordBatch],
        *,
        run_date: dt.date,
        pack_bytes: int = PACK_BYTES,
    ) -> list[str]:
        """Stores originals. They are durable and verified when it returns.

        Erased originals are left out, with a warning in the log.

        Args:
            originals: columns `digest` fixed binary(32), `kind`, `item_count`, `original` and `tool`. `hash`
                and `size_bytes` are compared if they are given.
            run_date: the date of the run that stores these originals.
            pack_bytes: about how many bytes of originals a pack gets.

        Returns:
            The names of the new packs; none for no rows.

        Raises:
            DigestMismatch: an original doesn't match its digest. Nothing of its pack is stored.
            LimitExceeded: an original is over its limit of 1 GiB.
            StoreError: the store can't be read or written.
            IntegrityError: a pack doesn't read back as it was written, or a tombstone file is damaged.
            ValueError: a column is missing or has nulls, or `pack_bytes` is below 1.
        """
        batches = [originals] if isinstance(originals, pa.Table | pa.RecordBatch) else originals
        builder = self.pack_builder(run_date=run_date, pack_bytes=pack_bytes)
        names = [self.put_pack(pack) for batch in batches for pack in builder.add(batch)]
        names += [self.put_pack(pack) for pack in builder.finish()]
        if builder.refused_count:
            log.warning(
                "%d originals weren't stored in %s: they have been erased", builder.refused_count, self.root
            )
        return names

    def pack_builder(self, *, run_date: dt.date, pack_bytes: int = PACK_BYTES) -> PackBuilder:
        """Returns a builder of packs for `put_pack`. It leaves out erased originals and counts them.

        Args:
            run_date: the date of the run that stores the originals.
            pack_bytes: about how many bytes of originals a pack gets.

        Raises:
            IntegrityError, StoreError: as from `tombstones`.
            ValueError: `pack_bytes` is below 1.
        """
        # A writer needs only the tombstones. If it listed packs too, n shards would list n² packs.
        self.tombstones()
        return PackBuilder(run_date=run_date, pack_bytes=pack_bytes, refused=self._erased)

    def _erased(self, digests: Digests) -> npt.NDArray[np.bool_]:
        seen = time.monotonic() < self._tombstones_seen_at + REFRESH_S
        return (self._tombstones if seen else self.tombstones()).refuses(digests)

    def tombstones(self) -> Tombstones:
        """Returns all tombstones as of now. It lists their files, and reads only new ones.

        Raises:
            IntegrityError: a tombstone file is damaged.
            StoreError: the store can't be read.
        """
        self._ensure_open()
        with self._lock:
            now_s = time.monotonic()
            self._tombstones = self._tombstone_loader.load()
            self._tombstones_seen_at = now_s
            return self._tombstones

    def put_pack(self, data: bytes) -> str:
        """Stores one encoded pack and returns its name.

        It verifies every digest in the pack, writes it under its own SHA-256 and reads it back.

        Args:
            data: from `headroom_beam.store.pack_builder.PackBuilder`.

        Raises:
            CorruptPack: the bytes aren't a pack.
            FormatError: the pack is of an unknown version.
            DigestMismatch: an original doesn't match its digest.
            IntegrityError: the pack doesn't read back as it was written.
            StoreError: the store can't be read or written.
        """
        self._ensure_open()
        verify_pack(data)
        name = pack_name(data)
        self.objects.put_if_absent(name, data)
        if pack_name(self.objects.get(name)) != name:
            raise IntegrityError(f"{self.root}/{name} doesn't read back as it was written")
        return name

    def write_index(self, pack_names: Iterable[str] | None = None) -> str | None:
        """Writes one index file over packs.

        Args:
            pack_names: the packs; all if None.

        Returns:
            The name of the index file, or None when there are no packs.

        Raises:
            CorruptPack: a pack can't be decoded.
            FormatError: a pack is of an unknown version.
            ObjectNotFound: a pack isn't there.
            StoreError: the store can't be read or written.
        """
        self._ensure_open()
        names = sorted(set(self.pack_names() if pack_names is None else pack_names))
        if not names:
            return None
        data = Index.build(index_rows(name, self.objects.get(name)) for name in names).encode()
        name = index_name(data)
        self.objects.put_if_absent(name, data)
        self._seen_at = -REFRESH_S
        return name

    def get(self, hash: str) -> bytes:  # noqa: A002 (the field's word)
        """Returns the original of a hash, verified.

        Args:
            hash: 24 or 64 digits.

        Raises:
            InvalidHash: the text isn't a hash.
            OriginalNotFound: no original of this hash was ever stored here.
            OriginalExpired: the original has expired or was erased; `reason` says which.
            AmbiguousHash: two originals share the hash. Ask by the full digest.
            IntegrityError: no copy is readable, or a tombstone file is damaged.
            FormatError: a pack or index file is of an unknown version.
            StoreError: the store can't be read.
        """
        lookup = self.resolve(Resolution([hash], columns=["original"]))
        if hash in lookup.unresolved:
            raise resolution_error(hash, lookup.unresolved[hash])
        return bytes(lookup.found.column("original")[0].as_buffer())

    def get_many(self, hashes: Iterable[str]) -> Lookup:
        """Looks up many hashes by point reads, each row group once.

        All originals found are held in memory: ask for as many as fit. For hashes that may need most of the
        store, `headroom_beam.store.lookup.lookup_many` chooses between this and a scan.

        Args:
            hashes: 24 or 64 digits each.

        Returns:
            The originals found, and for every other hash the reason.

        Raises:
            InvalidHash: a text isn't a hash.
            IntegrityError: a tombstone file is damaged.
            FormatError: a pack or index file is of an unknown version.
            StoreError: the store can't be read.
        """
        return self.resolve(Resolution(hashes))

    def resolve(self, resolution: Resolution) -> Lookup:
        """Answers a resolution by point reads. Raises as `get_many`."""
        snapshot = self._current()
        gone = self._read_points(resolution, snapshot)
        if gone or resolution.open_hashes(snapshot.tombstones):
            # Maintenance may have replaced a pack that is gone, and a hash that isn't found may have been
            # stored since the snapshot. So look once more in a new snapshot.
            fresh = self._refresh()
            if (gone or fresh is not snapshot) and self._read_points(resolution, fresh):
                resolution.suspect_all()
            snapshot = fresh
        return self._finish(resolution, snapshot)

    def contains(self, hash: str) -> bool:  # noqa: A002
        """Returns whether an original of this hash can be given out. An ambiguous hash counts.

        Args:
            hash: 24 or 64 digits.

        Raises:
            InvalidHash, IntegrityError, FormatError, StoreError: as from `get_many`.
        """
        lookup = self.get_many([check_hash(hash)])
        return lookup.unresolved.get(hash, "ambiguous") == "ambiguous"

    def pack_names(self) -> list[str]:
        """Returns the names of all packs as of now, sorted.

        Raises:
            IntegrityError, FormatError, StoreError: as from `get_many`.
        """
        return list(self._refresh().packs)

    def scan(self, resolution: Resolution) -> Lookup:
        """Answers a resolution by reading every pack. Raises as `get_many`."""
        snapshot = self._refresh()
        for name in snapshot.packs:
            try:
                for _, rows in read_pack(self.objects.get(name), resolution.columns):
                    resolution.add(rows)
            except (IntegrityError, ObjectNotFound) as error:
                log.warning("pack %s can't be read: %s", name, error)
                resolution.suspect_all()
        return self._finish(resolution, snapshot)

    def judge(self, resolution: Resolution) -> Lookup:
        """Answers a resolution to which the caller has added every readable copy."""
        return self._finish(resolution, self._current())

    def size(self) -> StoreSize:
        """Returns the size of the store in the current snapshot."""
        return self._current().size()

    def check(self, *, hashes: Iterable[str] | None = None) -> CheckReport:
        """Reads the whole store and reports every problem: see `headroom_beam.store.check.check_store`."""
        return check_store(self.objects, hashes=hashes)

    def _finish(self, resolution: Resolution, snapshot: StoreSnapshot) -> Lookup:
        if hashes := resolution.open_hashes(snapshot.tombstones):
            with self._lock:
                indexes = self._loader.all_indexes(snapshot)
            # An original that an index file knows was stored once. If its pack is lost, the answer must not
            # be "never stored".
            for text in hashes:
                for index in indexes:
                    for entry in index.find(bytes.fromhex(text)):
                        resolution.note(text, entry.digest)
        return resolution.finish(snapshot.tombstones)

    def _read_points(self, resolution: Resolution, snapshot: StoreSnapshot) -> set[str]:
        """Adds the rows of all open hashes. Returns the names of packs that are gone."""
        gone: set[str] = set()
        tried: set[tuple[str, int]] = set()
        while True:
            wanted = self._locate(resolution, snapshot, gone, tried)
            if not wanted:
                return gone
            tried.update(wanted)
            for (name, _), hashes, read in self._read_groups(wanted, resolution.columns):
                try:
                    resolution.add(read())
                except ObjectNotFound:
                    gone.add(name)
                except IntegrityError as error:
                    log.warning("pack %s: %s", name, error)
                    resolution.suspect(hashes)

    def _locate(
        self, resolution: Resolution, snapshot: StoreSnapshot, gone: set[str], tried: set[tuple[str, int]]
    ) -> dict[tuple[str, int], list[str]]:
        """Returns the row groups to read next, each with the hashes for which it is read.

        The first round has one indexed copy of each digest, and every row group that may hold a hash by the
        footer of an uncovered pack. Each later round has one more copy of each hash that is still open.
        """
        wanted: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        hashes = resolution.open_hashes(snapshot.tombstones)
        for text in hashes:
            chosen: set[bytes] = set()
            for index in snapshot.indexes:
                for entry in index.find(bytes.fromhex(text)):
                    resolution.note(text, entry.digest)
                    place = (entry.pack.name, entry.group)
                    if (
                        entry.pack.name in snapshot.packs
                        and place not in tried
                        and entry.digest not in chosen
                    ):
                        chosen.add(entry.digest)
                        wanted[place].append(text)
        if not tried:
            for name in snapshot.uncovered:
                try:
                    footer = self._footer(name, snapshot)
                except ObjectNotFound:
                    gone.add(name)
                except IntegrityError as error:
                    log.warning("pack %s: %s", name, error)
                    resolution.suspect_all()
                else:
                    for text in hashes:
                        for group in footer.groups_of(text[:HASH_DIGITS]):
                            wanted[name, group].append(text)
        return wanted

    def _read_groups(
        self, wanted: dict[tuple[str, int], list[str]], columns: Sequence[str]
    ) -> Iterator[tuple[tuple[str, int], list[str], Callable[[], pa.Table]]]:
        places = sorted(wanted)
        if len(places) == 1 or self.objects.request_s < PARALLEL_FROM_S:
            for place in places:
                yield place, wanted[place], partial(self._read_group, *place, columns)
            return
        with ThreadPoolExecutor(min(PARALLEL_READS, len(places))) as pool:
            futures = [pool.submit(self._read_group, *place, columns) for place in places]
            for place, future in zip(places, futures, strict=True):
                yield place, wanted[place], future.result

    def _read_group(self, name: str, group: int, columns: Sequence[str]) -> pa.Table:
        """Reads and decodes one row group, by one ranged read once the footer is known."""
        footer = self._footer(name, self._current())
        if not 0 <= group < len(footer.groups):
            raise IntegrityError(f"{name} has no row group {group}")
        place = footer.groups[group]
        return decode_groups(
            footer, group, group + 1, self.objects.get_range(name, place.offset, place.length), columns
        )

    def _footer(self, name: str, snapshot: StoreSnapshot) -> PackFooter:
        with self._lock:
            if name in self._footers:
                self._footers.move_to_end(name)
                return self._footers[name]
        size_bytes = snapshot.packs[name] if name in snapshot.packs else self.objects.size(name)
        tail = self._tail(
            name, size_bytes, snapshot.covered[name].footer_bytes if name in snapshot.covered else _TAIL_BYTES
        )
        if (need := footer_bytes(tail)) > len(tail):
            tail = self._tail(name, size_bytes, need)
        footer = PackFooter(tail, size_bytes)
        with self._lock:
            self._footers[name] = footer
            while len(self._footers) > _FOOTERS_KEPT:
                self._footers.popitem(last=False)
        return footer

    def _tail(self, name: str, size_bytes: int, length: int) -> bytes:
        length = min(length, size_bytes)
        return self.objects.get_range(name, size_bytes - length, length)

    def _current(self) -> StoreSnapshot:
        snapshot = self._snapshot
        return (
            snapshot
            if snapshot is not None and time.monotonic() < self._seen_at + REFRESH_S
            else self._refresh()
        )

    def _refresh(self) -> StoreSnapshot:
        """Loads a new snapshot. If nothing has changed, it is the same object as before."""
        self._ensure_open()
        with self._lock:
            self._seen_at = time.monotonic()
            self._snapshot = self._loader.load(self._snapshot)
            return self._snapshot


def _reopen(objects: Objects, create: bool) -> OriginalStore:  # noqa: FBT001 (pickle gives positions)
    return OriginalStore(objects, create=create)
