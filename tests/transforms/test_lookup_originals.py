"""`LookupOriginals` answers every hash, alike by either way.

`RestoreRecords` gives the bytes or says why not.
"""

import json

import apache_beam as beam
import pytest
from apache_beam.metrics import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_stream import TestStream as Events
from apache_beam.transforms.window import FixedWindows, TimestampedValue
from apache_beam.typehints import typehints
from helpers.collecting import Collect
from helpers.faults import flip_a_bit
from helpers.generators import BROKEN, RECORDS, RUN_DATE, SMALL, bury, rows_of, some_originals
from helpers.oracles import digest_of, hash_of
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_beam import OriginalStore
from headroom_beam.crush.batch import crush_batch
from headroom_beam.crush.config import options_for
from headroom_beam.errors import StoreError
from headroom_beam.records import Compacted, Original
from headroom_beam.restore.batch import NotRestored, restore_batch
from headroom_beam.transforms.answers import Missing
from headroom_beam.transforms.crush_records import CrushRecords
from headroom_beam.transforms.lookup_originals import LookupOriginals
from headroom_beam.transforms.restore_records import RestoreRecords, UnresolvedRecord

WAYS = ["point", "join"]


@pytest.fixture
def collect(tmp_path) -> Collect:
    return Collect(tmp_path / "collected")


@pytest.fixture
def store(tmp_path) -> OriginalStore:
    return OriginalStore.open(tmp_path / "store")


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
def test_a_damaged_copy_is_never_given_and_another_copy_is(store, tmp_path, collect, strategy):
    both, alone = some_originals(40), some_originals(20, seed=1)
    [first] = store.put_many(rows_of([*both, *alone]), run_date=RUN_DATE)
    store.put_many(rows_of([*both, *some_originals(9, seed=2)]), run_date=RUN_DATE)
    flip_a_bit(store, first)
    look_up(store, [hash_of(text) for text in [*both, *alone]], collect, strategy)
    found = {row.original for row in collect["found"]}
    assert set(both) <= found <= {*both, *alone}
    # What has no other copy is there or is damaged, but isn't called missing.
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
def test_a_store_that_is_not_there_fails_the_bundle(tmp_path, collect, strategy):
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


def test_unbounded_hashes_are_looked_up_by_points(store, collect):
    text = some_originals(1)[0]
    store.put_many(rows_of([text]), run_date=RUN_DATE)
    options = PipelineOptions(["--streaming"])
    with beam.Pipeline(runner="BundleBasedDirectRunner", options=options) as pipeline:
        events = Events().add_elements([hash_of(text)]).advance_watermark_to_infinity()
        collect((pipeline | events | LookupOriginals(store.root)).found, "found")
    assert [row.original for row in collect["found"]] == [text]


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


def test_an_element_that_is_no_hash_is_a_type_error(store):
    with pytest.raises(TypeError, match="a hash is str or"), beam.Pipeline(runner="FnApiRunner") as pipeline:
        _ = pipeline | beam.Create([7]) | LookupOriginals(store.root, strategy="point")


def test_outputs_carry_the_types_of_their_rows(store):
    result = beam.Pipeline(runner="FnApiRunner") | beam.Create([(1, "0" * 24)]) | LookupOriginals(store.root)
    assert result.found.element_type == typehints.KV[int, Original]
    assert result.missing.element_type == typehints.KV[int, Missing]


def restore(store: OriginalStore, elements, collect: Collect, **arguments) -> None:
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        result = pipeline | beam.Create(elements) | RestoreRecords(store.root, **arguments)
        collect(result.restored, "restored")
        collect(result.unresolved, "unresolved")


def crushed(store: OriginalStore, records) -> list[Compacted]:
    batch = crush_batch(records, options_for(SMALL))
    store.put_many(batch.originals, run_date=RUN_DATE)
    return [row for _, row in batch.compacted]


@pytest.mark.parametrize("batch_bytes", [1, 1 << 20])
def test_rows_bytes_and_text_are_restored_with_their_keys(store, collect, batch_bytes):
    rows = crushed(store, RECORDS)
    elements = [rows[0], rows[1].record, rows[2].record.decode()]
    restore(store, elements, collect, batch_bytes=batch_bytes)
    assert sorted(collect["restored"]) == sorted(RECORDS[:3])
    keyed = Collect(collect._folder / "keyed")
    restore(store, [(number, row) for number, row in enumerate(rows)], keyed, batch_bytes=batch_bytes)
    assert sorted(keyed["restored"]) == list(enumerate(RECORDS))


