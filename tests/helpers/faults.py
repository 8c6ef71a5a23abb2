"""What goes wrong in tests: payloads without proof, packs with a flipped bit, reads of other bytes."""

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
    """Lets every crushed block say that one payload wasn't proved, which no known input makes true."""
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
    """Objects whose reads go wrong: `fault` gets the name and the bytes and gives other bytes, or raises."""

    def __init__(self, root: str, fault) -> None:
        super().__init__(root)
        self.fault = fault

    def get(self, name: str) -> bytes:
        return self.fault(name, super().get(name))

    def get_range(self, name: str, offset: int, length: int) -> bytes:
        return self.fault(name, super().get_range(name, offset, length))
