"""Packs: originals in, one deterministic Parquet file out, and nothing but the same originals back."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import resource
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.generators import RUN_DATE, rows_of, some_originals
from helpers.oracles import hash_of
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_beam.errors import CorruptPack, DigestMismatch, FormatError, LimitExceeded
from headroom_beam.store import pack
from headroom_beam.store import pack_builder as builder_module
from headroom_beam.store import schema as row_module
from headroom_beam.store.pack import PACK_SCHEMA, PackFooter, encode_pack, encode_rows, read_pack, verify_pack
from headroom_beam.store.pack_builder import PackBuilder
from headroom_beam.store.pages import walk_pages


def decoded(data: bytes) -> list[bytes]:
    return [text for _, rows in read_pack(data) for text in rows.column("original").to_pylist()]


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=300), max_size=40))
def test_every_original_comes_back_once_and_verified(texts):
    data = encode_pack(rows_of(texts), run_date=RUN_DATE)
    assert sorted(decoded(data)) == sorted(set(texts))
    assert verify_pack(data).row_count == len(set(texts))


@settings(max_examples=30)
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


def test_a_flipped_bit_in_plain_rows_is_found_by_any_reader_that_checks_pages():
    table = pa.table({"record": [b"%05d" % number * 40 for number in range(200)]})
    data = bytearray(encode_rows(table))
    assert pq.read_table(pa.BufferReader(bytes(data)), page_checksum_verification=True).equals(table)
    column = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"
    data[column.dictionary_page_offset + column.total_compressed_size - 1] ^= 1
    with pytest.raises(OSError, match="CRC"):
        pq.read_table(pa.BufferReader(bytes(data)), page_checksum_verification=True)


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


def test_a_wrong_digest_hash_or_size_is_refused():
    table = rows_of([b"a", b"b", b"c"])
    for column, value in (("hash", "0" * 24), ("size_bytes", 7)):
        at = table.column_names.index(column)
        values = [value, *table.column(at).to_pylist()[1:]]
        with pytest.raises(DigestMismatch):
            encode_pack(
                table.set_column(at, column, pa.array(values, table.schema.field(at).type)), run_date=RUN_DATE
            )
    wrong = table.set_column(
        1, "digest", pa.array([b"\0" * 32, *table.column(1).to_pylist()[1:]], pa.binary(32))
    )
    data = encode_pack(wrong.drop_columns(["hash"]), run_date=RUN_DATE)
    with pytest.raises(DigestMismatch, match="0" * 64):
        verify_pack(data)


def test_a_repeated_digest_with_other_bytes_is_refused_and_not_dropped():
    table = pa.concat_tables(
        [rows_of([b"a"]), rows_of([b"x"]).set_column(1, "digest", rows_of([b"a"]).column(1))]
    )
    with pytest.raises(DigestMismatch):
        encode_pack(table.drop_columns(["hash"]), run_date=RUN_DATE)


def test_missing_columns_and_nulls_are_named():
    table = rows_of([b"a", b"b"])
    with pytest.raises(ValueError, match="'tool'"):
        encode_pack(table.drop_columns(["tool"]), run_date=RUN_DATE)
    holes = table.set_column(5, "original", pa.array([None, b"b"], pa.large_binary()))
    with pytest.raises(ValueError, match="'original'"):
        encode_pack(holes.drop_columns(["size_bytes"]), run_date=RUN_DATE)


def test_long_labels_are_cut_and_an_original_over_the_limit_is_refused(monkeypatch):
    data = encode_pack(rows_of([b"a"], tool="é" * 10_000), run_date=RUN_DATE)
    ((_, rows),) = read_pack(data)
    assert rows.column("tool").to_pylist() == ["é" * 256]
    monkeypatch.setattr(row_module, "MAX_ORIGINAL_BYTES", 3)
    with pytest.raises(LimitExceeded, match="4 bytes is over max_original_bytes 3"):
        encode_pack(rows_of([b"abcd"]), run_date=RUN_DATE)


def test_the_run_date_is_stored():
    dates = [dt.date(2026, 1, 1), dt.date(2026, 1, 2)]
    one, two = (encode_pack(rows_of([b"a"]), run_date=date) for date in dates)
    assert one != two


def test_a_builder_gives_packs_of_the_size_asked_for_and_loses_nothing():
    texts = some_originals(400, size_bytes=1000)
    builder = PackBuilder(run_date=RUN_DATE, pack_bytes=50_000)
    packs = []
    for start in range(0, 400, 7):
        packs += builder.add(rows_of(texts[start : start + 7]))
    packs += builder.finish()
    assert [text for data in packs for text in decoded(data)] != texts
    assert sorted(text for data in packs for text in decoded(data)) == sorted(texts)
    sizes = [verify_pack(data).original_bytes for data in packs]
    assert all(50_000 <= size < 60_000 for size in sizes[:-1])
    assert list(builder.finish()) == []
    with pytest.raises(ValueError, match="pack_bytes"):
        PackBuilder(run_date=RUN_DATE, pack_bytes=0)


def test_a_builder_waits_for_more_when_what_it_has_is_repetition():
    texts = some_originals(10, size_bytes=1000)
    builder = PackBuilder(run_date=RUN_DATE, pack_bytes=50_000)
    assert [full for _ in range(40) for full in builder.add(rows_of(texts))] == []
    (data,) = builder.finish()
    assert sorted(decoded(data)) == sorted(texts)


def test_far_more_rows_than_a_pack_holds_become_several_packs(monkeypatch):
    texts = some_originals(400, size_bytes=1000)
    sizes = [verify_pack(data).original_bytes for data in packs_of(texts, pack_bytes=50_000)]
    assert len(sizes) == 9
    assert max(sizes) < 1.2 * min(sizes)
    monkeypatch.setattr(builder_module, "PACK_ROWS", 64)
    counts = [verify_pack(data).row_count for data in packs_of(texts, pack_bytes=1 << 30)]
    assert (sum(counts), len(counts)) == (400, 6)
    assert max(counts) <= 68
    monkeypatch.setattr(pack, "MAX_PACK_ROWS", 399)
    with pytest.raises(LimitExceeded, match="400 originals are over max_pack_rows 399"):
        encode_pack(rows_of(texts), run_date=RUN_DATE)


def packs_of(texts: list[bytes], *, pack_bytes: int) -> list[bytes]:
    builder = PackBuilder(run_date=RUN_DATE, pack_bytes=pack_bytes)
    packs = [*builder.add(rows_of(texts)), *builder.finish()]
    assert sorted(text for data in packs for text in decoded(data)) == sorted(texts)
    return packs


def test_refused_digests_are_left_out_and_counted():
    table = rows_of([b"a", b"b", b"c"])
    builder = PackBuilder(run_date=RUN_DATE, refused=lambda digests: digests == digests[1])
    assert list(builder.add(table)) == []
    (data,) = builder.finish()
    assert sorted(decoded(data)) == [b"a", b"c"]
    assert builder.refused_count == 1


# --- damaged and hostile packs
# ---------------------------------------------------------------------------------------


def written(table: pa.Table, **options) -> bytes:
    """A pack as another program might write it: in the pack's schema, with some properties changed."""
    settings = {
        "compression": "zstd",
        "use_dictionary": False,
        "write_statistics": ["hash"],
        "write_page_checksum": True,
        "data_page_version": "1.0",
        **options,
    }
    keys = settings.pop("keys", None)
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, settings.pop("schema", PACK_SCHEMA), **settings) as writer:
        writer.write_table(table)
        hashes = table.column("hash").to_pylist()
        fences = pack._groups_sha256([(len(hashes), hashes[0], hashes[-1])])
        writer.add_key_value_metadata(
            keys
            if keys is not None
            else {"headroom_beam.pack_version": "1", "headroom_beam.groups_sha256": fences}
        )
    return bytes(sink.getvalue())


