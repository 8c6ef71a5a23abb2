"""`CrushRecords` on unbounded input: batches by bytes and time, and no window or late record loses any."""

import time

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_stream import TestStream as Events
from apache_beam.transforms.window import FixedWindows, TimestampedValue
from helpers.collecting import Collect
from helpers.generators import BROKEN, RECORDS, SMALL
from helpers.oracles import hashes_of

from headroom_beam import OriginalStore, restore_record
from headroom_beam.transforms.crush_records import CrushRecords
from headroom_beam.transforms.sinks import WriteCompacted, WriteFailures


def stream() -> Events:
    """A stream whose clock begins now, because timers follow the wall clock. A TestStream's begins at 0."""
    return Events().advance_watermark_to(0).advance_processing_time(int(time.time()))


def run(events: Events, collect: Collect, *, window=None, **arguments) -> None:
    options = PipelineOptions(["--streaming"])
    with beam.Pipeline(runner="BundleBasedDirectRunner", options=options) as pipeline:
        records = pipeline | events
        if window is not None:
            records = records | beam.WindowInto(window)
        crushed = records | CrushRecords(trace_format="json", config=SMALL, **arguments)
        collect(crushed.compacted, "compacted")
        collect(crushed.failures, "failures")


def restored(collect: Collect, root) -> list[bytes]:
    store = OriginalStore.open(root, create=False)
    return sorted(restore_record(row.record, store) for row in collect["compacted"])


def test_a_batch_is_emitted_after_the_latency(tmp_path, collect):
    root = tmp_path / "store"
    events = stream().add_elements(RECORDS[:4]).advance_processing_time(60).add_elements(RECORDS[4:7])
    run(
        events.advance_processing_time(60).advance_watermark_to_infinity(),
        collect,
        originals=str(root),
        max_latency_s=10,
        shards=1,
    )
    assert restored(collect, root) == sorted(RECORDS[:7])
    assert len(OriginalStore.open(root).pack_names()) == 2


def test_records_that_come_within_the_latency_share_a_batch(tmp_path, collect):
    root = tmp_path / "store"
    events = stream()
    for record in RECORDS:
        events = events.add_elements([record]).advance_processing_time(0.1)
    run(
        events.advance_processing_time(1e6).advance_watermark_to_infinity(),
        collect,
        originals=str(root),
        max_latency_s=1e5,
        shards=1,
    )
    assert restored(collect, root) == sorted(RECORDS)
    assert len(OriginalStore.open(root).pack_names()) == 1


def test_a_batch_is_emitted_when_it_has_enough_bytes(tmp_path, collect):
    root = tmp_path / "store"
    events = stream()
    for record in RECORDS[:6]:
        events = events.add_elements([record])
    run(
        events.advance_watermark_to_infinity(),
        collect,
        originals=str(root),
        max_latency_s=1e9,
        shards=1,
        batch_bytes=len(RECORDS[0]) * 2,
    )
    assert restored(collect, root) == sorted(RECORDS[:6])
    assert len(OriginalStore.open(root).pack_names()) == 3


def test_the_end_of_the_stream_emits_the_last_batch(tmp_path, collect):
    events = stream().add_elements([*RECORDS, *BROKEN]).advance_watermark_to_infinity()
    run(events, collect, originals=str(tmp_path / "store"), max_latency_s=1e9)
    assert restored(collect, tmp_path / "store") == sorted(RECORDS)
    assert len(collect["failures"]) == len(BROKEN)


def test_late_records_of_small_windows_are_not_lost(tmp_path, collect):
    events = stream()
    for number, record in enumerate(RECORDS):
        # The watermark is always far past the record's own window, which has no allowed lateness.
        events = events.advance_watermark_to(1000 + number).add_elements([TimestampedValue(record, number)])
    events = events.advance_processing_time(60).advance_watermark_to_infinity()
    run(events, collect, window=FixedWindows(1), originals=str(tmp_path / "store"), max_latency_s=5)
    assert restored(collect, tmp_path / "store") == sorted(RECORDS)
    assert sorted(one.timestamp_us for one in collect.arrived("compacted")) == [
        number * 1_000_000 for number in range(len(RECORDS))
    ]


def test_shards_fill_batches_of_their_own(tmp_path, collect):
    events = stream().add_elements(RECORDS).advance_watermark_to_infinity()
    run(events, collect, originals=str(tmp_path / "store"), max_latency_s=1e9, shards=3)
    assert restored(collect, tmp_path / "store") == sorted(RECORDS)
    assert len(OriginalStore.open(tmp_path / "store").pack_names()) == 3


def test_without_a_store_unbounded_records_keep_their_windows(collect):
    events = stream().add_elements([TimestampedValue(RECORDS[0], 7), TimestampedValue(b"{", 12)])
    run(events.advance_watermark_to_infinity(), collect, window=FixedWindows(5))
    [compacted], [failure] = collect.arrived("compacted"), collect.arrived("failures")
    assert (compacted.window.start, failure.window.start) == (5, 10)


def test_the_output_of_a_stream_is_complete_and_resolves(tmp_path):
    events = stream()
    for number, record in enumerate([*RECORDS, *RECORDS, *BROKEN]):
        events = events.add_elements([TimestampedValue((f"key {number}", record), number)])
        events = events.advance_processing_time(3)
    options = PipelineOptions(["--streaming"])
    with beam.Pipeline(runner="BundleBasedDirectRunner", options=options) as pipeline:
        crushed = (
            pipeline
            | events.advance_watermark_to_infinity()
            | CrushRecords(
                trace_format="json", config=SMALL, originals=str(tmp_path / "store"), max_latency_s=10
            )
        )
        _ = crushed.compacted | "Compacted" >> WriteCompacted(str(tmp_path / "out"), file_format="jsonl")
        _ = crushed.failures | "Failures" >> WriteFailures(str(tmp_path / "failures"))
    store = OriginalStore.open(tmp_path / "store", create=False)
    lines = [line for file in (tmp_path / "out").iterdir() for line in file.read_bytes().splitlines()]
    # Equal records with different keys are different records, and not retries of one another.
    assert sorted(restore_record(line, store) for line in lines) == sorted(RECORDS * 2)
    failures = [line for file in (tmp_path / "failures").iterdir() for line in file.read_bytes().splitlines()]
    assert len(failures) == len(BROKEN)
    assert not store.check().problems


def test_every_hash_of_a_row_is_in_the_store(tmp_path, collect):
    events = stream().add_elements(RECORDS).advance_watermark_to_infinity()
    run(events, collect, originals=str(tmp_path / "store"))
    hashes = {hash_ for row in collect["compacted"] for hash_ in hashes_of(row)}
    assert hashes
    assert not OriginalStore.open(tmp_path / "store").get_many(hashes).unresolved
