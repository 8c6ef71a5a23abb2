"""`CrushRecords`: every record comes out, originals are durable first, and batching changes nothing."""

import dataclasses
import hashlib
import json
import pickle

import apache_beam as beam
import pytest
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.metrics import MetricsFilter
from apache_beam.transforms.display import DisplayData
from helpers.collecting import Collect
from helpers.faults import doubt_each_block
from helpers.generators import BROKEN, RECORDS, SMALL, listing
from helpers.oracles import hashes_of

from headroom_beam import OriginalStore, SmartCrusherConfig, restore_record
from headroom_beam.crush.config import options_for
from headroom_beam.errors import StoreError
from headroom_beam.records import Compacted, Failure, Original
from headroom_beam.transforms.crush_records import CrushRecords
from headroom_beam.transforms.originals import WriteOriginals


def crush_whole(**arguments) -> CrushRecords:
    """The transform with whole records as payloads, of which rows go to the store."""
    return CrushRecords(**{"config": SMALL, "trace_format": "json", **arguments})


def run(elements, collect: Collect, **arguments):
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        crushed = pipeline | beam.Create(elements, reshuffle=False) | crush_whole(**arguments)
        for name, pcollection in crushed._asdict().items():
            collect(pcollection, name)
    return pipeline.result


def test_every_record_is_compacted_or_failed_and_restores_to_its_bytes(tmp_path, collect):
    run([*RECORDS, *BROKEN], collect, originals=str(tmp_path / "store"))
    store = OriginalStore.open(tmp_path / "store", create=False)
    restored = [restore_record(row.record, store) for row in collect["compacted"]]
    assert sorted(restored) == sorted(RECORDS)
    assert any(hashes_of(row) for row in collect["compacted"])
    assert sorted(store.get(row.hashes[0]) for row in collect["failures"]) == sorted(BROKEN)


def test_a_record_with_line_breaks_is_one_record(tmp_path, collect):
    record = json.dumps(json.loads(RECORDS[0]), indent=2).encode()
    run([record], collect, originals=str(tmp_path / "store"))
    store = OriginalStore.open(tmp_path / "store", create=False)
    assert [restore_record(row.record, store) for row in collect["compacted"]] == [record]


def test_text_is_crushed_as_its_utf8(collect):
    run(['{"a":"ü"}'], collect)
    assert [row.record for row in collect["compacted"]] == ['{"a":"ü"}'.encode()]


def test_keys_pass_through_for_compacted_and_failed_records(collect):
    run([("good", RECORDS[0]), ("bad", "{")], collect)
    assert [(key, type(row)) for key, row in collect["compacted"]] == [("good", Compacted)]
    assert [(key, type(row)) for key, row in collect["failures"]] == [("bad", Failure)]


def test_pubsub_messages_keep_attributes_and_ids_and_lose_their_data(collect):
    message = PubsubMessage(b'{"a": 1}', {"session": "s"}, message_id="7", ordering_key="k")
    run([message, PubsubMessage(None, {"only": "attributes"})], collect)
    [(envelope, row)] = collect["compacted"]
    assert row.record == message.data
    assert (envelope.data, envelope.attributes, envelope.message_id, envelope.ordering_key) == (
        b"",
        {"session": "s"},
        "7",
        "k",
    )
    # A message without data is an empty record, which isn't JSON.
    assert [envelope.attributes for envelope, _ in collect["failures"]] == [{"only": "attributes"}]


class _ResolveEach(beam.DoFn):
    """Reads every original that a row names as soon as the row arrives."""

    def __init__(self, root: str) -> None:
        self._root = root

    def process(self, row: Compacted):
        store = OriginalStore.open(self._root, create=False)
        yield [(hash_, store.get(hash_)) for hash_ in hashes_of(row)]


