"""Reads and writes tombstones, which say which originals were erased or have expired, and when.

>>> import datetime
>>> line = Tombstone("ab" * 32, "erased", datetime.date(2026, 1, 31))
>>> tombstones = Tombstones(decode_tombstones(encode_tombstones([line])))
>>> tombstones.find("ab" * 12)[0].reason, len(tombstones)
('erased', 1)
"""

from __future__ import annotations

import bisect
import datetime
import json
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from headroom_beam.errors import IntegrityError
from headroom_beam.store.schema import Digests

__all__ = ["Tombstone", "Tombstones", "decode_tombstones", "encode_tombstones"]


class Tombstone(NamedTuple):
    """The note that an original was erased or has expired. Only an expired one may be stored again."""

    digest: str
    reason: Literal["erased", "expired"]
    date: datetime.date


def encode_tombstones(tombstones: Iterable[Tombstone]) -> bytes:
    """Returns the bytes of a tombstone file: JSON Lines, sorted."""
    lines = sorted({(t.digest, t.reason, t.date.isoformat()) for t in tombstones})
    return b"".join(
        json.dumps({"digest": digest, "reason": reason, "date": date}, separators=(",", ":")).encode() + b"\n"
        for digest, reason, date in lines
    )


def decode_tombstones(data: bytes) -> list[Tombstone]:
    """Reads the bytes of a tombstone file.

    Raises:
        IntegrityError: a line is malformed. An erasure must not be overlooked.
    """
    found = []
    for number, line in enumerate(data.splitlines(), 1):
        try:
            row = json.loads(line)
            digest, reason, date = row["digest"], row["reason"], datetime.date.fromisoformat(row["date"])
            if reason not in ("erased", "expired") or not re.fullmatch("[0-9a-f]{64}", digest):
                raise ValueError("not a tombstone")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise IntegrityError(f"line {number} of a tombstone file is malformed") from error
        found.append(Tombstone(digest, reason, date))
    return found


class Tombstones:
    """All tombstones of a store, in memory."""

    def __init__(self, tombstones: Iterable[Tombstone] = ()) -> None:
        self._sorted = sorted(set(tombstones))
        self._erased = np.array(
            sorted({bytes.fromhex(t.digest) for t in self._sorted if t.reason == "erased"}), dtype="S32"
        )

    def __len__(self) -> int:
        return len(self._sorted)

    def find(self, prefix: str) -> list[Tombstone]:
        """Returns the tombstones whose digests begin with these hex digits."""
        at = bisect.bisect_left(self._sorted, (prefix,))
        found = []
        while at < len(self._sorted) and self._sorted[at].digest.startswith(prefix):
            found.append(self._sorted[at])
            at += 1
        return found

    def refuses(self, digests: Digests) -> npt.NDArray[np.bool_]:
        """Tells for each digest whether it was erased and must not be stored again."""
        return np.isin(digests, self._erased) if len(self._erased) else np.zeros(len(digests), bool)

    def hides(self, digest: str, run_date: datetime.date) -> Literal["erased", "expired"] | None:
        """Returns why a stored copy may not be given out, or None if it may.

        Args:
            digest: 64 hex digits.
            run_date: the copy's. A copy of a later date than an `expired` tombstone may be given out.
        """
        found = self.find(digest)
        if any(tombstone.reason == "erased" for tombstone in found):
            return "erased"
        return "expired" if any(run_date <= tombstone.date for tombstone in found) else None
