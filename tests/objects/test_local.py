"""Objects in a directory: failures of the file system, and the order in which files become durable."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys

import pytest
from helpers.generators import BIG

from headroom_beam.errors import StoreError
from headroom_beam.objects import local
from headroom_beam.objects.open import open_objects


@pytest.mark.parametrize(
    ("code", "retryable"),
    [
        (errno.ENOSPC, True),
        (errno.EIO, True),
        (errno.EDQUOT, True),
        (errno.EACCES, False),
        (errno.EROFS, False),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "link"])
def test_a_file_system_that_fails_gives_a_typed_error_and_no_object(
    tmp_path, monkeypatch, call, code, retryable
):
    store = open_objects(tmp_path)
    store.put_if_absent("packs/one", b"1")

    def fail(*_):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(local.os, call, fail)
        with pytest.raises(StoreError, match=os.strerror(code)) as caught:
            store.put_if_absent("packs/two", b"2")
    assert caught.value.retryable is retryable
    assert [info.name for info in store.list()] == ["packs/one"]
    assert list(store.leftovers()) == []
    assert store.put_if_absent("packs/two", b"2")


def test_a_file_system_without_hard_links_is_refused_with_the_reason(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(local.os, "link", fail)
    with pytest.raises(StoreError, match="no hard links") as caught:
        open_objects(tmp_path).put_if_absent("a", b"x")
    assert not caught.value.retryable
    assert os.listdir(tmp_path) == []


def test_a_full_disk_gives_a_typed_error_and_no_object(tmp_path):
    script = f"""
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
from headroom_beam.objects.open import open_objects
from headroom_beam.errors import StoreError
store = open_objects({str(tmp_path)!r})
try:
    store.put_if_absent("big", b"x" * (3 << 20))
except StoreError as error:
    print("StoreError", [i.name for i in store.list()], list(store.leftovers()))
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "StoreError [] []"


def test_the_file_is_durable_before_its_name_and_the_name_before_success(tmp_path, monkeypatch):
    store = open_objects(tmp_path)
    store.put_if_absent("packs/first", b"")
    calls: list[str] = []
    fsync, link = os.fsync, os.link

    def spy_fsync(descriptor):
        calls.append("directory" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        fsync(descriptor)

    def spy_link(source, target):
        calls.append("link")
        link(source, target)

    monkeypatch.setattr(local.os, "fsync", spy_fsync)
    monkeypatch.setattr(local.os, "link", spy_link)
    store.put_if_absent("packs/a", b"x")
    assert calls == ["file", "link", "directory"]
    calls.clear()
    store.put_if_absent("packs/a", b"x")
    assert calls == ["file", "link", "directory"]


def test_a_temporary_file_is_never_listed_and_never_looks_like_a_pack(tmp_path):
    store = open_objects(tmp_path)
    writer = store.create("packs/a.parquet")
    writer.write(BIG)
    (name,) = os.listdir(tmp_path / "packs")
    assert name.startswith(".tmp-")
    assert not name.endswith(".parquet")
    assert list(store.list()) == []
    assert [info.name for info in store.leftovers()] == [f"packs/{name}"]
    writer.commit()
    assert os.listdir(tmp_path / "packs") == ["a.parquet"]


def test_a_name_with_a_directory_in_the_way_is_a_typed_error(tmp_path):
    store = open_objects(tmp_path)
    store.put_if_absent("a/b", b"")
    for call in (
        lambda: store.put_if_absent("a", b""),
        lambda: store.put_if_absent("a/b/c", b""),
        lambda: store.get("a"),
    ):
        with pytest.raises(StoreError):
            call()
    assert not store.exists("a")


def test_a_read_error_is_typed(tmp_path, monkeypatch):
    store = open_objects(tmp_path)
    store.put_if_absent("a", b"x")

    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(local.os, "pread", fail)
    with pytest.raises(StoreError, match="Input/output error") as caught:
        store.get_range("a", 0, 1)
    assert caught.value.retryable


def test_short_reads_of_the_system_are_continued(tmp_path, monkeypatch):
    store = open_objects(tmp_path)
    store.put_if_absent("a", b"0123456789")
    pread = os.pread
    monkeypatch.setattr(local.os, "pread", lambda fd, length, offset: pread(fd, min(length, 3), offset))
    assert store.get_range("a", 1, 8) == b"12345678"
