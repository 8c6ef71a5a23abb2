"""Page headers are read exactly, and bytes that aren't page headers give an error."""

from __future__ import annotations

import contextlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.effort import tries
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_beam.store.pages import PLAIN, PageError, PartialFile, dictionary_page_bytes, walk_pages


def chunk_of(values: pa.Array, **options) -> memoryview:
    """Returns the pages of a one-column file, as the reference implementation writes them."""
    sink = pa.BufferOutputStream()
    schema = pa.schema([pa.field("x", values.type, nullable=False)])
    settings = {"use_dictionary": False, "write_page_checksum": True, "compression": "zstd", **options}
    pq.write_table(pa.table([values], schema=schema), sink, **settings)
    data = sink.getvalue()
    column = pq.read_metadata(pa.BufferReader(data)).row_group(0).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    return memoryview(data)[start : start + column.total_compressed_size]


def test_headers_are_read_as_written():
    values = pa.array([b"x" * 1000] * 5000, pa.binary())
    pages = list(walk_pages(chunk_of(values, data_page_size=100_000, write_batch_size=10)))
    assert len(pages) > 20
    assert sum(page.value_count for page in pages) == 5000
    assert sum(page.uncompressed_bytes for page in pages) == 5000 * 1004
    assert {page.encoding for page in pages} == {PLAIN}
    assert all(page.has_checksum and not page.is_dictionary for page in pages)


def test_dictionaries_and_missing_checksums_are_seen():
    values = pa.array([b"x" * 1000] * 5000, pa.binary())
    first, *rest = walk_pages(chunk_of(values, use_dictionary=True, write_page_checksum=False))
    assert first.is_dictionary
    assert (first.value_count, first.uncompressed_bytes) == (1, 1004)
    assert not any(page.is_dictionary or page.has_checksum for page in rest)


def test_pages_that_run_over_the_end_and_unknown_kinds_are_errors():
    chunk = chunk_of(pa.array([b"abc"] * 10, pa.binary()))
    with pytest.raises(PageError, match="over the end"):
        list(walk_pages(chunk[:-1]))
    with pytest.raises(PageError, match="page type 3"):
        list(walk_pages(chunk_of(pa.array([b"abc"], pa.binary()), data_page_version="2.0")))
    assert list(walk_pages(chunk[:0])) == []


@settings(max_examples=tries(150, 50_000))
@given(st.binary(max_size=80))
def test_any_bytes_end_in_pages_or_in_an_error(data):
    with contextlib.suppress(PageError):
        assert all(page.uncompressed_bytes >= 0 for page in walk_pages(memoryview(data)))


@pytest.mark.parametrize("byte", [0x1C, 0x9C, 0x18, 0x19, 0x1B, 0xFF, 0x80])
def test_deep_nesting_and_endless_numbers_end_soon(byte):
    with pytest.raises(PageError):
        list(walk_pages(memoryview(bytes([byte]) * 1_000_000)))


def test_a_window_reads_its_part_at_the_positions_of_the_whole_file():
    window = PartialFile(b"345", 3, 10)
    assert (window.seek(0, 2), window.seek(4), window.read(2), window.tell()) == (10, 4, b"45", 6)
    for position, size in ((2, 1), (5, 2), (9, 1)):
        window.seek(position)
        with pytest.raises(PageError, match="outside"):
            window.read(size)


def test_the_size_of_a_dictionary_is_told_by_its_first_bytes():
    values = pa.array([b"x" * 100_000, b"y" * 10] * 50, pa.binary())
    chunk = bytes(chunk_of(values, use_dictionary=True, dictionary_pagesize_limit=1 << 20))
    assert dictionary_page_bytes(chunk[:64]) == 100_010 + 2 * 4
    assert dictionary_page_bytes(bytes(chunk_of(values))[:64]) == 0
    for head in (b"", b"\x15", chunk[:3], b"\xff" * 64):
        with pytest.raises(PageError):
            dictionary_page_bytes(head)
