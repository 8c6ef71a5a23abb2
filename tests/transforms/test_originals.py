"""`WriteOriginals` and `ReadOriginals`: the same bytes come back, also after writing twice."""

import datetime as dt

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from helpers.collecting import Collect
from helpers.faults import flip_a_bit
from helpers.generators import RUN_DATE, bury, rows_of, some_originals

from headroom_beam import OriginalStore
from headroom_beam.errors import CorruptPack, DigestMismatch, StoreError
from headroom_beam.records import original_rows
from headroom_beam.transforms.originals import ReadOriginals, WriteOriginals

TEXTS = some_originals(50)
ROWS = [row for batch in rows_of(TEXTS).to_batches() for row in original_rows(batch)]


def write(rows, root, **arguments) -> None:
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        _ = pipeline | beam.Create(rows, reshuffle=False) | WriteOriginals(str(root), **arguments)


def read(root, collect: Collect, name: str = "read"):
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        collect(pipeline | ReadOriginals(str(root)), name)
    return collect[name]


def test_written_originals_are_read_back(tmp_path, collect):
    write(ROWS, tmp_path / "store")
    assert sorted(read(tmp_path / "store", collect)) == sorted(ROWS)


def test_writing_again_changes_nothing(tmp_path):
    store = OriginalStore.open(tmp_path / "store")
    names = []
    for _ in range(2):
        write(ROWS, tmp_path / "store", run_date=RUN_DATE)
        names.append(store.pack_names())
    assert names[0] == names[1] != []


def test_a_pack_is_made_when_it_has_enough_bytes(tmp_path):
    write(ROWS, tmp_path / "store", pack_bytes=1)
    assert len(OriginalStore.open(tmp_path / "store").pack_names()) == len(ROWS)


def test_the_run_date_is_written_beside_each_original(tmp_path):
    write(ROWS, tmp_path / "store", run_date=dt.date(2020, 2, 29))
    [pack] = (tmp_path / "store/packs").glob("*.parquet")
    assert set(pq.read_table(pack).column("run_date").to_pylist()) == {dt.date(2020, 2, 29)}


def test_erased_and_expired_originals_are_not_read(tmp_path, collect):
    write(ROWS, tmp_path / "store", run_date=RUN_DATE)
    store = OriginalStore.open(tmp_path / "store")
    bury(store, TEXTS[0], "erased")
    bury(store, TEXTS[1], "expired")
    assert sorted(row.original for row in read(tmp_path / "store", collect)) == sorted(TEXTS[2:])


def test_an_original_whose_digest_is_wrong_fails_the_bundle_and_is_not_stored(tmp_path):
    with pytest.raises(DigestMismatch):
        write([ROWS[0], ROWS[1]._replace(original=b"other")], tmp_path / "store")
    assert OriginalStore.open(tmp_path / "store").pack_names() == []


def test_a_damaged_pack_fails_the_bundle(tmp_path, collect):
    write(ROWS, tmp_path / "store")
    [name] = OriginalStore.open(tmp_path / "store").pack_names()
    flip_a_bit(OriginalStore.open(tmp_path / "store"), name)
    with pytest.raises(CorruptPack):
        read(tmp_path / "store", collect)


def test_a_missing_store_cannot_be_read(tmp_path, collect):
    with pytest.raises(StoreError):
        read(tmp_path / "none", collect)


def test_wrong_arguments_are_refused_at_construction(tmp_path):
    with pytest.raises(ValueError, match="pack_bytes is 0"):
        WriteOriginals(str(tmp_path), pack_bytes=0)
    with pytest.raises(ValueError, match="scheme"):
        ReadOriginals("s3://bucket")