@pytest.fixture
def table() -> pa.Table:
    return pa.concat_tables(
        rows for _, rows in read_pack(encode_pack(rows_of(some_originals(100)), run_date=RUN_DATE))
    )


def test_a_pack_of_another_writer_that_keeps_the_rules_is_read(table):
    assert verify_pack(written(table)).row_count == 100


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"write_page_checksum": False}, "no checksum"),
        ({"use_dictionary": True}, "another encoding than PLAIN"),
        ({"data_page_version": "2.0"}, "page type 3"),
        ({"write_statistics": False}, "no statistics"),
        ({"keys": {}}, "no version"),
        ({"keys": {"headroom_beam.pack_version": "1"}}, "checksum"),
        ({"keys": {"headroom_beam.pack_version": "x"}}, "no version"),
    ],
)
def test_a_pack_that_breaks_a_rule_is_corrupt(table, options, message):
    with pytest.raises(CorruptPack, match=message):
        verify_pack(written(table, **options))


def test_a_pack_of_a_later_version_is_refused_before_its_data(table):
    with pytest.raises(FormatError, match="pack version 2; this release reads version 1"):
        verify_pack(written(table, keys={"headroom_beam.pack_version": "2"}))


def test_unsorted_rows_wrong_hashes_and_other_columns_are_found(table):
    with pytest.raises(CorruptPack):
        verify_pack(written(table.take(pa.array([*range(1, 100), 0]))))
    with pytest.raises(CorruptPack, match="sorted"):
        verify_pack(written(table.take(pa.array([0, 2, 1, *range(3, 100)]))))
    wrong = table.column("hash").to_pylist()
    wrong[50] = wrong[51]
    with pytest.raises(DigestMismatch, match="beginning of its digest"):
        verify_pack(written(table.set_column(0, PACK_SCHEMA.field("hash"), pa.array(wrong))))
    with pytest.raises(DigestMismatch, match="size"):
        verify_pack(written(table.set_column(3, PACK_SCHEMA.field("size_bytes"), pa.array([9] * 100))))
    with pytest.raises(CorruptPack, match="columns"):
        verify_pack(written(table.drop_columns(["tool"]), schema=table.drop_columns(["tool"]).schema))


