"""Records that lose rows and blobs to the store when they are crushed, and what tests do to such a store."""

import json
from pathlib import Path

import pytest

from headroom_beam import OriginalStore, SmartCrusherConfig, _core
from headroom_beam.records import Compacted


def listing(number: int, rows: int = 80) -> bytes:
    """A record whose payload is large enough to lose rows to the store."""
    items = [
        {"id": number * 1000 + row, "name": f"file {row}", "size": row * 37 % 1009} for row in range(rows)
    ]
    return json.dumps({"number": number, "text": "x" * 2000, "items": items}).encode()


RECORDS = [listing(number) for number in range(12)]
BROKEN = [b"{", b"", b'{"a": "\xff"}']
SMALL = SmartCrusherConfig(max_tokens=200)


def hashes_of(row: Compacted) -> list[str]:
    return [hash_ for payload in row.payloads for hash_ in payload.hashes]


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
