"""Write-once objects: one conformance suite for every backend."""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from helpers.generators import BIG

from headroom_beam.errors import IntegrityError, StoreError
from headroom_beam.objects.base import ObjectConflict, ObjectNotFound
from headroom_beam.objects.local import LocalObjects
from headroom_beam.objects.open import open_objects


def test_an_object_comes_back_as_it_was_put(root):
    store = open_objects(root)
    assert store.put_if_absent("a/b.bin", b"\x00\xff\r\n") is True
    assert store.get("a/b.bin") == b"\x00\xff\r\n"
    assert store.size("a/b.bin") == 4
    assert store.exists("a/b.bin")


def test_an_empty_object_is_an_object(root):
    store = open_objects(root)
    assert store.put_if_absent("empty", b"")
    assert (store.get("empty"), store.size("empty"), store.get_range("empty", 0, 0)) == (b"", 0, b"")


def test_putting_the_same_again_is_success_and_changes_nothing(root):
    store = open_objects(root)
    store.put_if_absent("a", b"same")
    before = store.info("a")
    assert store.put_if_absent("a", b"same") is False
    assert store.info("a") == before


@pytest.mark.parametrize("other", [b"diff", b"longer than it", b""])
def test_putting_something_else_raises_and_changes_nothing(root, other):
    store = open_objects(root)
    store.put_if_absent("a", b"same")
    with pytest.raises(ObjectConflict, match="/a is there already"):
        store.put_if_absent("a", other)
    assert store.get("a") == b"same"


def test_put_or_get_gives_the_bytes_that_were_put_first(root):
    store = open_objects(root)
    assert store.put_or_get("_run.json", b"first") == b"first"
    assert store.put_or_get("_run.json", b"second") == b"first"
    assert store.put_or_get("_run.json", b"first") == b"first"


def test_an_error_names_the_missing_object(root):
    store = open_objects(root)
    for read in (
        store.get,
        store.size,
        lambda name: store.get_range(name, 0, 1),
        lambda name: store.open(name).read(),
    ):
        with pytest.raises(ObjectNotFound, match="nothing"):
            read("packs/nothing")
    assert not store.exists("packs/nothing")
    assert store.info("packs/nothing") is None
    assert list(store.list("packs/")) == []


def test_a_range_is_exact_or_an_error(root):
    store = open_objects(root)
    store.put_if_absent("a", b"0123456789")
    assert store.get_range("a", 3, 4) == b"3456"
    assert store.get_range("a", 9, 1) == b"9"
    for offset, length in ((8, 3), (10, 1), (50, 2)):
        with pytest.raises(IntegrityError, match="ends before"):
            store.get_range("a", offset, length)


def test_a_listing_is_sorted_whole_and_by_prefix(root):
    store = open_objects(root)
    names = [f"packs/{number:03}" for number in range(120)]
    for name in ("store.json", "packs.txt", "index/one", *reversed(names)):
        store.put_if_absent(name, name.encode())
    assert [info.name for info in store.list("packs/")] == names
    assert [info.name for info in store.list("pac")] == sorted(["packs.txt", *names])
    assert [info.name for info in store.list()] == sorted(["store.json", "packs.txt", "index/one", *names])
    assert {info.size_bytes for info in store.list("packs/")} == {9}


def test_names_may_have_spaces_and_letters_of_any_script(root):
    store = open_objects(root)
    name = "années/журнал #1 100%?.jsonl"
    store.put_if_absent(name, b"x")
    assert store.get(name) == b"x"
    assert [info.name for info in store.list("années/")] == [name]


@pytest.mark.parametrize(
    "name", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a\0b", "a\nb", ".tmp-x", "a/.tmp-x/b", ".."]
)
def test_names_outside_the_root_and_temporary_names_are_refused(root, name):
    store = open_objects(root)
    for call in (store.get, store.exists, store.create, lambda name: store.put_if_absent(name, b"")):
        with pytest.raises(ValueError, match="object name"):
            call(name)


def test_a_reader_seeks_and_reads_on(root):
    store = open_objects(root)
    store.put_if_absent("big", BIG)
    with store.open("big") as reader:
        assert reader.read(10) == BIG[:10]
        assert reader.seek(-7, os.SEEK_END) == len(BIG) - 7
        assert reader.read() == BIG[-7:]
        reader.seek(5_000_000)
        assert reader.read(3_000_000) == BIG[5_000_000:8_000_000]