def test_row_groups_over_the_limit_are_refused(table):
    many = pa.concat_tables([table, table])
    with pytest.raises(CorruptPack, match="200 rows"):
        verify_pack(written(many))


@pytest.mark.parametrize("shape", ["dictionary", "zeros", "one", "labels"])
def test_a_decompression_bomb_is_refused_before_it_takes_memory(tmp_path, shape):
    huge = b"\0" * (16 << 20)
    if shape == "dictionary":
        bomb = pa.concat_tables([rows_of([huge])] * 16)
    elif shape == "zeros":
        bomb = rows_of([huge, huge + b"1"])
    elif shape == "one":
        bomb = rows_of([huge]).set_column(3, "size_bytes", pa.array([10]))
    else:
        bomb = rows_of([b"%d" % number for number in range(100)], tool="x" * (4 << 20))
    bomb = (
        bomb.append_column("run_date", pa.array([RUN_DATE] * len(bomb), pa.date32()))
        .cast(PACK_SCHEMA)
        .sort_by("hash")
    )
    file = tmp_path / "bomb"
    file.write_bytes(written(bomb, use_dictionary=shape == "dictionary"))
    assert file.stat().st_size < 200_000
    script = f"""
import resource
import headroom_beam.store.pack as pack
from headroom_beam.errors import CorruptPack
data = open({str(file)!r}, "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    pack.verify_pack(data)
except CorruptPack as error:
    print(error)
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 30_000
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "would decode to" in done.stdout or "PLAIN" in done.stdout
    assert resource.RLIMIT_AS


def test_an_empty_file_and_other_files_are_corrupt():
    for data in (
        b"",
        b"PAR1",
        b"PAR1PAR1",
        b"x" * 100,
        b"PAR1" + b"\xff" * 4 + b"PAR1",
        b"PAR1" + b"\0" * 8 + b"PAR1",
    ):
        with pytest.raises(CorruptPack):
            verify_pack(data)


def test_errors_about_packs_show_no_payload():
    secret = b"SECRET" * 20
    data = bytearray(encode_pack(rows_of([secret]), run_date=RUN_DATE))
    source = random.Random(1)
    seen = 0
    for _ in range(300):
        at = source.randrange(4, len(data))
        data[at] ^= 1 << source.randrange(8)
        try:
            verify_pack(bytes(data))
        except (CorruptPack, DigestMismatch, FormatError) as error:
            seen += 1
            assert "SECRET" not in str(error)
    assert seen > 250
