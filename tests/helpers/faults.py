"""Causes faults in tests: unproved payloads, a flipped bit in a pack, reads that fail or give other bytes."""

from pathlib import Path

import pytest

from headroom_beam import OriginalStore, _core
from headroom_beam.objects.local import LocalObjects


class _Unproved:
    def __init__(self, crushed: _core.CrushedBlock) -> None:
        self._crushed = crushed
        self.unproved_count = 1

    def __getattr__(self, name: str) -> object:
        return getattr(self._crushed, name)


def doubt_each_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every crushed block report an unproved payload. No known input causes one."""
    for name in ("crush_block", "crush_records"):
        crush = getattr(_core, name)
        monkeypatch.setattr(_core, name, lambda *arguments, crush=crush: _Unproved(crush(*arguments)))


def flip_a_bit(store: OriginalStore, name: str) -> None:
    """Damages a pack in the middle, where originals are."""
    path = Path(store.root, name)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


class Faulty(LocalObjects):
    """Objects whose reads fail: `fault` gets the name and the bytes, and returns other bytes or raises."""

    def __init__(self, root: str, fault) -> None:
        super().__init__(root)
        self.fault = fault

    def get(self, name: str) -> bytes:
        return self.fault(name, super().get(name))

    def get_range(self, name: str, offset: int, length: int) -> bytes:
        return self.fault(name, super().get_range(name, offset, length))
