"""Rows are rows to Beam: schemas, coders, sinks, YAML and other processes."""

import subprocess
import sys
from collections.abc import Sequence

import apache_beam as beam
import pytest
from apache_beam.coders import RowCoder, registry
from apache_beam.coders.coders import Coder
from apache_beam.runners.pipeline_context import PipelineContext
from apache_beam.testing.util import assert_that, equal_to
from helpers.generators import COMPACTED_ROW, FAILURE_ROW, ORIGINAL_ROW
from helpers.strategies import COMPACTED, FAILURES, ORIGINALS
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam.records import Compacted, Failure, Original, Payload
from headroom_beam.transforms.schemas import register_schemas


@pytest.fixture(autouse=True)
def _registered() -> None:
    register_schemas()


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


def test_a_coder_that_went_through_the_runner_gives_the_class_of_the_row() -> None:
    context = PipelineContext()
    proto = registry.get_coder(Failure).to_runner_api(context)
    assert proto.spec.urn == "beam:coder:row:v1"
    coder = Coder.from_runner_api(proto, context)
    assert type(coder.decode(coder.encode(FAILURE_ROW))) is Failure


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
    # SQL, Java sinks and other languages read only these types. A type of Python alone would be a logical
    # type.
    def is_portable(schema: object) -> bool:
        return all(is_portable_type(field.type) for field in schema.fields)

    def is_portable_type(kind: object) -> bool:
        what = kind.WhichOneof("type_info")
        if what == "array_type":
            return is_portable_type(kind.array_type.element_type)
        return is_portable(kind.row_type.schema) if what == "row_type" else what == "atomic_type"

    assert is_portable(registry.get_coder(row_type).schema)


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
