"""Originals over HTTP, on a real socket: those that are found, and the reasons for others."""

import base64
import hashlib
import json
import logging
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest
from helpers.generators import bury
from helpers.oracles import hash_of
from helpers.serving import NOT_UTF8, SERVED_ROWS, put_originals, serving

from headroom_beam.errors import StoreError
from headroom_beam.serve.app import MAX_BODY_BYTES, create_app
from headroom_beam.store.index import Index, index_rows
from headroom_beam.store.store import OriginalStore


def test_an_original_is_answered_with_its_columns(client: httpx.Client) -> None:
    expected = {
        "hash": hash_of(SERVED_ROWS),
        "digest": hashlib.sha256(SERVED_ROWS).hexdigest(),
        "original_content": SERVED_ROWS.decode(),
        "encoding": "utf-8",
        "kind": "rows",
        "size_bytes": len(SERVED_ROWS),
        "original_item_count": 3,
        "compressed_item_count": None,
        "tool_name": "list_things",
    }
    by_post = client.post("/v1/retrieve", json={"hash": hash_of(SERVED_ROWS)})
    by_get = client.get(f"/v1/retrieve/{hash_of(SERVED_ROWS)}")
    assert (by_post.status_code, by_post.json()) == (200, expected)
    assert (by_get.status_code, by_get.json()) == (200, expected)


def test_the_full_digest_is_a_hash_as_well(client: httpx.Client) -> None:
    digest = hashlib.sha256(SERVED_ROWS).hexdigest()
    answer = client.get(f"/v1/retrieve/{digest}").json()
    assert (answer["hash"], answer["original_content"]) == (digest, SERVED_ROWS.decode())


def test_bytes_that_are_not_text_come_in_base64(client: httpx.Client) -> None:
    answer = client.get(f"/v1/retrieve/{hash_of(NOT_UTF8)}").json()
    assert answer["encoding"] == "base64"
    assert base64.b64decode(answer["original_content"]) == NOT_UTF8


def test_an_original_stored_while_the_server_runs_is_found(store: OriginalStore) -> None:
    with serving(OriginalStore.open(store.root)) as client:
        assert client.get(f"/v1/retrieve/{hash_of(b'later')}").status_code == 404
        put_originals(store, b"later")
        assert client.get(f"/v1/retrieve/{hash_of(b'later')}").json()["original_content"] == "later"


def test_an_unknown_hash_is_404(client: httpx.Client) -> None:
    answer = client.get(f"/v1/retrieve/{'0' * 24}")
    assert answer.status_code == 404
    assert (answer.json()["error"], answer.json()["hash"]) == ("missing", "0" * 24)


@pytest.mark.parametrize("reason", ["expired", "erased"])
def test_an_original_with_a_tombstone_is_410_with_the_reason(store: OriginalStore, reason: str) -> None:
    bury(store, b"taken out", reason)
    with serving(store) as client:
        answer = client.post("/v1/retrieve", json={"hash": hash_of(b"taken out")})
    assert (answer.status_code, answer.json()["error"]) == (410, reason)


def test_a_hash_of_two_originals_is_409(store: OriginalStore) -> None:
    # Nobody can find two originals with one hash. So an index names a second digest that begins alike.
    (name,) = store.pack_names()
    pack, digests, groups = index_rows(name, store.objects.get(name))
    forged = hashlib.sha256(SERVED_ROWS).digest()[:12] + b"\x01" * 20
    index = Index.build(
        [(pack, np.append(digests, np.array([forged], "S32")), np.append(groups, groups[:1]))]
    ).encode()
    store.objects.put_if_absent(f"index/{hashlib.sha256(index).hexdigest()}.index", index)
    with serving(OriginalStore.open(store.root)) as client:
        answer = client.get(f"/v1/retrieve/{hash_of(SERVED_ROWS)}")
    assert (answer.status_code, answer.json()["error"]) == (409, "ambiguous")


def test_a_damaged_original_is_500_and_never_sent(store: OriginalStore) -> None:
    (name,) = store.pack_names()
    path = Path(store.root) / name
    data = bytearray(path.read_bytes())
    # The first column chunks follow the magic; flipping a stretch of them leaves the footer readable.
    data[20:400] = bytes(byte ^ 0x55 for byte in data[20:400])
    path.chmod(0o644)
    path.write_bytes(data)
    with serving(OriginalStore.open(store.root)) as client:
        answer = client.get(f"/v1/retrieve/{hash_of(SERVED_ROWS)}")
    assert (answer.status_code, answer.json()["error"]) == (500, "damaged")
    assert "original_content" not in answer.json()


