"""Rows go through Arrow, Beam coders and sinks, and come back equal."""

import json
import subprocess
import sys
from collections.abc import Sequence

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.coders import RowCoder, registry
from apache_beam.coders.coders import Coder
from apache_beam.runners.pipeline_context import PipelineContext
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam import records
from headroom_beam.errors import InvalidHash
from headroom_beam.records import Compacted, Failure, Original, Payload
from headroom_beam.transforms.schemas import register_schemas

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
PAYLOADS = st.builds(
    Payload, TEXT, TEXT, TEXT, st.lists(TEXT, max_size=3), INT64, INT64, INT64, INT64, INT64, TEXT
)
COMPACTED = st.builds(
    Compacted, st.binary(), TEXT, INT64, INT64, INT64, INT64, INT64, st.lists(PAYLOADS, max_size=3)
)
ORIGINALS = st.builds(
    Original, TEXT, st.binary(min_size=32, max_size=32), TEXT, INT64, INT64, st.binary(), TEXT
)
FAILURES = st.builds(Failure, TEXT, TEXT, TEXT, TEXT, INT64, INT64, st.lists(TEXT, max_size=3))

PAYLOAD = Payload(".a @ .b", "ls", "table", ["0" * 24, "1" * 24], 3, 2, 30, 9, 1, "why")
COMPACTED_ROW = Compacted(b'{"a":1}', "in.jsonl", 7, 100, 20, 30, 9, [PAYLOAD])
ORIGINAL_ROW = Original("0" * 24, bytes(range(32)), "rows", 3, 1, b"[1]", "ls")
FAILURE_ROW = Failure("too_deep", "at byte 3", "in.jsonl", "in.jsonl", 7, 5, ["0" * 24])


@pytest.fixture(autouse=True)
def _registered() -> None:
    register_schemas()


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


@pytest.mark.parametrize(
    ("strategy", "row_type"), [(COMPACTED, Compacted), (ORIGINALS, Original), (FAILURES, Failure)]
)
def test_row_coders_give_rows_of_the_same_class_back(
    strategy: st.SearchStrategy[object], row_type: type
) -> None:
    coder = registry.get_coder(row_type)
    assert isinstance(coder, RowCoder)

    @given(strategy)
    def comes_back(row: object) -> None:
        decoded = coder.decode(coder.encode(row))
        assert decoded == row
        assert type(decoded) is row_type

    comes_back()


def test_payloads_decoded_by_a_row_coder_are_payloads() -> None:
    coder = registry.get_coder(Compacted)
    assert type(coder.decode(coder.encode(COMPACTED_ROW)).payloads[0]) is Payload


def test_a_coder_that_went_through_the_runner_still_gives_our_class() -> None:
    context = PipelineContext()
    proto = registry.get_coder(Failure).to_runner_api(context)
    assert proto.spec.urn == "beam:coder:row:v1"
    coder = Coder.from_runner_api(proto, context)
    assert type(coder.decode(coder.encode(FAILURE_ROW))) is Failure


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


def test_schema_ids_are_the_same_in_every_process() -> None:
    program = (
        "from headroom_beam import records as r;"
        "from headroom_beam.transforms.schemas import register_schemas;"
        "register_schemas();"
        "print(*(t._beam_schema_id for t in (r.Payload, r.Compacted, r.Original, r.Failure)))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    here = [row._beam_schema_id for row in (Payload, Compacted, Original, Failure)]
    assert elsewhere.split() == here
    assert len(set(here)) == 4


@pytest.mark.parametrize("row_type", [Compacted, Original, Failure])
def test_schemas_are_of_portable_types_alone(row_type: type) -> None:
    # SQL, Java sinks and other languages read these and nothing else; what Python alone knows is a logical
    # type.
    def is_portable(schema: object) -> bool:
        return all(is_portable_type(field.type) for field in schema.fields)

    def is_portable_type(kind: object) -> bool:
        what = kind.WhichOneof("type_info")
        if what == "array_type":
            return is_portable_type(kind.array_type.element_type)
        return is_portable(kind.row_type.schema) if what == "row_type" else what == "atomic_type"

    assert is_portable(registry.get_coder(row_type).schema)


def test_importing_records_does_not_import_beam() -> None:
    program = "import sys; import headroom_beam.records; print('apache_beam' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"


def _total(row: Compacted) -> tuple[str, int]:
    return row.payloads[0].tool, row.tokens_before - row.tokens_after


def test_rows_keep_their_class_and_fields_through_a_pipeline_with_a_shuffle() -> None:
    with beam.Pipeline() as pipeline:
        rows = (
            pipeline
            | beam.Create([COMPACTED_ROW, COMPACTED_ROW]).with_output_types(Compacted)
            | beam.Reshuffle()
        )
        totals = rows | beam.Map(_total) | beam.CombinePerKey(sum)
        assert_that(totals, equal_to([("ls", 42)]))


@pytest.mark.parametrize("row", [COMPACTED_ROW, ORIGINAL_ROW, FAILURE_ROW])
def test_beams_parquet_sink_takes_rows_as_they_are(row: Sequence[object], tmp_path) -> None:
    prefix = str(tmp_path / "rows")
    with beam.Pipeline() as pipeline:
        _ = (
            pipeline
            | beam.Create([row]).with_output_types(type(row))
            | beam.io.WriteToParquet(prefix, file_name_suffix=".parquet")
        )
    (name,) = tmp_path.glob("rows*.parquet")
    import duckdb

    (columns,) = duckdb.sql(f"SELECT * FROM '{name}'").fetchall()
    expected = [
        [value._asdict() for value in field]
        if field and isinstance(field, list) and not isinstance(field[0], str)
        else field
        for field in row
    ]
    assert list(columns) == expected


def test_beam_yaml_takes_rows() -> None:
    yaml_transform = pytest.importorskip("apache_beam.yaml.yaml_transform", reason="needs apache-beam[yaml]")

    with beam.Pipeline() as pipeline:
        rows = pipeline | beam.Create([FAILURE_ROW]).with_output_types(Failure)
        counted = rows | yaml_transform.YamlTransform(
            "{type: Combine, config: {group_by: kind, combine: {bytes: {value: length, fn: sum}}}}"
        )
        assert_that(counted | beam.Map(lambda row: (row.kind, row.bytes)), equal_to([("too_deep", 5)]))


def test_failures_are_json_as_they_are() -> None:
    assert Failure(**json.loads(json.dumps(FAILURE_ROW._asdict()))) == FAILURE_ROW


@pytest.mark.parametrize(
    "text", ["", "0" * 23, "0" * 25, "0" * 63, "A" * 24, "0" * 24 + "\n", "g" * 24, 7, None]
)
def test_what_is_not_a_hash_is_refused(text: object) -> None:
    with pytest.raises(InvalidHash, match="24 or 64"):
        records.check_hash(text)