def test_originals_can_be_read_back_when_a_compacted_record_is_emitted(tmp_path, collect):
    root = str(tmp_path / "store")
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        crushed = pipeline | beam.Create(RECORDS) | crush_whole(originals=root, batch_bytes=1)
        collect(crushed.compacted | beam.ParDo(_ResolveEach(root)), "resolved")
    assert len(collect["resolved"]) == len(RECORDS)
    assert all(
        hashlib.sha256(original).hexdigest().startswith(hash_)
        for row in collect["resolved"]
        for hash_, original in row
    )


def test_a_store_that_cannot_be_written_fails_the_bundle_and_emits_nothing(tmp_path, collect):
    (tmp_path / "store").write_text("a file stands where the store should be")
    with pytest.raises(StoreError):
        run(RECORDS, collect, originals=str(tmp_path / "store"))
    assert collect["compacted"] == []


def test_without_a_store_the_originals_are_handed_out_and_can_be_written_later(tmp_path, collect):
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        crushed = pipeline | beam.Create([*RECORDS, *BROKEN]) | crush_whole()
        collect(crushed.compacted, "compacted")
        collect(crushed.originals | WriteOriginals(str(tmp_path / "store")), "packs")
    store = OriginalStore.open(tmp_path / "store", create=False)
    assert sorted(collect["packs"]) == store.pack_names()
    assert sorted(restore_record(row.record, store) for row in collect["compacted"]) == sorted(RECORDS)


def test_the_originals_that_are_handed_out_are_those_that_are_stored(tmp_path, collect):
    run([*RECORDS, *BROKEN], collect, originals=str(tmp_path / "store"))
    rows = collect["originals"]
    store = OriginalStore.open(tmp_path / "store", create=False)
    assert {row.hash: row.original for row in rows} == {row.hash: store.get(row.hash) for row in rows}
    assert all(
        isinstance(row, Original) and hashlib.sha256(row.original).digest() == row.digest for row in rows
    )


def test_how_records_are_batched_changes_neither_the_records_nor_the_originals(tmp_path):
    results = []
    for batch_bytes in (1, 20_000, 1 << 20):
        collect = Collect(tmp_path / str(batch_bytes))
        run(
            [*RECORDS, *BROKEN],
            collect,
            originals=str(tmp_path / f"store{batch_bytes}"),
            batch_bytes=batch_bytes,
        )
        results.append((sorted(collect["compacted"]), sorted({row.digest for row in collect["originals"]})))
    assert results[0] == results[1] == results[2]


def test_a_batch_makes_one_pack_and_its_size_bounds_the_batch(tmp_path, collect):
    def packs(batch_bytes: int) -> int:
        root = tmp_path / str(batch_bytes)
        run(RECORDS, Collect(root / "collected"), originals=str(root / "store"), batch_bytes=batch_bytes)
        return len(OriginalStore.open(root / "store", create=False).pack_names())

    assert packs(1 << 20) == 1
    assert packs(1) == len(RECORDS)


def test_counters_agree_with_the_rows(tmp_path, collect):
    result = run([*RECORDS, *BROKEN], collect, originals=str(tmp_path / "store"))
    metrics = result.metrics().query(MetricsFilter().with_namespace("headroom_beam"))
    counters = {counter.key.metric.name: counter.result for counter in metrics["counters"]}
    rows = collect["compacted"]
    assert counters["records"] == len(RECORDS) + len(BROKEN)
    assert (
        counters["failures"]
        == counters["failures_invalid_json"] + counters["failures_invalid_utf8"]
        == len(BROKEN)
    )
    assert counters["bytes_before"] == sum(map(len, RECORDS)) == sum(row.bytes_before for row in rows)
    assert counters["bytes_after"] == sum(len(row.record) for row in rows)
    assert counters["tokens_before"] > counters["tokens_after"] > 0
    assert counters["rows_dropped"] > 0
    assert counters["originals"] == len(collect["originals"])
    assert counters["originals_bytes"] == sum(row.size_bytes for row in collect["originals"])
    assert counters["packs"] == 1
    assert counters["duplicates"] == 0
    assert counters["unproved"] == 0
    assert counters["payloads"] == len(RECORDS)
    assert (counters["unrecognised"], counters["likely"]) == (0, 0)
    [distribution] = metrics["distributions"]
    assert distribution.result.max == len(RECORDS) + len(BROKEN)


