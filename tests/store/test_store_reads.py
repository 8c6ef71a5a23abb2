"""How many reads a lookup costs."""

from __future__ import annotations

from helpers.generators import RUN_DATE, rows_of, some_originals
from helpers.oracles import Counting, hash_of

from headroom_beam import OriginalStore


def test_a_covered_original_costs_three_reads_cold_and_one_warm(tmp_path):
    texts = some_originals(500)
    writer = OriginalStore.open(tmp_path)
    writer.put_many(rows_of(texts).to_batches(max_chunksize=100), run_date=RUN_DATE, pack_bytes=50_000)
    writer.write_index()
    counting = Counting(str(tmp_path))
    reader = OriginalStore(counting)
    reader._ensure_open()
    counting.reads.clear()
    assert reader.get(hash_of(texts[0])) == texts[0]
    assert [read.split("/")[0] for read in counting.reads] == ["get index", "range packs", "range packs"]
    for text in texts:
        reader.get(hash_of(text))
    counting.reads.clear()
    for text in texts[:50]:
        assert reader.get(hash_of(text)) == text
    assert len(counting.reads) == 50


def test_many_hashes_of_one_row_group_cost_one_read(tmp_path):
    texts = some_originals(100)
    writer = OriginalStore.open(tmp_path)
    writer.put_many(rows_of(texts), run_date=RUN_DATE)
    writer.write_index()
    counting = Counting(str(tmp_path))
    reader = OriginalStore(counting)
    reader.get(hash_of(texts[0]))
    counting.reads.clear()
    assert reader.get_many(map(hash_of, texts)).found.num_rows == 100
    assert len(counting.reads) == 1


def test_a_pack_without_index_is_read_by_its_footer(tmp_path):
    texts = some_originals(1000)
    OriginalStore.open(tmp_path).put_many(rows_of(texts), run_date=RUN_DATE)
    counting = Counting(str(tmp_path))
    reader = OriginalStore(counting)
    for text in texts[:20]:
        assert reader.get(hash_of(text)) == text
    assert len(counting.reads) == 2 + 20