def test_a_record_that_cannot_be_restored_is_kept_whole_with_its_reasons(store, collect):
    rows = crushed(store, RECORDS[:2])
    erased, missing = rows[0].payloads[0].hashes[0], "0" * 24
    bury(store, store.get(erased), "erased")
    lost = b'{"a":"<<ccr:%s,string,2.0KB>>"}' % missing.encode()
    unknown = b'{"a":"<<ccr:a form of a later version>>"}'
    restore(
        OriginalStore.open(store.root), [("erased", rows[0]), ("lost", lost), ("unknown", unknown)], collect
    )
    assert sorted(collect["unresolved"]) == sorted(
        [
            ("erased", UnresolvedRecord(rows[0].record, "", 0, [erased], ["erased"])),
            ("lost", UnresolvedRecord(lost, "", 0, [missing], ["missing"])),
            ("unknown", UnresolvedRecord(unknown, "", 0, [], ["format"])),
        ]
    )
    assert collect["restored"] == []


def test_crushed_and_restored_in_one_pipeline_every_record_is_what_it_was(tmp_path, collect):
    pretty = [json.dumps(json.loads(record), indent=2).encode() for record in RECORDS[:2]]
    records = [*RECORDS, *pretty, b'"<<ccr:lit>>"', b"[]", b" 1 "]
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        made = (
            pipeline
            | beam.Create([*enumerate(records), *((-1, record) for record in BROKEN)])
            | CrushRecords(config=SMALL, originals=str(tmp_path / "store"))
        )
        collect((made.compacted | RestoreRecords(str(tmp_path / "store"))).restored, "restored")
    assert sorted(collect["restored"]) == list(enumerate(records))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=30,
)


@settings(max_examples=60)
@given(values=st.lists(st.tuples(JSON, st.sampled_from([None, 1])), min_size=1, max_size=5))
def test_restore_batch_undoes_crush_batch(values, tmp_path_factory):
    store = OriginalStore.open(tmp_path_factory.mktemp("store"))
    records = [json.dumps(value, indent=indent).encode() for value, indent in values]
    rows = crushed(store, records)
    assert restore_batch([row.record for row in rows], store) == records


def test_restore_batch_says_what_is_wrong_with_each_record(store):
    wanted = b'"<<ccr:%s,raw,1.0KB>>"' % (b"1" * 24)
    assert restore_batch([b"1", wanted, b'"<<ccr:?"'], store) == [
        b"1",
        NotRestored(("1" * 24,), ("missing",)),
        NotRestored((), ("format",)),
    ]


def test_restoring_together_gives_what_restoring_one_by_one_gives(store):
    pretty = json.dumps(json.loads(RECORDS[0])["items"], indent=2).encode()
    records = [row.record for row in crushed(store, [*RECORDS, pretty])]
    [lines] = [record for record in records if restore_batch([record], store) == [pretty]]
    # A single line that stands for several is what makes the lines of a block ambiguous.
    assert b"\n" not in lines
    assert b"\n" in pretty
    unknown, lost = b'{"a": "<<ccr:?"}', b'["<<ccr:%s,raw,1.0KB>>"]' % (b"1" * 24)
    framed = [b"[1,\r2]", b"\n", b'\r\n"<<ccr:lit>>"\n', b"\xef\xbb\xbf[1]", b"1 ", b"", b"  "]
    others = [*framed, b'{"a":\n"<<ccr:?"}', unknown, lost, unknown, *BROKEN]
    for batch in ([*records, *others], [*others, *records], others, [lines] * 3, [lines, lost], records * 40):
        assert restore_batch(batch, store) == [
            one for record in batch for one in restore_batch([record], store)
        ]
    assert restore_batch([unknown, lost, b'[\n"<<ccr:?"]'], store) == [
        NotRestored((), ("format",)),
        NotRestored(("1" * 24,), ("missing",)),
        NotRestored((), ("format",)),
    ]
    assert restore_batch([], store) == []
    assert restore_batch([b'\r\n"<<ccr:lit>>1"\n', b"\n"], store) == [b'\r\n"1"\n', b"\n"]
