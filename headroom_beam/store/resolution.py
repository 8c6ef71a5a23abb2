"""Resolves hashes: finds the original of each, or the reason why it has none.

Point reads and scans add the rows that they read to a `Resolution`. So both give the same answers.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headroom_beam.errors import (
    AmbiguousHash,
    DigestMismatch,
    HeadroomBeamError,
    IntegrityError,
    OriginalExpired,
    OriginalNotFound,
)
from headroom_beam.records import check_hash
from headroom_beam.store.schema import HASH_DIGITS, PACK_SCHEMA, Digests, digest_array, wrong_rows
from headroom_beam.store.tombstones import Tombstones

__all__ = ["Lookup", "Resolution", "Status", "resolution_error"]

Status: TypeAlias = Literal["missing", "expired", "erased", "ambiguous", "damaged"]
"""Why a hash has no original to give: never stored here, expired, erased, shared by two originals (ask by the
full digest), or without a readable copy."""

_DIGEST_DIGITS = 64


class Lookup(NamedTuple):
    """The answer for many hashes. Each is either in `found`, or a key of `unresolved`."""

    found: pa.Table
    """Columns of `PACK_SCHEMA`, with one verified row for each hash, sorted by `hash`. That column has the 24
    or 64 digits that were asked for."""
    unresolved: Mapping[str, Status]
    """The reason for each hash that has no original to give."""


def resolution_error(hash_: str, status: Status) -> HeadroomBeamError:
    """Returns the error for a status, for callers that asked for one hash."""
    if status == "missing":
        return OriginalNotFound(f"no original {hash_} was ever stored here")
    if status == "ambiguous":
        return AmbiguousHash(f"{hash_} is the hash of two originals; ask by the full digest")
    if status == "damaged":
        return IntegrityError(
            f"original {hash_} can't be read: a pack that has it, or may have it, is damaged or lost"
        )
    return OriginalExpired(f"original {hash_} was {status}", status)


class Resolution:
    """Collects the rows of the asked hashes, in any order, and gives the answer.

    Args:
        hashes: 24 or 64 digits each.
        columns: columns of `PACK_SCHEMA` that the answer must have; it may have more.

    Raises:
        InvalidHash: a text isn't a hash.
    """

    def __init__(self, hashes: Iterable[str], *, columns: Sequence[str] = PACK_SCHEMA.names) -> None:
        self.asked = sorted({check_hash(text) for text in hashes})
        self.columns = [
            name
            for name in PACK_SCHEMA.names
            if name in {*columns, "digest", "original", "run_date"} - {"hash"}
        ]
        """The columns to read from packs. The answer has these and `hash`, which comes from the question."""
        self._by_width: dict[int, Digests] = {}
        for digits in (HASH_DIGITS, _DIGEST_DIGITS):
            prefixes = [bytes.fromhex(text) for text in self.asked if len(text) == digits]
            if prefixes:
                self._by_width[digits // 2] = np.array(prefixes, f"S{digits // 2}")
        self._tables: list[pa.Table] = []
        self._digests: dict[str, set[bytes]] = {}
        self._run_dates: dict[str, dt.date] = {}
        self._noted: defaultdict[str, set[bytes]] = defaultdict(set)
        self._suspect: set[str] = set()
        self._all_suspect = False

    def add(self, rows: pa.Table) -> None:
        """Takes those of the rows that are asked for, and verifies their digests.

        Args:
            rows: at least the columns in `columns`.

        Raises:
            DigestMismatch: an asked row has other bytes than its digest says. The other rows were taken.
        """
        digests = digest_array(rows.column("digest"))
        matches = {
            width: _among(_beginnings(digests, width), asked) for width, asked in self._by_width.items()
        }
        if not any(matching.any() for matching in matches.values()):
            return
        wanted = np.flatnonzero(np.logical_or.reduce(list(matches.values())))
        rows = rows.select(self.columns)
        rows = rows.take(pa.array(wanted)) if len(wanted) < len(rows) else rows
        damaged = wrong_rows(rows.column("original"), rows.column("digest"))
        run_dates = rows.column("run_date").to_pylist()
        for width, matching in matches.items():
            taken, hashes = [], []
            for row, at in enumerate(wanted.tolist()):
                if not matching[at] or row in damaged:
                    continue
                digest = digests[at : at + 1].tobytes()
                text = digest[:width].hex()
                known = self._digests.setdefault(text, set())
                self._run_dates[text] = max(run_dates[row], self._run_dates.get(text, run_dates[row]))
                if digest not in known:
                    known.add(digest)
                    taken.append(row)
                    hashes.append(text)
            if taken:
                part = rows.take(pa.array(taken)) if len(taken) < len(rows) else rows
                self._tables.append(
                    part.add_column(0, PACK_SCHEMA.field("hash"), pa.array(hashes, pa.string()))
                )
        if damaged:
            raise DigestMismatch(f"{len(damaged)} of the originals asked for don't match their digests")

    def note(self, hash_: str, digest: bytes) -> None:
        """Notes that a digest with this hash is stored, readable or not. Two make the hash ambiguous."""
        self._noted[hash_].add(digest)

    def suspect(self, hashes: Iterable[str]) -> None:
        """Notes that a copy of these hashes can't be read. This matters only if no other copy is found."""
        self._suspect.update(hashes)

    def suspect_all(self) -> None:
        """Notes that an unreadable pack may hold any of the hashes."""
        self._all_suspect = True

    def open_hashes(self, tombstones: Tombstones) -> list[str]:
        """Returns the asked hashes that may still be found: no copy so far may be given out."""
        if not len(tombstones):
            return [text for text in self.asked if not self._digests.get(text)]
        return [
            text
            for text in self.asked
            if not self._digests.get(text) or self._hidden(text, tombstones) == "expired"
        ]

    def finish(self, tombstones: Tombstones) -> Lookup:
        """Returns the answer, once the rows of every pack that may hold one of the hashes were added."""
        unresolved: dict[str, Status] = {}
        for text in self.asked:
            digests = self._digests.get(text, set())
            if len(digests | self._noted.get(text, set())) > 1:
                unresolved[text] = "ambiguous"
            elif not digests:
                unresolved[text] = self._absent(text, tombstones)
            elif len(tombstones) and (reason := self._hidden(text, tombstones)):
                unresolved[text] = reason
        schema = pa.schema([field for field in PACK_SCHEMA if field.name in {"hash", *self.columns}])
        rows = pa.concat_tables(self._tables) if self._tables else schema.empty_table()
        if unresolved:
            rows = rows.filter(
                pa.array([text not in unresolved for text in rows.column("hash").to_pylist()], pa.bool_())
            )
        return Lookup(rows.sort_by("hash") if len(rows) > 1 else rows, unresolved)

    def _absent(self, text: str, tombstones: Tombstones) -> Status:
        reasons = {tombstone.reason for tombstone in tombstones.find(text)}
        if "erased" in reasons:
            return "erased"
        if text in self._suspect or self._all_suspect:
            return "damaged"
        if "expired" in reasons:
            return "expired"
        # An index file may know an original whose pack is lost. Such an original was stored once.
        return "damaged" if self._noted.get(text) else "missing"

    def _hidden(self, text: str, tombstones: Tombstones) -> Literal["erased", "expired"] | None:
        """Returns why the copies found so far may not be given out, or None if one may.

        An expired original may be given out from a copy whose run is later than the tombstone.
        """
        (digest, *_) = self._digests[text]
        return tombstones.hides(digest.hex(), self._run_dates[text])


def _among(values: Digests, asked: Digests) -> npt.NDArray[np.bool_]:
    """Tells for each value whether it is one of `asked`, which is sorted."""
    at = np.minimum(np.searchsorted(asked, values), len(asked) - 1)
    return np.asarray(asked[at] == values)


def _beginnings(digests: Digests, width: int) -> npt.NDArray[np.bytes_]:
    if width == digests.dtype.itemsize:
        return digests
    octets = np.ascontiguousarray(digests).view(np.uint8).reshape(-1, 32)[:, :width]
    return np.ascontiguousarray(octets).reshape(-1).view(f"S{width}")
