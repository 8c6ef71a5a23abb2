"""Keeps originals in memory, for crushing without a store.

>>> MemoryOriginals().get("0" * 24)
Traceback (most recent call last):
headroom_beam.errors.OriginalNotFound: no original of hash 000000000000000000000000 is in memory here
"""

import threading
from collections.abc import Iterable

from headroom_beam.errors import AmbiguousHash, LimitExceeded, OriginalNotFound
from headroom_beam.records import check_hash

__all__ = ["MemoryOriginals"]

MAX_BYTES = 256 << 20
"""The default limit, in bytes of originals."""


class MemoryOriginals:
    """Keeps originals in memory, by their digests, for as long as this object lives.

    Nothing is evicted. A call whose originals don't fit raises `LimitExceeded`, and none of them is kept.

    Args:
        max_bytes: bytes of originals to hold at most.

    Raises:
        ValueError: `max_bytes` isn't above 0.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        if max_bytes < 1:
            raise ValueError(f"max_memory_bytes: {max_bytes} is not above 0")
        self._max_bytes = max_bytes
        self._bytes = 0
        self._originals: dict[bytes, bytes] = {}
        self._digests: dict[str, tuple[bytes, ...]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._originals)

    def get(self, hash: str) -> bytes:  # noqa: A002
        """Returns the original of a hash (24 digits) or digest (64 digits).

        Raises:
            InvalidHash: the text is neither a hash nor a digest.
            OriginalNotFound: no original of this hash is in memory.
            AmbiguousHash: several originals have this hash; ask by the digest.
        """
        digests = self._digests.get(check_hash(hash)[:24], ())
        if len(hash) == 64:
            digests = tuple(digest for digest in digests if digest.hex() == hash)
        if not digests:
            raise OriginalNotFound(f"no original of hash {hash} is in memory here")
        if len(digests) > 1:
            raise AmbiguousHash(f"{len(digests)} originals have hash {hash}; ask by the full digest")
        return self._originals[digests[0]]

    def put_many(self, rows: Iterable[tuple[bytes, str, bytes]]) -> None:
        """Keeps originals, each digest once.

        Args:
            rows: digest, hash (24 digits) and bytes of each original.

        Raises:
            LimitExceeded: the originals don't fit. None of them is kept.
        """
        with self._lock:
            new = {
                digest: (name, original) for digest, name, original in rows if digest not in self._originals
            }
            total_bytes = self._bytes + sum(len(original) for _, original in new.values())
            if total_bytes > self._max_bytes:
                raise LimitExceeded(
                    f"originals in memory are over their limit of {self._max_bytes} bytes "
                    "(max_memory_bytes); give SmartCrusher a store, "
                    "or take a new crusher for each batch of work"
                )
            for digest, (name, original) in new.items():
                # Readers take no lock. The original is added before its hash, so that none of them finds a
                # hash without an original.
                self._originals[digest] = original
                self._digests[name] = (*self._digests.get(name, ()), digest)
            self._bytes = total_bytes
