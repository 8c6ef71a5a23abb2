"""Bytes that go to the store as they are, because nothing else restores them.

>>> pieces: list[bytes] = []
>>> kept = Kept(lambda piece: pieces.append(piece) or str(len(piece)))
>>> kept.add(b"ab")
>>> kept.finish(), pieces
(['2'], [b'ab'])
"""

from collections.abc import Callable

from headroom_beam.files.blocks import PIECE_BYTES

__all__ = ["Kept"]


class Kept:
    """Bytes that go to the store as they are, in pieces.

    Args:
        keep: puts a piece into the store and returns its digest.
    """

    def __init__(self, keep: Callable[[bytes], str]) -> None:
        self._keep = keep
        self._waiting = bytearray()
        self.digests: list[str] = []
        self.size_bytes = 0

    def add(self, data: bytes) -> None:
        """Takes the next bytes."""
        self.size_bytes += len(data)
        self._waiting += data
        while len(self._waiting) >= PIECE_BYTES:
            self.digests.append(self._keep(bytes(self._waiting[:PIECE_BYTES])))
            del self._waiting[:PIECE_BYTES]

    def finish(self) -> list[str]:
        """Puts the rest away, and returns the digests of all pieces."""
        if self._waiting:
            self.digests.append(self._keep(bytes(self._waiting)))
            self._waiting.clear()
        return self.digests
