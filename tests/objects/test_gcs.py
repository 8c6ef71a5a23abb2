"""Objects in a bucket: failing servers, lost answers, damaged bytes, and versions."""

from __future__ import annotations

import io
import threading

import pytest
from helpers import gcs_emulator
from helpers.generators import BIG

from headroom_beam.errors import IntegrityError, StoreError
from headroom_beam.objects import gcs
from headroom_beam.objects.base import ObjectNotFound
from headroom_beam.objects.open import open_objects

_ANSWER = gcs_emulator._Handler._answer


def test_a_server_that_fails_for_a_moment_is_asked_again(gcs_root, gcs_server):
    store = open_objects(gcs_root)
    gcs_server.faults.update(POST=[503], GET=[500, 429])
    assert store.put_if_absent("a", b"x") is True
    assert store.get("a") == b"x"
    assert gcs_server.faults == {"POST": [], "GET": []}


def test_a_put_whose_answer_was_lost_is_success(gcs_root, gcs_server, monkeypatch):
    store = open_objects(gcs_root)
    real = gcs_server.put
    failed = threading.Event()

    def put_and_lose_the_answer(*arguments):
        answer = real(*arguments)
        if not failed.is_set():
            failed.set()
            return 503
        return answer

    monkeypatch.setattr(gcs_server, "put", put_and_lose_the_answer)
    assert store.put_if_absent("a", b"x") is False
    assert failed.is_set()
    assert store.get("a") == b"x"


def test_a_put_that_arrives_damaged_is_refused(gcs_root, gcs_server, monkeypatch):
    store = open_objects(gcs_root)
    real = gcs_server.put
    monkeypatch.setattr(
        gcs_server, "put", lambda b, n, m, q, data: real(b, n, m, q, bytes([data[0] ^ 1]) + data[1:])
    )
    with pytest.raises(StoreError, match="400"):
        store.put_if_absent("a", b"xyz")
    monkeypatch.undo()
    assert not [key for key in gcs_server.objects if key[1].endswith(f"{gcs_root.rpartition('/')[2]}/a")]


@pytest.mark.parametrize("whole", [True, False])
def test_bytes_that_arrive_damaged_are_noticed_where_the_service_gives_a_checksum(
    gcs_root, gcs_server, monkeypatch, whole
):
    store = open_objects(gcs_root)
    store.put_if_absent("a", b"0123456789")
    monkeypatch.setattr(
        gcs_emulator._Handler,
        "_answer",
        lambda self, status, body=b"", **headers: _ANSWER(self, status, body[::-1], **headers),
    )
    if whole:
        with pytest.raises(IntegrityError, match="checksum"):
            store.get("a")
    else:
        assert store.get_range("a", 0, 2) == b"10"


def test_an_unreachable_server_is_a_retryable_error(monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr(gcs, "RETRY_S", 0.2)
    with pytest.raises(StoreError) as caught:
        open_objects("gs://bucket/x").get("a")
    assert caught.value.retryable


def test_a_forbidden_bucket_is_an_error_that_is_not_retried(gcs_root, gcs_server):
    gcs_server.faults["GET"] = [403]
    with pytest.raises(StoreError, match="403") as caught:
        open_objects(gcs_root).get("a")
    assert not caught.value.retryable
    assert gcs_server.faults["GET"] == []


def test_a_reader_stays_with_the_version_that_it_opened(gcs_root, gcs_server):
    store = open_objects(gcs_root)
    store.put_if_absent("a", BIG)
    reader = store.open("a")
    assert reader.read(1) == BIG[:1]
    (key,) = [key for key in gcs_server.objects if f"gs://{key[0]}/{key[1]}" == f"{gcs_root}/a"]
    gcs_server.put(*key, {}, {}, b"y" * len(BIG))
    with pytest.raises(ObjectNotFound):
        reader.seek(0, io.SEEK_SET)
        reader.read(len(BIG))
