"""Stores that tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.generators import RUN_DATE, STORED, rows_of
from helpers.oracles import digest_of, hash_of

from headroom_beam import OriginalStore
from headroom_beam.store.names import tombstone_name
from headroom_beam.store.tombstones import Tombstone, encode_tombstones


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A store with two packs, an index over one of them, and a tombstone."""
    writer = OriginalStore.open(tmp_path)
    first = writer.put_many(rows_of(STORED[:100]), run_date=RUN_DATE)
    writer.write_index(first)
    writer.put_many(rows_of(STORED[80:]), run_date=RUN_DATE)
    data = encode_tombstones([Tombstone(digest_of(b"gone"), "erased", RUN_DATE)])
    writer.objects.put_if_absent(tombstone_name(data), data)
    assert writer.check(hashes=[*map(hash_of, STORED), hash_of(b"gone")]).problems == ()
    return tmp_path
