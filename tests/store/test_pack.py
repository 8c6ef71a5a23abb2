"""Packs: originals in, one deterministic Parquet file out, and nothing but the same originals back."""

from __future__ import annotations

import datetime as dt
import hashlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.effort import tries
from helpers.generators import RUN_DATE, rows_of, some_originals
from helpers.oracles import hash_of, originals_in
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_beam.store import pack
from headroom_beam.store.pack import PACK_SCHEMA, PackFooter, encode_pack, read_pack, verify_pack
from headroom_beam.store.pack_builder import PackBuilder
from headroom_beam.store.pages import walk_pages


@settings(max_examples=tries(60, 3000))
@given(st.lists(st.binary(max_size=300), max_size=40))
def test_every_original_comes_back_once_and_verified(texts):
    data = encode_pack(rows_of(texts), run_date=RUN_DATE)
    assert sorted(originals_in(data)) == sorted(set(texts))
    assert verify_pack(data).row_count == len(set(texts))


@settings(max_examples=tries(30, 3000))
@given(st.lists(st.binary(max_size=100), max_size=30), st.randoms(use_true_random=False))
def test_order_batching_and_repetition_do_not_change_a_byte(texts, source):
    data = encode_pack(rows_of(sorted(set(texts))), run_date=RUN_DATE)
    shuffled = texts * 2
    source.shuffle(shuffled)
    cut = source.randint(0, len(shuffled))
    table = pa.concat_tables([rows_of(shuffled[:cut]), rows_of(shuffled[cut:])])
    assert encode_pack(table, run_date=RUN_DATE) == data
    builder = PackBuilder(run_date=RUN_DATE)
    packs = [full for batch in table.to_batches(max_chunksize=3) for full in builder.add(batch)]
    assert packs + list(builder.finish()) == ([data] if texts else [])


def test_rows_are_sorted_and_carry_what_was_given():
    texts = some_originals(300)
    (data,) = [encode_pack(rows_of(texts, kind="array", tool="ls"), run_date=RUN_DATE)]
    rows = pa.concat_tables(rows for _, rows in read_pack(data))
    assert rows.schema.equals(PACK_SCHEMA)
    assert rows.column("hash").to_pylist() == sorted(hash_of(text) for text in texts)
    first = rows.slice(0, 1).to_pylist()[0]
    assert first["digest"] == hashlib.sha256(first["original"]).digest()
    assert (first["kind"], first["tool"], first["item_count"], first["run_date"]) == (
        "array",
        "ls",
        3,
        RUN_DATE,
    )
    assert first["size_bytes"] == len(first["original"])


@pytest.mark.parametrize("size_bytes", [100, 5_000, 30_000, 3_000_000])
def test_row_groups_are_small_enough_for_point_reads(size_bytes):
    texts = some_originals(max(4, min(600, 20_000_000 // size_bytes)), size_bytes=size_bytes)
    footer = PackFooter(data := encode_pack(rows_of(texts), run_date=RUN_DATE), 0 or len(data))
    sizes = [rows.column("size_bytes").to_pylist() for _, rows in read_pack(data)]
    flat = iter([size for run in sizes for size in run])
    for group in footer.groups:
        group_sizes = [next(flat) for _ in range(group.row_count)]
        assert group.row_count <= 128
        assert sum(group_sizes) <= 1 << 20 or group.row_count == 1
    if size_bytes == 100:
        assert [group.row_count for group in footer.groups] == [128] * 4 + [88]


def test_the_file_is_plain_parquet_with_checksums_bloom_filter_and_no_dictionary_on_originals():
    data = encode_pack(rows_of(some_originals(50)), run_date=RUN_DATE)
    metadata = pq.read_metadata(pa.BufferReader(data))
    columns = {
        metadata.schema.names[at]: metadata.row_group(0).column(at) for at in range(metadata.num_columns)
    }
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    assert [name for name, column in columns.items() if column.has_dictionary_page] == ["kind", "tool"]
    assert [name for name, column in columns.items() if column.is_stats_set] == ["hash"]
    assert columns["hash"].bloom_filter_offset
    assert metadata.row_group(0).sorting_columns[0].column_index == 0
    for column in columns.values():
        start = column.dictionary_page_offset or column.data_page_offset
        pages = list(walk_pages(memoryview(data)[start : start + column.total_compressed_size]))
        assert all(page.has_checksum for page in pages)
        assert sum(page.value_count for page in pages if not page.is_dictionary) == 50


def test_row_groups_found_by_hash_are_the_ones_that_hold_it():
    texts = some_originals(700)
    footer = PackFooter(data := encode_pack(rows_of(texts), run_date=RUN_DATE), len(data))
    where = {}
    for group in range(len(footer.groups)):
        place = footer.groups[group]
        rows = pack.decode_groups(
            footer, group, group + 1, data[place.offset : place.offset + place.length], ["hash"]
        )
        where |= dict.fromkeys(rows.column("hash").to_pylist(), group)
    for hash_, group in where.items():
        assert list(footer.groups_of(hash_)) == [group]
    assert len(where) == 700
    assert len(footer.groups_of("0" * 24)) <= 1
    assert list(footer.groups_of("f" * 24)) in ([], [len(footer.groups) - 1])
    assert list(footer.groups_of("")) == list(range(len(footer.groups)))


def test_the_run_date_is_stored():
    dates = [dt.date(2026, 1, 1), dt.date(2026, 1, 2)]
    one, two = (encode_pack(rows_of([b"a"]), run_date=date) for date in dates)
    assert one != two
