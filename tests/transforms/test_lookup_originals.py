"""`LookupOriginals` answers every hash, alike by points and by join."""

import apache_beam as beam
import pytest
from apache_beam.metrics import MetricsFilter
from apache_beam.transforms.window import FixedWindows, TimestampedValue
from apache_beam.typehints import typehints
from helpers.collecting import Collect
from helpers.faults import flip_a_bit
from helpers.generators import RUN_DATE, bury, rows_of, some_originals
from helpers.oracles import digest_of, hash_of

from headroom_beam import OriginalStore
from headroom_beam.errors import StoreError
from headroom_beam.records import Original
from headroom_beam.transforms.answers import Missing
from headroom_beam.transforms.lookup_originals import LookupOriginals
from headroom_beam.transforms.restore_records import RestoreRecords

WAYS = ["point", "join"]


def look_up(store: OriginalStore, elements, collect: Collect, strategy: str):
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        result = pipeline | beam.Create(elements) | LookupOriginals(store.root, strategy=strategy)
        collect(result.found, "found")
        collect(result.missing, "missing")
    return pipeline.result


@pytest.mark.parametrize("strategy", WAYS)
@pytest.mark.parametrize("indexed", [False, True])
def test_every_hash_is_answered_with_verified_bytes_or_with_a_reason(store, collect, strategy, indexed):
    texts = some_originals(300)
    for start in (0, 100, 200):
        store.put_many(rows_of(texts[start : start + 150]), run_date=RUN_DATE)
    if indexed:
        store.write_index()
    bury(store, texts[5], "erased")
    bury(store, texts[6], "expired")
    asked = [hash_of(text) for text in texts[:20]] + ["0" * 24, "no hash", "A" * 24, digest_of(texts[30])]
    look_up(store, [(number, hash_) for number, hash_ in enumerate(asked)] * 2, collect, strategy)
    found = sorted((number, row.hash, row.original) for number, row in collect["found"])
    expected = [(number, asked[number], texts[number]) for number in range(20) if number not in (5, 6)]
    assert found == sorted([*expected, (23, asked[23], texts[30])] * 2)
    assert sorted(collect["missing"]) == sorted(
        [
            (5, Missing(asked[5], "erased")),
            (6, Missing(asked[6], "expired")),
            (20, Missing("0" * 24, "missing")),
            (21, Missing("no hash", "invalid")),
            (22, Missing("A" * 24, "invalid")),
        ]
        * 2
    )


@pytest.mark.parametrize("strategy", WAYS)
def test_an_intact_copy_is_returned_instead_of_a_damaged_one(store, tmp_path, collect, strategy):
    both, alone = some_originals(40), some_originals(20, seed=1)
    [first] = store.put_many(rows_of([*both, *alone]), run_date=RUN_DATE)
    store.put_many(rows_of([*both, *some_originals(9, seed=2)]), run_date=RUN_DATE)
    flip_a_bit(store, first)
    look_up(store, [hash_of(text) for text in [*both, *alone]], collect, strategy)
    found = {row.original for row in collect["found"]}
    assert set(both) <= found <= {*both, *alone}
    # An original without another copy is found or damaged, and never called missing.
    assert {row.reason for row in collect["missing"]} == {"damaged"}
    assert len(collect["found"]) + len(collect["missing"]) == len(both) + len(alone)


@pytest.mark.parametrize("strategy", [*WAYS, "auto"])
def test_an_empty_store_and_no_hashes_are_fine(store, collect, strategy):
    look_up(store, ["0" * 24], collect, strategy)
    assert collect["missing"] == [Missing("0" * 24, "missing")]
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        nothing = pipeline | beam.Create([]).with_output_types(str)
        collect((nothing | LookupOriginals(store.root, strategy=strategy)).found, "nothing")
    assert collect["nothing"] == []


@pytest.mark.parametrize("strategy", WAYS)
def test_a_missing_store_fails_the_bundle(tmp_path, collect, strategy):
    with pytest.raises(StoreError), beam.Pipeline(runner="FnApiRunner") as pipeline:
        found = (
            pipeline | beam.Create(["0" * 24]) | LookupOriginals(str(tmp_path / "none"), strategy=strategy)
        )
        collect(found.missing, "missing")
    assert collect["missing"] == []
    assert not (tmp_path / "none").exists()


def test_auto_joins_for_many_hashes_and_points_for_few(store, tmp_path):
    texts = some_originals(3000, size_bytes=200)
    store.put_many(rows_of(texts), run_date=RUN_DATE)
    store.write_index()

    def ways(count: int) -> dict[str, int]:
        asked = [hash_of(texts[number % len(texts)]) for number in range(count)]
        result = look_up(store, asked, Collect(tmp_path / str(count)), "auto")
        counters = result.metrics().query(MetricsFilter().with_namespace("headroom_beam"))["counters"]
        return {counter.key.metric.name: counter.result for counter in counters}

    few, many = ways(3), ways(12_000)
    assert (few["lookups_point"], few.get("lookups_join")) == (3, None)
    assert (many["lookups_join"], many.get("lookups_point")) == (12_000, None)
    assert (few["lookups_found"], many["lookups_found"]) == (3, 12_000)


def test_windowed_hashes_are_answered_in_their_window(store, collect):
    text = some_originals(1)[0]
    store.put_many(rows_of([text]), run_date=RUN_DATE)
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        hashes = pipeline | beam.Create([TimestampedValue(hash_of(text), 7), TimestampedValue("0" * 24, 12)])
        result = hashes | beam.WindowInto(FixedWindows(5)) | LookupOriginals(store.root)
        collect(result.found, "found")
        collect(result.missing, "missing")
    [found], [missing] = collect.arrived("found"), collect.arrived("missing")
    assert (found.window.start, found.timestamp_us) == (5, 7_000_000)
    assert (missing.window.start, missing.timestamp_us) == (10, 12_000_000)


def test_wrong_arguments_are_refused_at_construction(store):
    with pytest.raises(ValueError, match="strategy is 'scan'; it is one of auto, point, join"):
        LookupOriginals(store.root, strategy="scan")
    with pytest.raises(ValueError, match="scheme"):
        LookupOriginals("s3://bucket")
    with pytest.raises(ValueError, match="batch_bytes is 0"):
        RestoreRecords(store.root, batch_bytes=0)
    windowed = (
        beam.Pipeline(runner="FnApiRunner") | beam.Create(["0" * 24]) | beam.WindowInto(FixedWindows(5))
    )
    with pytest.raises(ValueError, match="needs bounded input in the global window"):
        _ = windowed | LookupOriginals(store.root, strategy="join")


def test_outputs_carry_the_types_of_their_rows(store):
    result = beam.Pipeline(runner="FnApiRunner") | beam.Create([(1, "0" * 24)]) | LookupOriginals(store.root)
    assert result.found.element_type == typehints.KV[int, Original]
    assert result.missing.element_type == typehints.KV[int, Missing]
