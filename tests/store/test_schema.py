"""Originals as rows: digests, hashes and sizes must agree, or nothing is packed."""

from __future__ import annotations

import pyarrow as pa
import pytest
from helpers.generators import RUN_DATE, rows_of

from headroom_beam.errors import DigestMismatch, LimitExceeded
from headroom_beam.store import schema
from headroom_beam.store.pack import encode_pack, read_pack, verify_pack


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
    monkeypatch.setattr(schema, "MAX_ORIGINAL_BYTES", 3)
    with pytest.raises(LimitExceeded, match="4 bytes is over max_original_bytes 3"):
        encode_pack(rows_of([b"abcd"]), run_date=RUN_DATE)
