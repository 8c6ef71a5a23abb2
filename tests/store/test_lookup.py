"""Many hashes at once: both ways give the same answer, and the choice between them follows the costs."""

from __future__ import annotations

import random

import pytest
from helpers.generators import RUN_DATE, rows_of, some_originals
from helpers.oracles import digest_of, hash_of

from headroom_beam import OriginalStore
from headroom_beam.errors import InvalidHash
from headroom_beam.store import lookup
from headroom_beam.store.lookup import lookup_many, plan_lookup
from headroom_beam.store.resolution import Resolution
from headroom_beam.store.snapshot import StoreSize

TEXTS = some_originals(1200, size_bytes=300)
SIZE = StoreSize(pack_count=50, group_count=5000, pack_file_bytes=500_000_000)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> OriginalStore:
    store = OriginalStore.open(tmp_path_factory.mktemp("store"))
    store.put_many(rows_of(TEXTS[:800]).to_batches(max_chunksize=100), run_date=RUN_DATE, pack_bytes=100_000)
    store.write_index()
    store.put_many(rows_of(TEXTS[700:]), run_date=RUN_DATE)
    return store


@pytest.mark.parametrize("count", [0, 1, 20, 400, 1200])
def test_points_and_scan_give_the_same_answer(store, count):
    asked = random.Random(count).sample(TEXTS, count)
    hashes = [(hash_of, digest_of)[at % 2](text) for at, text in enumerate(asked)] + ["0" * 24, "1" * 64]
    points, scan, chosen = store.get_many(hashes), store.scan(Resolution(hashes)), lookup_many(store, hashes)
    for answer in (scan, chosen):
        assert answer.unresolved == points.unresolved == {"0" * 24: "missing", "1" * 64: "missing"}
        columns = ["hash", "digest", "original", "tool", "kind", "size_bytes", "item_count"]
        assert answer.found.select(columns).to_pylist() == points.found.select(columns).to_pylist()
    assert points.found.num_rows == count


@pytest.mark.parametrize("way", ["points", "scan"])
def test_the_plan_is_followed(store, monkeypatch, way):
    called = []
    monkeypatch.setattr(lookup, "plan_lookup", lambda *_, **__: lookup.LookupPlan(way, 0.0, 0.0))
    for name in ("resolve", "scan"):
        real = getattr(store, name)
        monkeypatch.setattr(store, name, lambda r, name=name, real=real: called.append(name) or real(r))
    assert lookup_many(store, [hash_of(TEXTS[0])]).found.column("original").to_pylist() == [TEXTS[0]]
    assert called == [{"points": "resolve", "scan": "scan"}[way]]


def test_few_hashes_are_read_by_points_and_nearly_all_by_a_scan():
    for request_s in (0.00005, 0.03):
        assert plan_lookup(1, SIZE, request_s=request_s).way == "points"
        assert plan_lookup(10**7, SIZE, request_s=request_s).way == "scan"


def test_the_slower_a_request_the_sooner_a_scan_pays():
    def crossover(request_s: float) -> int:
        return next(
            count
            for count in range(0, 10**6, 50)
            if plan_lookup(count, SIZE, request_s=request_s).way == "scan"
        )

    assert crossover(0.002) < crossover(0.0005) < crossover(0.00005)
    assert crossover(0.3) < crossover(0.03)


def test_expected_times_grow_with_the_count_and_the_store():
    plans = [plan_lookup(count, SIZE, request_s=0.001) for count in (0, 1, 10, 100, 1000, 10_000)]
    assert [plan.points_s for plan in plans] == sorted(plan.points_s for plan in plans)
    assert len({plan.scan_s for plan in plans}) == 1
    assert plans[0].points_s == 0
    twice = StoreSize(100, 10_000, 1_000_000_000)
    assert plan_lookup(100, twice, request_s=0.001).scan_s == pytest.approx(2 * plans[0].scan_s)
    assert plan_lookup(5, StoreSize(0, 0, 0), request_s=0.001).way == "points"


def test_one_bad_hash_is_refused_before_anything_is_read(store):
    with pytest.raises(InvalidHash):
        lookup_many(store, [hash_of(TEXTS[0]), "xyz"])
