"""Builds and reads index files, which say in which pack and row group each digest is.

An index file can always be rebuilt from its packs. `docs/store.md` specifies the format.

>>> pack = IndexedPack(
...     "packs/" + "0" * 64 + ".parquet", size_bytes=9000, footer_bytes=900, row_count=2, group_count=2
... )
>>> index = Index.build([(pack, np.array([b"a" * 32, b"b" * 32], "S32"), np.array([0, 1], "<u4"))])
>>> [(entry.pack.row_count, entry.group) for entry in Index.decode(index.encode()).find(b"b")]
[(2, 1)]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from headroom_beam.errors import FormatError, IntegrityError
from headroom_beam.store.pack import PackFooter, read_pack
from headroom_beam.store.schema import Digests, digest_array

__all__ = ["Entry", "Index", "IndexedPack", "index_rows"]

MAGIC = b"HBINDEX\n"
INDEX_VERSION = 1
DIGEST_BYTES = 32


class IndexedPack(NamedTuple):
    """A pack whose rows an index lists completely."""

    name: str
    size_bytes: int
    footer_bytes: int
    row_count: int
    group_count: int


class Entry(NamedTuple):
    """Where one copy of an original is."""

    digest: bytes
    pack: IndexedPack
    group: int


class Index:
    """Every digest of the covered packs, sorted. An original that stands in two packs has two entries."""

    def __init__(
        self,
        packs: Sequence[IndexedPack],
        digests: Digests,
        pack_ids: npt.NDArray[np.uint32],
        groups: npt.NDArray[np.uint32],
    ) -> None:
        self.packs = tuple(packs)
        self.digests = digests
        self.pack_ids = pack_ids
        self.groups = groups

    @classmethod
    def build(cls, packs: Iterable[tuple[IndexedPack, Digests, npt.NDArray[np.uint32]]]) -> Index:
        """Builds an index over packs, from each pack's digests and the number of each digest's row group."""
        parts = sorted(packs, key=lambda part: part[0].name)
        digests = np.concatenate([np.empty(0, "S32"), *(part[1] for part in parts)])
        groups = np.concatenate([np.empty(0, "<u4"), *(part[2] for part in parts)]).astype("<u4")
        ids = np.repeat(np.arange(len(parts), dtype="<u4"), [len(part[1]) for part in parts])
        order = np.argsort(digests, kind="stable")
        return cls([part[0] for part in parts], digests[order], ids[order], groups[order])

    def encode(self) -> bytes:
        """Returns the index file's bytes. The same packs give the same bytes."""
        header = {
            "version": INDEX_VERSION,
            "entry_count": len(self.digests),
            "packs": [pack._asdict() for pack in self.packs],
        }
        text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
        text += b" " * (-(len(MAGIC) + 4 + len(text)) % 8)
        arrays = (self.digests.tobytes(), self.pack_ids.tobytes(), self.groups.tobytes())
        return b"".join((MAGIC, len(text).to_bytes(4, "little"), text, *arrays))

    @classmethod
    def decode(cls, data: bytes) -> Index:
        """Reads an index file. The caller has compared its digest with its name.

        Raises:
            IntegrityError: the bytes aren't an index file.
            FormatError: this release doesn't know the version.
        """
        start = len(MAGIC) + 4 + int.from_bytes(data[len(MAGIC) : len(MAGIC) + 4], "little")
        if data[: len(MAGIC)] != MAGIC or start > len(data):
            raise IntegrityError("the file doesn't begin as an index file does")
        try:
            header = json.loads(data[len(MAGIC) + 4 : start])
            if header["version"] != INDEX_VERSION:
                raise FormatError(
                    f"index version {header['version']!r}; this release reads version {INDEX_VERSION}"
                )
            packs = [IndexedPack(**pack) for pack in header["packs"]]
            count = int(header["entry_count"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise IntegrityError("an index file has a malformed header") from error
        if len(data) - start != count * (DIGEST_BYTES + 8):
            raise IntegrityError("an index file doesn't have the length that its header says")
        digests = np.frombuffer(data, "S32", count, start)
        pack_ids = np.frombuffer(data, "<u4", count, start + count * DIGEST_BYTES)
        groups = np.frombuffer(data, "<u4", count, start + count * (DIGEST_BYTES + 4))
        if count and (np.any(digests[:-1] > digests[1:]) or pack_ids.max() >= len(packs)):
            raise IntegrityError("an index file isn't sorted, or names a pack that it doesn't list")
        return cls(packs, digests, pack_ids, groups)

    def find(self, prefix: bytes) -> list[Entry]:
        """Returns the entries whose digests begin with these bytes."""
        low = int(np.searchsorted(self.digests, np.array([prefix], "S32"))[0])
        found = []
        for at in range(low, len(self.digests)):
            digest = self.digests[at : at + 1].tobytes()
            if not digest.startswith(prefix):
                break
            found.append(Entry(digest, self.packs[self.pack_ids[at]], int(self.groups[at])))
        return found


def index_rows(name: str, data: bytes) -> tuple[IndexedPack, Digests, npt.NDArray[np.uint32]]:
    """Reads what an index needs from a pack: its description, its digests and the row group of each.

    Raises:
        CorruptPack: the pack can't be decoded.
        FormatError: this release doesn't know the pack's version.
    """
    footer = PackFooter(data, len(data))
    digests = [digest_array(rows.column("digest")) for _, rows in read_pack(data, ["digest"])]
    counts = [group.row_count for group in footer.groups]
    groups = np.repeat(np.arange(len(counts), dtype="<u4"), counts)
    pack = IndexedPack(name, len(data), footer.footer_bytes, footer.row_count, len(footer.groups))
    return pack, np.concatenate([np.empty(0, "S32"), *digests]), groups
