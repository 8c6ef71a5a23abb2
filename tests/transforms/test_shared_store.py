"""A store is opened at its first use, and once in a process."""

import pickle
from pathlib import Path

import pytest
from helpers.generators import RUN_DATE, rows_of

from headroom_beam import OriginalStore
from headroom_beam.errors import StoreError
from headroom_beam.transforms.shared_store import SharedStore, pack_names


def test_copies_in_one_process_share_the_store(tmp_path: Path) -> None:
    shared = SharedStore(str(tmp_path / "store"), create=True)
    copies = [pickle.loads(pickle.dumps(shared)) for _ in range(2)]
    assert copies[0].open() is copies[1].open() is shared.open()
    # The open store isn't pickled. A copy opens it again in its own process.
    assert pickle.loads(pickle.dumps(shared))._store is None


def test_a_store_that_is_created_after_its_reader_is_found(tmp_path: Path) -> None:
    reader = SharedStore(str(tmp_path / "store"), create=False)
    with pytest.raises(StoreError, match="no store"):
        reader.open()
    assert not (tmp_path / "store").exists()
    names = OriginalStore.open(tmp_path / "store").put_many(rows_of([b"[1]"]), run_date=RUN_DATE)
    assert pack_names(None, reader) == names
