"""The rows that `CrushRecords` gives: windows, timestamps, coders and types."""

import apache_beam as beam
import pytest
from apache_beam.transforms.window import FixedWindows, TimestampedValue
from apache_beam.typehints import typehints
from helpers.generators import BROKEN, RECORDS, SMALL
from helpers.oracles import hashes_of

from headroom_beam.records import Compacted, Failure, Original
from headroom_beam.transforms.crush_records import CrushRecords


@pytest.mark.parametrize("batch_bytes", [1, 1 << 20])
def test_rows_keep_the_window_and_the_timestamp_of_their_record(tmp_path, collect, batch_bytes):
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        stamped = pipeline | beam.Create(
            [
                TimestampedValue((number, record), number * 10)
                for number, record in enumerate([*RECORDS, b"{"])
            ]
        )
        crushed = (
            stamped
            | beam.WindowInto(FixedWindows(30))
            | CrushRecords(
                trace_format="json", config=SMALL, originals=str(tmp_path / "store"), batch_bytes=batch_bytes
            )
        )
        for name, pcollection in crushed._asdict().items():
            collect(pcollection, name)
    arrived = collect.arrived("compacted") + collect.arrived("failures")
    assert len(arrived) == len(RECORDS) + 1
    # An original goes with the first record that names it.
    named = {hash_: one.window for one in arrived[: len(RECORDS)] for hash_ in hashes_of(one.value[1])}
    rows = [one for one in collect.arrived("originals") if one.value.original not in (b"{", b"x" * 2000)]
    assert len(rows) == len(RECORDS)
    assert all(one.window == named[one.value.hash] for one in rows)
    for one in arrived:
        number = one.value[0]
        assert one.timestamp_us == number * 10_000_000
        assert one.window.start == number * 10 // 30 * 30


def test_outputs_carry_the_types_of_their_rows():
    pipeline = beam.Pipeline(runner="FnApiRunner")
    bare = pipeline | "Bare" >> beam.Create([b"1"]) | "CrushBare" >> CrushRecords()
    keyed = pipeline | "Keyed" >> beam.Create([(1, b"1")]) | "CrushKeyed" >> CrushRecords()
    assert [pcollection.element_type for pcollection in bare] == [Compacted, Original, Failure]
    assert keyed.compacted.element_type == typehints.KV[int, Compacted]
    assert keyed.failures.element_type == typehints.KV[int, Failure]


def test_rows_are_rows_to_beam(tmp_path, collect):
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        crushed = pipeline | beam.Create(RECORDS) | CrushRecords(trace_format="json", config=SMALL)
        totals = crushed.compacted | beam.GroupBy(source=lambda row: row.source).aggregate_field(
            "bytes_before", sum, "bytes_before"
        ).aggregate_field("bytes_after", sum, "bytes_after")
        collect(totals | beam.Map(tuple), "totals")
        collect(crushed.originals | beam.Select("hash", "size_bytes") | "Sizes" >> beam.Map(tuple), "sizes")
    [(_, before, after)] = collect["totals"]
    assert before == sum(map(len, RECORDS)) > after > 0
    assert all(len(hash_) == 24 and size > 0 for hash_, size in collect["sizes"])


def test_rows_survive_their_coders_between_stages(collect):
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        crushed = (
            pipeline | beam.Create([*RECORDS, *BROKEN]) | CrushRecords(trace_format="json", config=SMALL)
        )
        for name, pcollection in crushed._asdict().items():
            collect(pcollection, f"{name}_before")
            collect(pcollection | f"Shuffle{name}" >> beam.Reshuffle(), f"{name}_after")
    for name in ("compacted", "originals", "failures"):
        before, after = collect[f"{name}_before"], collect[f"{name}_after"]
        assert type(before[0]) is type(after[0])
        assert sorted(_lists(row) for row in before) == sorted(_lists(row) for row in after)


def _lists(row):
    """A row with its sequences as lists: a coder may give tuples back as lists."""
    return [_lists(value) if isinstance(value, list | tuple) else value for value in row]
