"""Damaged packs (G5), hostile packs (G6), and packs of other writers."""

from __future__ import annotations

import random
import resource
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.generators import RUN_DATE, STORED, rows_of, some_originals

from headroom_beam.errors import CorruptPack, DigestMismatch, FormatError
from headroom_beam.store import pack
from headroom_beam.store.pack import PACK_SCHEMA, PackFooter, encode_pack, encode_rows, read_pack, verify_pack
from headroom_beam.store.pages import walk_pages


def test_a_flipped_bit_in_the_data_of_a_page_is_found_without_the_name():
    data = encode_pack(rows_of(STORED[:40]), run_date=RUN_DATE)
    group = PackFooter(data, len(data)).metadata.row_group(0)
    page_data = set()
    for column in map(group.column, range(group.num_columns)):
        start = column.dictionary_page_offset or column.data_page_offset
        for page in walk_pages(memoryview(data)[start : start + column.total_compressed_size]):
            header = column.total_compressed_size - page.compressed_bytes
            page_data |= (
                set(range(start + header, start + column.total_compressed_size)) if header < 120 else set()
            )
    assert len(page_data) > 3000
    for at in range(32, len(data) * 8, 53):
        if at // 8 not in page_data:
            continue
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises((CorruptPack, DigestMismatch)):
            verify_pack(bytes(flipped))


def test_a_flipped_bit_in_plain_rows_is_found_by_any_reader_that_checks_pages():
    table = pa.table({"record": [b"%05d" % number * 40 for number in range(200)]})
    data = bytearray(encode_rows(table))
    assert pq.read_table(pa.BufferReader(bytes(data)), page_checksum_verification=True).equals(table)
    column = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"
    data[column.dictionary_page_offset + column.total_compressed_size - 1] ^= 1
    with pytest.raises(OSError, match="CRC"):
        pq.read_table(pa.BufferReader(bytes(data)), page_checksum_verification=True)


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
        bomb = pa.concat_tables([rows_of([huge])] * 4)
    elif shape == "zeros":
        bomb = rows_of([huge, huge + b"1"])
    elif shape == "one":
        bomb = rows_of([huge]).set_column(3, "size_bytes", pa.array([10]))
    else:
        bomb = rows_of([b"%d" % number for number in range(100)], tool="x" * (1 << 20))
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