@pytest.mark.parametrize("data", [b"", b"small", BIG], ids=["empty", "small", "big"])
def test_a_writer_shows_nothing_before_commit_and_everything_after(root, data):
    store = open_objects(root)
    with store.create("part") as writer:
        for start in range(0, len(data), 1 << 20):
            assert writer.write(memoryview(data)[start : start + (1 << 20)]) == len(
                data[start : start + (1 << 20)]
            )
        assert not store.exists("part")
        assert list(store.list()) == []
        assert writer.tell() == writer.size_bytes == len(data)
    assert writer.written is True
    assert writer.digest == hashlib.sha256(data).hexdigest()
    assert store.get("part") == data
    assert list(store.leftovers()) == []


def test_an_aborted_writer_leaves_nothing(root):
    store = open_objects(root)
    with pytest.raises(RuntimeError), store.create("part") as writer:
        writer.write(BIG)
        raise RuntimeError
    store.create("part").abort()
    forgotten = store.create("part")
    forgotten.write(b"x")
    del forgotten
    assert not store.exists("part")
    assert list(store.leftovers()) == []
    with pytest.raises(ValueError, match="committed or aborted"):
        writer.write(b"more")
    with pytest.raises(ValueError, match="committed or aborted"):
        writer.commit()


def test_of_two_writers_of_one_name_the_first_to_commit_wins(root):
    store = open_objects(root)
    first, equal, other = (store.create("part") for _ in range(3))
    first.write(b"one")
    equal.write(b"one")
    other.write(b"two")
    assert first.commit() is True
    assert equal.commit() is False
    with pytest.raises(ObjectConflict):
        other.commit()
    assert store.get("part") == b"one"
    assert list(store.leftovers()) == []


def test_a_writer_serves_libraries_that_write_files(root):
    store = open_objects(root)
    with (
        store.create("table.arrow") as writer,
        pa.ipc.new_stream(writer, pa.schema([("x", pa.int64())])) as stream,
    ):
        stream.write_batch(pa.record_batch({"x": [1, 2, 3]}))
    assert pa.ipc.open_stream(store.get("table.arrow")).read_all().column("x").to_pylist() == [1, 2, 3]


def test_many_threads_writing_one_name_make_one_object(root):
    store = open_objects(root)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda _: store.put_if_absent("same", b"x" * 1000), range(32)))
    assert sum(won) == 1

    def put(number):
        try:
            return store.put_if_absent("different", b"%d" % number)
        except ObjectConflict:
            return False

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        won = list(pool.map(put, range(32)))
    assert sum(won) == 1
    assert store.get("different") == b"%d" % won.index(True)


def test_objects_can_be_pickled(root):
    store = open_objects(root)
    store.put_if_absent("a", b"x")
    copy = pickle.loads(pickle.dumps(store))
    assert copy.get("a") == b"x"
    assert (repr(copy), copy.root) == (repr(store), store.root)
    script = "import pickle,sys; print(pickle.load(sys.stdin.buffer).get('a'))"
    done = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps(store), capture_output=True, check=True
    )
    assert done.stdout.strip() == b"b'x'"


def test_errors_survive_pickling():
    for error in (ObjectNotFound("gone"), ObjectConflict("other"), StoreError("full", retryable=True)):
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy)) == (type(error), str(error))
        assert getattr(copy, "retryable", None) == getattr(error, "retryable", None)


def test_parallel_writers_of_other_processes_make_one_object(root):
    script = f"""
import sys
from headroom_beam.objects.open import open_objects
store = open_objects({root!r})
sys.stdin.readline()
print(sum(store.put_if_absent(f"packs/{{n}}", b"%d" % n * 1000) for n in range(20)))
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    won = [int(process.communicate(b"\n")[0]) for process in processes]
    assert sum(won) == 20
    store = open_objects(root)
    assert [info.size_bytes for info in store.list()] == [
        1000 if n < 10 else 2000 for n in sorted(range(20), key=str)
    ]
    assert list(store.leftovers()) == []
    if isinstance(store, LocalObjects):
        assert len(list(Path(root, "packs").iterdir())) == 20
