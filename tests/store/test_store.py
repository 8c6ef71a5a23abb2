"""The store: one conformance suite over every backend, and plain SQL over its packs."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import json
import pickle
import random
import subprocess
import sys

import duckdb
import pyarrow as pa
import pytest
from helpers.generators import RUN_DATE, rows_of, some_originals
from helpers.oracles import digest_of, hash_of
from helpers.repository import TESTS

from headroom_beam import OriginalStore
from headroom_beam.errors import (
    DigestMismatch,
    FormatError,
    IntegrityError,
    InvalidHash,
    OriginalNotFound,
    StoreError,
)


def test_a_stored_original_is_found_by_hash_and_by_digest(root):
    texts = some_originals(300)
    store_ = OriginalStore.open(root)
    (name,) = store_.put_many(rows_of(texts), run_date=RUN_DATE)
    assert store_.objects.exists(name)
    for text in texts[::29]:
        assert store_.get(hash_of(text)) == text
        assert store_.get(digest_of(text)) == text
        assert store_.contains(hash_of(text))
    assert OriginalStore.open(root, create=False).get(hash_of(texts[7])) == texts[7]


def test_many_originals_are_found_with_their_columns_and_others_have_a_reason(root):
    texts = some_originals(300)
    store_ = OriginalStore.open(root)
    store_.put_many(rows_of(texts, tool="ls"), run_date=RUN_DATE)
    store_.write_index()
    asked = (
        [hash_of(text) for text in texts[:150]]
        + [digest_of(text) for text in texts[100:200]]
        + ["0" * 24, "f" * 64]
    )
    found, unresolved = store_.get_many(asked)
    assert unresolved == {"0" * 24: "missing", "f" * 64: "missing"}
    assert found.column("hash").to_pylist() == sorted(asked[:-2])
    for row in found.to_pylist():
        assert digest_of(row["original"]).startswith(row["hash"])
        assert (row["tool"], row["item_count"], row["run_date"]) == ("ls", 3, RUN_DATE)
    assert store_.get_many([]).found.num_rows == 0


def test_a_store_of_several_packs_with_and_without_index_answers_alike(root):
    texts = some_originals(400, size_bytes=1000)
    store_ = OriginalStore.open(root)
    names = store_.put_many(
        rows_of(texts[:250]).to_batches(max_chunksize=40), run_date=RUN_DATE, pack_bytes=60_000
    )
    assert len(names) >= 4
    answers = []
    for step in range(4):
        if step == 1:
            store_.write_index(names[:2])
        if step == 2:
            store_.write_index()
        if step == 3:
            store_.put_many(rows_of(texts[200:]), run_date=RUN_DATE)
        reader = OriginalStore.open(root, create=False)
        answers.append(reader.get_many(map(hash_of, texts)))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0].found.num_rows == 250
    assert answers[3].found.column("original").to_pylist() == sorted(texts, key=hash_of)
    assert answers[3].unresolved == {}


def test_an_empty_store_has_nothing_and_says_so(root):
    store_ = OriginalStore.open(root)
    assert store_.put_many(rows_of([]), run_date=RUN_DATE) == []
    assert store_.put_many([], run_date=RUN_DATE) == []
    assert store_.write_index() is None
    assert not store_.contains("0" * 24)
    with pytest.raises(OriginalNotFound, match="0" * 24):
        store_.get("0" * 24)
    assert store_.check().problems == ()


def test_putting_again_writes_nothing_new(root):
    texts = some_originals(50)
    store_ = OriginalStore.open(root)
    first = store_.put_many(rows_of(texts), run_date=RUN_DATE)
    before = list(store_.objects.list())
    assert store_.put_many(rows_of(texts[::-1]), run_date=RUN_DATE) == first
    assert list(store_.objects.list()) == before


def test_a_pickled_store_opens_when_it_is_used(root):
    texts = some_originals(20)
    store_ = OriginalStore.open(root)
    store_.put_many(rows_of(texts), run_date=RUN_DATE)
    copy = pickle.loads(pickle.dumps(store_))
    assert copy.get(hash_of(texts[3])) == texts[3]
    script = f"import pickle,sys; print(len(pickle.load(sys.stdin.buffer).get({hash_of(texts[3])!r})))"
    done = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps(copy), capture_output=True, check=True
    )
    assert int(done.stdout) == len(texts[3])


def test_many_threads_share_a_store(root):
    texts = some_originals(200)
    store_ = OriginalStore.open(root)
    store_.put_many(rows_of(texts[:100]), run_date=RUN_DATE)
    store_.write_index()
    store_.put_many(rows_of(texts[100:]), run_date=RUN_DATE)
    reader = OriginalStore.open(root)
    asked = random.Random(1).choices(texts, k=120)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: reader.get(hash_of(text)), asked)) == asked


def test_parallel_writers_in_other_processes_lose_nothing(root):
    script = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(TESTS)!r})
from helpers.generators import RUN_DATE, rows_of, some_originals
from headroom_beam import OriginalStore
seed = int(sys.argv[1])
store = OriginalStore.open({root!r})
for number in range(3):
    store.put_many(rows_of(some_originals(60, seed=number if number < 2 else seed)), run_date=RUN_DATE)
store.write_index()
"""
    workers = [subprocess.Popen([sys.executable, "-c", script, str(seed)]) for seed in (10, 11, 12)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    store_ = OriginalStore.open(root, create=False)
    report = store_.check()
    assert report.problems == ()
    assert (report.pack_count, report.original_count, report.leftover_count) == (5, 300, 0)
    for seed in (0, 1, 10, 11, 12):
        texts = some_originals(60, seed=seed)
        assert store_.get_many(map(hash_of, texts)).unresolved == {}


def test_a_place_without_a_store_is_refused_unless_one_may_be_made(tmp_path):
    with pytest.raises(StoreError, match="no store at"):
        OriginalStore.open(tmp_path / "x", create=False)
    assert not (tmp_path / "x").exists()
    store_ = OriginalStore.open(tmp_path / "x")
    description = json.loads((tmp_path / "x" / "store.json").read_text())
    assert (description["version"], description["digest"]) == (1, "sha256")
    assert dt.datetime.fromisoformat(description["created"]).tzinfo
    store_.put_many(rows_of([b"a"]), run_date=RUN_DATE)
    (tmp_path / "x" / "store.json").unlink()
    with pytest.raises(FormatError, match="has packs but no"):
        OriginalStore.open(tmp_path / "x")


def test_a_removed_store_is_an_error_and_not_an_empty_store(tmp_path):
    store_ = OriginalStore.open(tmp_path / "x")
    assert store_.get_many(["0" * 24]).unresolved == {"0" * 24: "missing"}
    store_.put_many(rows_of([b"a"]), run_date=RUN_DATE)
    assert store_.get(hash_of(b"a")) == b"a"
    # This happens when a disk is unmounted.
    (tmp_path / "x").rename(tmp_path / "y")
    for asked in (hash_of(b"a"), "0" * 24):
        with pytest.raises(StoreError, match="is gone"):
            store_.get(asked)


@pytest.mark.parametrize(
    "bad",
    ["", "abc", "0" * 23, "0" * 25, "0" * 63, "A" * 24, "g" * 24, "0" * 12, " " + "0" * 24, "0" * 24 + "\n"],
)
def test_text_that_is_no_hash_is_refused(tmp_path, bad):
    store_ = OriginalStore.open(tmp_path)
    for call in (store_.get, store_.contains, lambda hash_: store_.get_many(["0" * 24, hash_])):
        with pytest.raises(InvalidHash, match="24 or 64"):
            call(bad)


def test_indexes_are_rebuilt_to_the_same_bytes(tmp_path):
    writer = OriginalStore.open(tmp_path)
    writer.put_many(rows_of(some_originals(300)), run_date=RUN_DATE)
    name = writer.write_index()
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    assert OriginalStore.open(tmp_path).write_index() == name
    assert (tmp_path / name).read_bytes() == data


def test_bytes_with_a_wrong_digest_are_not_stored(root):
    table = rows_of([b"a", b"b"]).drop_columns(["hash"])
    wrong = table.set_column(0, "digest", pa.array([b"\1" * 32, b"\2" * 32], pa.binary(32)))
    writer = OriginalStore.open(root)
    with pytest.raises(DigestMismatch):
        writer.put_many(wrong, run_date=RUN_DATE)
    assert list(writer.objects.list("packs/")) == []


def test_a_write_that_does_not_read_back_is_an_error(tmp_path, monkeypatch):
    writer = OriginalStore.open(tmp_path)
    real = writer.objects.get
    monkeypatch.setattr(
        writer.objects, "get", lambda name: real(name)[:-1] + b"?" if "packs" in name else real(name)
    )
    with pytest.raises(IntegrityError, match="read back"):
        writer.put_many(rows_of([b"a"]), run_date=RUN_DATE)


def test_a_retry_after_a_failed_write_succeeds(tmp_path, monkeypatch):
    writer = OriginalStore.open(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(
            "headroom_beam.objects.local.os.fsync",
            lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")),
        )
        with pytest.raises(StoreError) as caught:
            writer.put_many(rows_of([b"a"]), run_date=RUN_DATE)
        assert caught.value.retryable
    assert list(writer.objects.list("packs/")) == []
    writer.put_many(rows_of([b"a"]), run_date=RUN_DATE)
    assert writer.get(hash_of(b"a")) == b"a"


def test_the_documented_sql_finds_an_original(tmp_path):
    texts = some_originals(500)
    writer = OriginalStore.open(tmp_path)
    writer.put_many(rows_of(texts).to_batches(max_chunksize=100), run_date=RUN_DATE, pack_bytes=50_000)
    statement = "SELECT original FROM 'ROOT/packs/*.parquet' WHERE hash = ? LIMIT 1".replace(
        "ROOT", str(tmp_path)
    )
    for text in texts[::50]:
        assert duckdb.execute(statement, [hash_of(text)]).fetchall() == [(text,)]
    assert duckdb.execute(statement, ["0" * 24]).fetchall() == []
    count = (
        "SELECT tool, kind, count(DISTINCT digest), sum(size_bytes) FROM '{}/packs/*.parquet' GROUP BY ALL"
    )
    assert duckdb.execute(count.format(tmp_path)).fetchall() == [
        ("list_things", "json", 500, sum(map(len, texts)))
    ]
