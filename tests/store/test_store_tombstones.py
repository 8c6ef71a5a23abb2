"""Readers and writers honour tombstones within the time that they promise."""

from __future__ import annotations

import datetime as dt

import pytest
from helpers.generators import RUN_DATE, bury, rows_of, some_originals
from helpers.oracles import Counting, digest_of, hash_of

from headroom_beam import OriginalStore
from headroom_beam.errors import IntegrityError, OriginalExpired
from headroom_beam.store import store


@pytest.mark.parametrize("reason", ["erased", "expired"])
def test_an_original_with_a_tombstone_is_not_returned_and_the_error_gives_the_reason(root, reason):
    texts = some_originals(5)
    writer = OriginalStore.open(root)
    writer.put_many(rows_of(texts), run_date=RUN_DATE)
    bury(writer, texts[0], reason)
    bury(writer, b"never stored here, or its pack is gone", reason)
    for asked in (hash_of(texts[0]), digest_of(texts[0]), hash_of(b"never stored here, or its pack is gone")):
        reader = OriginalStore.open(root)
        with pytest.raises(OriginalExpired, match=reason) as caught:
            reader.get(asked)
        assert caught.value.reason == reason
        assert not reader.contains(asked)
    assert reader.get(hash_of(texts[1])) == texts[1]
    assert reader.check(hashes=map(hash_of, texts)).problems == ()


def test_a_running_reader_honours_a_new_tombstone_within_the_promised_time(tmp_path, monkeypatch):
    text = b"[1]"
    reader = OriginalStore.open(tmp_path)
    reader.put_many(rows_of([text]), run_date=RUN_DATE)
    now = [0.0]
    monkeypatch.setattr(store.time, "monotonic", lambda: now[0])
    assert reader.get(hash_of(text)) == text
    bury(reader, text, "erased")
    now[0] += store.REFRESH_S
    with pytest.raises(OriginalExpired):
        reader.get(hash_of(text))


def test_erased_originals_are_refused_and_expired_ones_come_back(root, caplog):
    texts = some_originals(5)
    writer = OriginalStore.open(root)
    bury(writer, texts[0], "erased")
    bury(writer, texts[1], "expired")
    writer.put_many(rows_of(texts), run_date=RUN_DATE)
    assert "1 originals weren't stored" in caplog.text
    assert writer.check().original_count == 4
    assert writer.get_many(map(hash_of, texts)).unresolved == {
        hash_of(texts[0]): "erased",
        hash_of(texts[1]): "expired",
    }
    for index in (False, True):
        writer.put_many(rows_of(texts[1:2]), run_date=RUN_DATE + dt.timedelta(days=1))
        if index:
            writer.write_index()
        assert OriginalStore.open(root).get(hash_of(texts[1])) == texts[1]


def test_a_writer_looks_at_tombstones_alone_and_reads_each_once(tmp_path):
    before = OriginalStore.open(tmp_path)
    before.put_many(rows_of([b"[0]"]), run_date=RUN_DATE)
    before.write_index()
    bury(before, b"[1]", "erased")
    bury(before, b"[2]", "expired")
    counting = Counting(str(tmp_path))
    writer = OriginalStore(counting)
    for number in range(3):
        writer.put_many(rows_of([b"[%d]" % number]), run_date=RUN_DATE)
    assert counting.listings == ["tombstones/"] * 3
    assert sum("tombstones/" in read for read in counting.reads) == 2
    assert not any("index/" in read for read in counting.reads)


def test_tombstones_are_read_anew_each_time(tmp_path):
    seen = OriginalStore.open(tmp_path)
    assert len(seen.tombstones()) == 0
    bury(seen, b"[1]", "erased")
    assert [tombstone.digest for tombstone in seen.tombstones().find(hash_of(b"[1]"))] == [digest_of(b"[1]")]


def test_a_damaged_tombstone_stops_writing_each_time(tmp_path):
    writer = OriginalStore.open(tmp_path)
    bury(writer, b"[1]", "erased")
    (file,) = (tmp_path / "tombstones").iterdir()
    file.write_bytes(file.read_bytes().replace(b"erased", b"ersaed"))
    for _ in range(2):
        with pytest.raises(IntegrityError, match="has another SHA-256 than its name says"):
            writer.put_many(rows_of([b"[1]"]), run_date=RUN_DATE)


def test_a_damaged_tombstone_stops_reading(tmp_path):
    writer = OriginalStore.open(tmp_path)
    writer.put_many(rows_of([b"[1]"]), run_date=RUN_DATE)
    bury(writer, b"[1]", "erased")
    (file,) = (tmp_path / "tombstones").iterdir()
    file.write_bytes(file.read_bytes().replace(b"erased", b"ersaed"))
    with pytest.raises(IntegrityError, match="has another SHA-256 than its name says"):
        OriginalStore.open(tmp_path).get(hash_of(b"[1]"))
