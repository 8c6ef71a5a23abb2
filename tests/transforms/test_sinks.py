"""`WriteCompacted` and `WriteFailures`: every row in exactly one durable file, named by content."""

import datetime as dt
import json

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.transforms.window import TimestampedValue
from helpers.collecting import Collect
from helpers.generators import RECORDS, SMALL

from headroom_beam.crush.batch import crush_batch
from headroom_beam.crush.config import options_for
from headroom_beam.errors import InvalidPayload, StoreError
from headroom_beam.records import COMPACTED_SCHEMA, Compacted, Failure, compacted_rows
from headroom_beam.transforms.sinks import WriteCompacted, WriteFailures, _WriteFiles, compacted_lines

ROWS = [row for _, row in crush_batch(RECORDS, options_for(SMALL, "json")).compacted]
FAILURE = Failure("invalid_json", "line 1, column 2", "", "", 0, 1, ["0" * 24])


def write(elements, transform, collect: Collect) -> None:
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        written = pipeline | beam.Create(elements) | transform
        collect(written.files, "files")
        collect(written.keys, "keys")


def test_jsonl_has_one_record_a_line(tmp_path, collect):
    write(ROWS, WriteCompacted(str(tmp_path / "out")), collect)
    [file] = collect["files"]
    data = (tmp_path / "out" / file.name).read_bytes()
    assert sorted(data.splitlines()) == sorted(row.record for row in ROWS)
    assert (file.records, file.size_bytes) == (len(ROWS), len(data))
    assert collect["keys"] == []


def test_parquet_has_whole_rows(tmp_path, collect):
    write(ROWS, WriteCompacted(str(tmp_path / "out"), file_format="parquet"), collect)
    [file] = (tmp_path / "out").iterdir()
    table = pq.read_table(file, page_checksum_verification=True)
    assert table.schema.equals(COMPACTED_SCHEMA)
    assert sorted(compacted_rows(table.to_batches()[0]), key=lambda row: row.record) == sorted(
        ROWS, key=lambda row: row.record
    )


def test_parquet_has_columns_for_string_keys_and_for_messages(tmp_path, collect):
    published = dt.datetime(2026, 1, 31, 12, 30, 1, 250, tzinfo=dt.timezone.utc)
    message = PubsubMessage(b"", {"a": "b"}, message_id="7", publish_time=published, ordering_key="k")
    for name, key in (("keyed", "session-1"), ("message", message)):
        write(
            [(key, ROWS[0])],
            WriteCompacted(str(tmp_path / name), file_format="parquet"),
            Collect(tmp_path / f"c{name}"),
        )
    [keyed] = pq.read_table(tmp_path / "keyed").to_pylist()
    [row] = pq.read_table(tmp_path / "message").to_pylist()
    assert keyed["key"] == "session-1"
    assert (row["message_id"], row["publish_time"], row["ordering_key"]) == ("7", published, "k")
    assert dict(row["attributes"]) == {"a": "b"}


def test_keys_that_parquet_has_no_column_for_are_refused(tmp_path, collect):
    with pytest.raises(TypeError, match="not int; map the keys first"):
        write([(7, ROWS[0])], WriteCompacted(str(tmp_path / "out"), file_format="parquet"), collect)


def test_a_record_with_a_line_break_is_refused_in_jsonl_and_written_to_parquet(tmp_path, collect):
    row = ROWS[0]._replace(record=b'{\n"a": 1}')
    with pytest.raises(InvalidPayload, match=r'row 1 of a batch .*file_format="parquet"'):
        compacted_lines([(None, ROWS[0]), (None, row)])
    write([row], WriteCompacted(str(tmp_path / "out"), file_format="parquet"), collect)
    assert pq.read_table(tmp_path / "out").column("record").to_pylist() == [row.record]


def test_keys_come_out_once_their_rows_are_durable(tmp_path, collect):
    class IsThere(beam.DoFn):
        def process(self, key):
            files = list((tmp_path / "out").glob("*.jsonl"))
            yield key, any(ROWS[key].record in file.read_bytes().splitlines() for file in files)

    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        written = (
            pipeline
            | beam.Create(list(enumerate(ROWS)))
            | WriteCompacted(str(tmp_path / "out"), file_bytes=1)
        )
        collect(written.keys | beam.ParDo(IsThere()), "keys")
    assert sorted(collect["keys"]) == [(number, True) for number in range(len(ROWS))]