def test_by_default_results_are_found_and_other_records_are_left_and_counted(collect, caplog):
    log_text = "a line of a log\n" * 400
    found = {"role": "tool", "tool_call_id": "c1", "content": log_text}
    likely = {"tool": "ls", "result": [{"id": at, "name": f"file {at}"} for at in range(40)]}
    records = [json.dumps(record).encode() for record in (found, likely, {"text": log_text})]
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        crushed = pipeline | beam.Create(records, reshuffle=False) | CrushRecords(config=SMALL)
        collect(crushed.compacted, "compacted")
    rows = collect["compacted"]
    assert [len(row.payloads) for row in rows] == [1, 0, 0]
    assert [row.record for row in rows][1:] == records[1:]
    counters = {
        name: pipeline.result.metrics().query(MetricsFilter().with_name(name))["counters"][0].result
        for name in ("payloads", "unrecognised", "likely")
    }
    assert counters == {"payloads": 1, "unrecognised": 2, "likely": 1}
    assert not [text for text in caplog.messages if "no payload" in text]


def test_a_thousand_records_without_a_payload_are_warned_of(collect, caplog):
    run([b'{"text": 1}'] * 1000, collect, trace_format="openai", source="a topic without results")
    assert len([text for text in caplog.messages if "no payload in the last 1000 records" in text]) == 1


def test_unproved_payloads_are_counted(collect, monkeypatch):
    doubt_each_block(monkeypatch)
    result = run(RECORDS, collect)
    [counter] = result.metrics().query(MetricsFilter().with_name("unproved"))["counters"]
    assert counter.result == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_bytes": 0}, "batch_bytes is 0; it must be greater than 0"),
        ({"max_latency_s": -1.0}, "max_latency_s is -1"),
        ({"shards": 0}, "shards is 0"),
        ({"trace_format": "opnai"}, "unknown trace format 'opnai'"),
        ({"originals": "s3://bucket"}, "scheme 's3'"),
    ],
)
def test_a_wrong_argument_is_an_error_at_construction(arguments, message):
    with pytest.raises(ValueError, match=message):
        CrushRecords(**arguments)


def test_options_reach_the_crusher(collect):
    record = json.dumps(
        {"result": json.loads(RECORDS[0])["items"], "other": json.loads(RECORDS[0])["items"]}
    ).encode()
    run(
        [record],
        collect,
        trace_format=".result @ .tool",
        config=dataclasses.replace(SMALL, with_compaction=False),
        source="a topic",
    )
    [row] = collect["compacted"]
    assert [payload.path for payload in row.payloads] == [".result @ .tool"]
    assert json.loads(row.record)["other"] == json.loads(record)["other"]
    assert row.source == "a topic"
    assert not any(payload.strategy == "table" for payload in row.payloads)


def test_display_data_names_the_options():
    items = DisplayData.create_from(CrushRecords(originals="/originals", batch_bytes=5)).items
    shown = {item.key: item.value for item in items}
    assert shown["originals"] == "/originals"
    assert shown["batch_bytes"] == 5
    assert shown["options"] == options_for(SmartCrusherConfig()).fingerprint()


def test_transforms_can_be_pickled():
    transform = pickle.loads(pickle.dumps(CrushRecords(originals="/originals", trace_format="openai")))
    assert isinstance(transform, CrushRecords)


def test_an_original_that_several_blocks_of_a_batch_have_is_handed_out_once_and_counted(collect):
    records = [listing(7, rows=4000), listing(8, rows=4000)]
    result = run(records, collect)
    counters = result.metrics().query(MetricsFilter().with_name("duplicates"))["counters"]
    # Both records have the same blob, and each of them fills a block.
    assert [counter.result for counter in counters] == [1]
    digests = [row.digest for row in collect["originals"]]
    assert len(digests) == len(set(digests)) == 3