@pytest.mark.parametrize("text", ["abc", "G" * 24, "A" * 24, "0" * 63])
def test_text_that_is_no_hash_is_400(client: httpx.Client, text: str) -> None:
    for answer in (client.get(f"/v1/retrieve/{text}"), client.post("/v1/retrieve", json={"hash": text})):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_hash")
        assert text not in answer.text


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"{}", b'{"hash": 7}', b'{"hash": null}', b"\xff", b"[" * 60000]
)
def test_a_body_without_a_hash_is_400(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/v1/retrieve", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


def test_a_body_over_the_limit_is_413_before_it_is_read_whole(client: httpx.Client) -> None:
    chunks = iter([b"x" * MAX_BODY_BYTES, b"x" * MAX_BODY_BYTES])
    answer = client.post("/v1/retrieve", content=chunks)
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_unknown_paths_and_methods_are_json_errors_too(client: httpx.Client) -> None:
    assert client.get("/v1/other").json()["error"] == "no_such_endpoint"
    assert client.delete("/v1/retrieve").json()["error"] == "method_not_allowed"


def test_a_store_that_can_not_be_read_is_503_when_trying_again_may_help(
    client: httpx.Client, store: OriginalStore
) -> None:
    class Failing(OriginalStore):
        error = StoreError("the disk is away", retryable=True)

        def get_many(self, hashes: object) -> object:
            raise self.error

    failing = Failing(store.objects)
    with serving(failing) as client:
        assert client.get(f"/v1/retrieve/{hash_of(SERVED_ROWS)}").status_code == 503
        failing.error = StoreError("the disk is broken")
        answer = client.get(f"/v1/retrieve/{hash_of(SERVED_ROWS)}")
    assert (answer.status_code, answer.json()["error"]) == (500, "store")


def test_a_damaged_tombstone_file_is_an_answer_too(store: OriginalStore) -> None:
    store.objects.put_if_absent(f"tombstones/{'0' * 64}.jsonl", b"damaged")
    with serving(OriginalStore.open(store.root)) as client:
        answer = client.get(f"/v1/retrieve/{hash_of(SERVED_ROWS)}")
    assert (answer.status_code, answer.json()["error"]) == (500, "store")


def test_stats_count_lookups_by_outcome(store: OriginalStore) -> None:
    with serving(store) as client:
        for text in (hash_of(SERVED_ROWS), hash_of(SERVED_ROWS), "0" * 24):
            client.get(f"/v1/retrieve/{text}")
        stats = client.get("/v1/retrieve/stats").json()
    assert stats["lookups"] == {"found": 2, "missing": 1}
    assert stats["store"]["packs"] == 1
    assert stats["store"]["pack_bytes"] > 0


@pytest.mark.parametrize("path", ["/healthz", "/livez"])
def test_health_says_that_the_process_answers(client: httpx.Client, path: str) -> None:
    assert client.get(path).json() == {"status": "healthy", "alive": True}


def test_a_short_token_is_refused(store: OriginalStore) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        create_app(store, token="short")


def test_the_log_holds_hashes_and_outcomes_and_no_payload(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.get(f"/v1/retrieve/{hash_of(SERVED_ROWS)}")
    client.get("/v1/retrieve/not-a-hash-but-a-secret")
    messages = [record.getMessage() for record in caplog.records if record.name.startswith("headroom_beam")]
    assert any(f"lookup {hash_of(SERVED_ROWS)} found" in message for message in messages)
    assert not any("rgen" in message or "secret" in message for message in messages)


def test_many_clients_at_once_get_their_own_originals(tmp_path: Path) -> None:
    store = OriginalStore.open(tmp_path / "originals")
    originals = [json.dumps({"number": number}).encode() for number in range(200)]
    put_originals(store, *originals)
    wrong: list[bytes] = []
    with serving(store) as client:

        def ask(part: list[bytes]) -> None:
            answers = [client.get(f"/v1/retrieve/{hash_of(original)}").json() for original in part]
            wrong.extend(
                original
                for original, answer in zip(part, answers, strict=True)
                if answer["original_content"] != original.decode()
            )

        threads = [threading.Thread(target=ask, args=(originals[at::4],)) for at in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
