"""Rows convert to Arrow and JSON, and come back equal."""

import json
import subprocess
import sys

import pyarrow as pa
import pytest
from helpers.generators import COMPACTED_ROW, FAILURE_ROW
from helpers.strategies import COMPACTED, FAILURES, ORIGINALS
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam import records
from headroom_beam.errors import InvalidHash
from headroom_beam.records import Compacted, Failure, Original


@given(st.lists(COMPACTED, max_size=5))
def test_compacted_rows_come_back_from_arrow(rows: list[Compacted]) -> None:
    batch = records.compacted_batch(rows)
    batch.validate(full=True)
    assert batch.schema == records.COMPACTED_SCHEMA
    assert records.compacted_rows(batch) == rows


@given(st.lists(ORIGINALS, max_size=5))
def test_originals_come_back_from_arrow(rows: list[Original]) -> None:
    batch = records.original_batch(rows)
    batch.validate(full=True)
    assert batch.schema == records.ORIGINAL_SCHEMA
    assert records.original_rows(batch) == rows


@given(st.lists(FAILURES, max_size=5))
def test_failures_come_back_from_arrow(rows: list[Failure]) -> None:
    batch = records.failure_batch(rows)
    batch.validate(full=True)
    assert batch.schema == records.FAILURE_SCHEMA
    assert records.failure_rows(batch) == rows


@given(st.lists(COMPACTED, min_size=1, max_size=6), st.data())
def test_slices_of_a_batch_give_their_own_rows(rows: list[Compacted], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(rows)))
    length = data.draw(st.integers(0, len(rows) - start))
    assert (
        records.compacted_rows(records.compacted_batch(rows).slice(start, length))
        == rows[start : start + length]
    )


def test_block_offset_and_source_are_added_to_rows_of_a_native_batch() -> None:
    native = records.compacted_batch([COMPACTED_ROW]).drop_columns(["source"])
    (row,) = records.compacted_rows(native, source="other.jsonl", block_offset=1000)
    assert (row.source, row.offset) == ("other.jsonl", 1007)


def test_failures_of_a_native_batch_name_their_one_hash() -> None:
    native = pa.RecordBatch.from_pylist(
        [{"index": 0, "kind": "too_deep", "message": "m", "offset": 7, "length": 5, "hash": "0" * 24}]
    )
    assert records.failure_rows(native, source="s", part="p", block_offset=1) == [
        Failure("too_deep", "m", "s", "p", 8, 5, ["0" * 24])
    ]


def test_importing_records_does_not_import_beam() -> None:
    program = "import sys; import headroom_beam.records; print('apache_beam' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"


def test_failures_come_back_from_json() -> None:
    assert Failure(**json.loads(json.dumps(FAILURE_ROW._asdict()))) == FAILURE_ROW


@pytest.mark.parametrize(
    "text", ["", "0" * 23, "0" * 25, "0" * 63, "A" * 24, "0" * 24 + "\n", "g" * 24, 7, None]
)
def test_text_that_is_no_hash_is_refused(text: object) -> None:
    with pytest.raises(InvalidHash, match="24 or 64"):
        records.check_hash(text)
