"""Snapshots of a store: a reader takes a new one when packs come or go, or the old one has aged."""

from __future__ import annotations

import datetime as dt

from helpers.generators import RUN_DATE, rows_of, some_originals
from helpers.oracles import Counting, hash_of

from headroom_beam import OriginalStore
from headroom_beam.store import store
from headroom_beam.store.snapshot import StoreSize


def test_an_old_snapshot_is_read_anew(sound, monkeypatch):
    reader = OriginalStore.open(sound)
    assert reader.size().pack_count == 2
    OriginalStore.open(sound).put_many(rows_of([b"more"]), run_date=RUN_DATE + dt.timedelta(days=1))
    assert reader.size().pack_count == 2
    monkeypatch.setattr(store, "REFRESH_S", 0.0)
    assert reader.size().pack_count == 3


def test_a_merged_index_makes_the_smaller_ones_unread(tmp_path):
    writer = OriginalStore.open(tmp_path)
    for seed in range(4):
        writer.write_index(writer.put_many(rows_of(some_originals(20, seed=seed)), run_date=RUN_DATE))
    writer.write_index()
    counting = Counting(str(tmp_path))
    text = some_originals(20, seed=2)[5]
    assert OriginalStore(counting).get(hash_of(text)) == text
    assert sum("index" in read for read in counting.reads) == 1


def test_a_reader_finds_originals_stored_after_its_snapshot(root):
    reader = OriginalStore.open(root)
    text = b"[1,2,3]"
    assert not reader.contains(hash_of(text))
    OriginalStore.open(root).put_many(rows_of([text]), run_date=RUN_DATE)
    assert reader.get(hash_of(text)) == text


def test_a_missing_pack_makes_the_reader_look_again_once(tmp_path):
    texts = some_originals(60)
    writer = OriginalStore.open(tmp_path)
    one, two = (writer.put_many(rows_of(part), run_date=RUN_DATE)[0] for part in (texts[:30], texts[30:]))
    writer.write_index()
    reader = OriginalStore.open(tmp_path)
    assert reader.get(hash_of(texts[0])) == texts[0]
    writer.put_many(rows_of(texts), run_date=RUN_DATE)
    (tmp_path / one).unlink()
    (tmp_path / two).unlink()
    for text in texts:
        assert reader.get(hash_of(text)) == text
    assert reader.get_many(map(hash_of, texts)).unresolved == {}


def test_the_size_of_a_store_counts_packs_row_groups_and_bytes():
    assert StoreSize(1, 2, 3).group_count == 2