def test_equal_records_are_all_written_however_they_are_bundled(tmp_path, collect):
    write([ROWS[0]] * 50, WriteCompacted(str(tmp_path / "out"), file_bytes=1), collect)
    assert len(collect["files"]) == 50
    lines = [line for file in (tmp_path / "out").iterdir() for line in file.read_bytes().splitlines()]
    assert lines == [ROWS[0].record] * 50


def bundle(elements, root, *, with_ids: bool) -> str:
    """Runs one bundle by hand, as a runner does, and returns the name of its file."""
    write = _WriteFiles(str(root), ".jsonl", compacted_lines, 1 << 20, with_ids=with_ids)
    write.setup()
    write.start_bundle()
    for stamped in elements:
        write.process(stamped.value, timestamp=stamped.timestamp, window=None)
    return write.finish_bundle()[0].value.name


def test_a_bundle_that_is_run_again_finds_its_file(tmp_path):
    stamped = [TimestampedValue(("key", row), number) for number, row in enumerate(ROWS)]
    assert bundle(stamped, tmp_path, with_ids=False) == bundle(stamped, tmp_path, with_ids=False)
    with_ids = [TimestampedValue((bytes([number]), row), 0) for number, row in enumerate(ROWS)]
    assert bundle(with_ids, tmp_path, with_ids=True) == bundle(with_ids, tmp_path, with_ids=True)
    assert len(list(tmp_path.iterdir())) == 2


def test_bundles_with_equal_rows_but_other_keys_timestamps_or_ids_are_different_files(tmp_path):
    names = {
        bundle([TimestampedValue(("a", ROWS[0]), 1)], tmp_path, with_ids=False),
        bundle([TimestampedValue(("b", ROWS[0]), 1)], tmp_path, with_ids=False),
        bundle([TimestampedValue(("a", ROWS[0]), 2)], tmp_path, with_ids=False),
        bundle([TimestampedValue((PubsubMessage(b"", {}, "7"), ROWS[0]), 1)], tmp_path, with_ids=False),
        bundle([TimestampedValue((PubsubMessage(b"", {}, "8"), ROWS[0]), 1)], tmp_path, with_ids=False),
        bundle([TimestampedValue((b"id 1", ROWS[0]), 1)], tmp_path, with_ids=True),
        bundle([TimestampedValue((b"id 2", ROWS[0]), 1)], tmp_path, with_ids=True),
    }
    assert len(names) == len(list(tmp_path.iterdir())) == 7


def test_failures_are_json_lines_with_their_key_or_message(tmp_path, collect):
    message = PubsubMessage(b"", {"a": "b"}, message_id="7")
    write(
        [FAILURE, ("k", FAILURE), (message, FAILURE), (7, FAILURE)],
        WriteFailures(str(tmp_path / "out")),
        collect,
    )
    [file] = (tmp_path / "out").iterdir()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    plain = FAILURE._asdict()
    expected = [
        plain,
        plain | {"key": "k"},
        plain | {"message_id": "7", "attributes": {"a": "b"}},
        plain | {"key": "7"},
    ]
    assert sorted(lines, key=str) == sorted(expected, key=str)


def test_a_root_that_cannot_be_written_fails_the_bundle(tmp_path, collect):
    (tmp_path / "out").write_text("a file stands where the folder should be")
    with pytest.raises(StoreError):
        write(ROWS, WriteCompacted(str(tmp_path / "out")), collect)
    assert collect["files"] == []


def test_wrong_arguments_are_refused_at_construction(tmp_path):
    with pytest.raises(ValueError, match="file_format is 'csv'; it is 'jsonl' or 'parquet'"):
        WriteCompacted(str(tmp_path), file_format="csv")
    with pytest.raises(ValueError, match="file_bytes is 0"):
        WriteFailures(str(tmp_path), file_bytes=0)
    with pytest.raises(ValueError, match="scheme"):
        WriteCompacted("s3://bucket")


def test_without_rows_no_file_is_written(tmp_path, collect):
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        rows = pipeline | beam.Create([]).with_output_types(Compacted)
        collect((rows | WriteCompacted(str(tmp_path / "out"))).files, "files")
    assert collect["files"] == []
    assert not (tmp_path / "out").exists()
