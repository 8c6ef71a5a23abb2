"""What becomes of asked hashes: the rows found for each, and for every other one the reason why not.

Point reads and scans feed the same `Resolution`, so that both answer alike.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headroom_beam.errors import (
    AmbiguousHash,
    HeadroomBeamError,
    IntegrityError,
    InvalidHash,
    OriginalExpired,
    OriginalNotFound,
)
from headroom_beam.rows import HASH_DIGITS, PACK_SCHEMA, Digests, digest_array, verify_digests
from headroom_beam.tombstones import Tombstones

__all__ = ["Lookup", "Resolution", "Status", "check_hash", "resolution_error"]

Status: TypeAlias = Literal["missing", "expired", "erased", "ambiguous", "damaged"]
"""Why a hash has no original: never stored here, taken out by age, taken out by request, shared by two originals (ask by the
full digest), or stored but unreadable."""

_DIGEST_DIGITS = 64


class Lookup(NamedTuple):
    """The answer for many hashes: each asked one is either in `found.hash` or a key of `unresolved`."""

    found: pa.Table
    """Columns of `PACK_SCHEMA`, one row a hash, sorted by it; `hash` as it was asked (24 or 64 digits), bytes verified."""
    unresolved: Mapping[str, Status]


def check_hash(text: object) -> str:
    """Returns a hash if it is one: 24 or 64 lower-case hex digits. Raises InvalidHash otherwise.

    >>> check_hash("ABC")
    Traceback (most recent call last):
    headroom_beam.errors.InvalidHash: a hash has 24 or 64 lower-case hexadecimal digits; this text of 3 characters isn't one
    """
    if not isinstance(text, str) or not re.fullmatch(r"[0-9a-f]{24}(?:[0-9a-f]{40})?", text):
        length = f"text of {len(text)} characters" if isinstance(text, str) else type(text).__name__
        raise InvalidHash(f"a hash has 24 or 64 lower-case hexadecimal digits; this {length} isn't one")
    return text


def resolution_error(hash_: str, status: Status) -> HeadroomBeamError:
    """The error that says what a status says, for callers that asked for one hash."""
    if status == "missing":
        return OriginalNotFound(f"no original {hash_} was ever stored here")
    if status == "ambiguous":
        return AmbiguousHash(f"{hash_} is the hash of two originals; ask by the full digest")
    if status == "damaged":
        return IntegrityError(f"{hash_} can't be told: a pack that has it, or may have it, is damaged")
    return OriginalExpired(f"original {hash_} was {status}", status)


class Resolution:
    """Collects rows for asked hashes, from whatever is read, in any order.

    Raises InvalidHash for a hash that isn't one.
    """

    def __init__(self, hashes: Iterable[str]) -> None:
        self.asked = sorted({check_hash(text) for text in hashes})
        self._by_width = {
            digits // 2: np.array(
                [bytes.fromhex(text) for text in self.asked if len(text) == digits], f"S{digits // 2}"
            )
            for digits in (HASH_DIGITS, _DIGEST_DIGITS)
        }
        self._tables: list[pa.Table] = []
        self._digests: dict[str, set[bytes]] = {}
        self._noted: defaultdict[str, set[bytes]] = defaultdict(set)
        self._suspect: set[str] = set()
        self._all_suspect = False

    def matches(self, digests: Digests) -> npt.NDArray[np.bool_]:
        """For each digest, whether it belongs to an asked hash that this digest hasn't been found for yet."""
        wanted = np.zeros(len(digests), bool)
        for width, prefixes in self._by_width.items():
            if len(prefixes):
                wanted |= np.isin(_beginnings(digests, width), prefixes)
        return wanted

    def add(self, rows: pa.Table) -> None:
        """Takes those rows (columns of `PACK_SCHEMA`) that are asked for, verifying their bytes.

        Raises DigestMismatch for a row whose bytes aren't those of its digest; the row isn't taken.
        """
        wanted = self.matches(digest_array(rows.column("digest")))
        if not wanted.any():
            return
        rows = rows.filter(pa.array(wanted)) if not wanted.all() else rows
        verify_digests(rows.column("original"), rows.column("digest"))
        digests = digest_array(rows.column("digest"))
        for width, prefixes in self._by_width.items():
            if not len(prefixes):
                continue
            beginnings = _beginnings(digests, width)
            taken = []
            hashes = []
            for at in np.flatnonzero(np.isin(beginnings, prefixes)).tolist():
                text = beginnings[at : at + 1].tobytes().hex()
                known = self._digests.setdefault(text, set())
                digest = digests[at : at + 1].tobytes()
                if digest not in known:
                    known.add(digest)
                    taken.append(at)
                    hashes.append(text)
            if taken:
                part = rows if taken == list(range(len(rows))) else rows.take(pa.array(taken, pa.int64()))
                self._tables.append(part.set_column(0, PACK_SCHEMA.field("hash"), pa.array(hashes, pa.string())))

    def note(self, hash_: str, digest: bytes) -> None:
        """Notes that an original of this digest is stored, whether or not its bytes can be read: two make a hash ambiguous."""
        self._noted[hash_].add(digest)

    def suspect(self, hashes: Iterable[str]) -> None:
        """Notes that a copy of these can't be read; it matters only where no other copy is found."""
        self._suspect.update(hashes)

    def suspect_all(self) -> None:
        """Notes that a pack that may hold any hash can't be read."""
        self._all_suspect = True

    def open_hashes(self) -> list[str]:
        """The asked hashes for which nothing has been found so far."""
        return [text for text in self.asked if not self._digests.get(text)]

    def finish(self, tombstones: Tombstones) -> Lookup:
        """The answer, once everything that could hold one of the hashes has been added."""
        rows = pa.concat_tables(self._tables) if self._tables else PACK_SCHEMA.empty_table()
        unresolved: dict[str, Status] = {}
        for text in self.asked:
            digests = self._digests.get(text, set())
            if len(digests | self._noted.get(text, set())) > 1:
                unresolved[text] = "ambiguous"
            elif not digests:
                unresolved[text] = self._absent(text, tombstones)
        if len(tombstones):
            self._hide(rows, tombstones, unresolved)
        keep = [text not in unresolved for text in rows.column("hash").to_pylist()]
        rows = rows if all(keep) else rows.filter(pa.array(keep, pa.bool_()))
        return Lookup(rows.sort_by("hash") if len(rows) > 1 else rows, unresolved)

    def _absent(self, text: str, tombstones: Tombstones) -> Status:
        reasons = {tombstone.reason for tombstone in tombstones.find(text)}
        if "erased" in reasons:
            return "erased"
        if text in self._suspect or self._all_suspect:
            return "damaged"
        return "expired" if reasons else "missing"

    def _hide(self, rows: pa.Table, tombstones: Tombstones, unresolved: dict[str, Status]) -> None:
        columns = (rows.column(name).to_pylist() for name in ("hash", "digest", "run_date"))
        for text, digest, run_date in zip(*columns, strict=True):
            reason = tombstones.hides(digest.hex(), run_date)
            if reason and text not in unresolved:
                unresolved[text] = reason


def _beginnings(digests: Digests, width: int) -> npt.NDArray[np.bytes_]:
    if width == digests.dtype.itemsize:
        return digests
    octets = np.ascontiguousarray(digests).view(np.uint8).reshape(-1, 32)[:, :width]
    return np.ascontiguousarray(octets).reshape(-1).view(f"S{width}")
