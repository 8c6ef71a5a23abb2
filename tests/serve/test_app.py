"""Originals over HTTP, on a real socket: what is found, what isn't and why, and who is let in."""

import base64
import contextlib
import hashlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn
from helpers.generators import RUN_DATE, bury, rows_of
from helpers.oracles import hash_of

from headroom_beam.errors import StoreError
from headroom_beam.serve.app import MAX_BODY_BYTES, create_app
from headroom_beam.serve.server import check_binding, serve
from headroom_beam.store.index import Index, index_rows
from headroom_beam.store.store import OriginalStore

ROWS = b'[{"id": 1}, {"id": 2, "name": "J\xc3\xbcrgen \\ud800"}]'
NOT_TEXT = b'{"broken": "\xff\xfe"}'
TOKEN = "a token of some length"


def put(store: OriginalStore, *originals: bytes) -> list[str]:
    return store.put_many(rows_of(originals, kind="rows"), run_date=RUN_DATE)


@contextlib.contextmanager
def serving(
    store: OriginalStore, token: str | None = None, headers: dict[str, str] | None = None
) -> Iterator[httpx.Client]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(store, token=token), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=url, headers=headers, timeout=300) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(300)
        listener.close()


@pytest.fixture
def store(tmp_path: Path) -> OriginalStore:
    store = OriginalStore.open(tmp_path / "originals")
    put(store, ROWS, NOT_TEXT)
    return store


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    store = OriginalStore.open(tmp_path_factory.mktemp("server") / "originals")
    put(store, ROWS, NOT_TEXT)
    with serving(store) as client:
        yield client


def test_an_original_is_answered_with_what_is_known_of_it(client: httpx.Client) -> None:
    expected = {
        "hash": hash_of(ROWS),
        "digest": hashlib.sha256(ROWS).hexdigest(),
        "original_content": ROWS.decode(),
        "encoding": "utf-8",
        "kind": "rows",
        "size_bytes": len(ROWS),
        "original_item_count": 3,
        "compressed_item_count": None,
        "tool_name": "list_things",
    }
    by_post = client.post("/v1/retrieve", json={"hash": hash_of(ROWS)})
    by_get = client.get(f"/v1/retrieve/{hash_of(ROWS)}")
    assert (by_post.status_code, by_post.json()) == (200, expected)
    assert (by_get.status_code, by_get.json()) == (200, expected)


def test_the_full_digest_is_a_hash_as_well(client: httpx.Client) -> None:
    digest = hashlib.sha256(ROWS).hexdigest()
    answer = client.get(f"/v1/retrieve/{digest}").json()
    assert (answer["hash"], answer["original_content"]) == (digest, ROWS.decode())


def test_bytes_that_are_not_text_come_in_base64(client: httpx.Client) -> None:
    answer = client.get(f"/v1/retrieve/{hash_of(NOT_TEXT)}").json()
    assert answer["encoding"] == "base64"
    assert base64.b64decode(answer["original_content"]) == NOT_TEXT


def test_what_is_stored_while_it_serves_is_found(store: OriginalStore) -> None:
    with serving(OriginalStore.open(store.root)) as client:
        assert client.get(f"/v1/retrieve/{hash_of(b'later')}").status_code == 404
        put(store, b"later")
        assert client.get(f"/v1/retrieve/{hash_of(b'later')}").json()["original_content"] == "later"


def test_what_was_never_stored_is_404(client: httpx.Client) -> None:
    answer = client.get(f"/v1/retrieve/{'0' * 24}")
    assert answer.status_code == 404
    assert (answer.json()["error"], answer.json()["hash"]) == ("missing", "0" * 24)


@pytest.mark.parametrize("reason", ["expired", "erased"])
def test_what_was_taken_out_is_410_and_says_why(store: OriginalStore, reason: str) -> None:
    bury(store, b"taken out", reason)
    with serving(store) as client:
        answer = client.post("/v1/retrieve", json={"hash": hash_of(b"taken out")})
    assert (answer.status_code, answer.json()["error"]) == (410, reason)


def test_a_hash_of_two_originals_is_409(store: OriginalStore) -> None:
    # Two originals with one hash can't be had by trying, so an index names a second digest that begins like
    # the first.
    (name,) = store.pack_names()
    pack, digests, groups = index_rows(name, store.objects.get(name))
    forged = hashlib.sha256(ROWS).digest()[:12] + b"\x01" * 20
    index = Index.build(
        [(pack, np.append(digests, np.array([forged], "S32")), np.append(groups, groups[:1]))]
    ).encode()
    store.objects.put_if_absent(f"index/{hashlib.sha256(index).hexdigest()}.index", index)
    with serving(OriginalStore.open(store.root)) as client:
        answer = client.get(f"/v1/retrieve/{hash_of(ROWS)}")
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
        answer = client.get(f"/v1/retrieve/{hash_of(ROWS)}")
    assert (answer.status_code, answer.json()["error"]) == (500, "damaged")
    assert "original_content" not in answer.json()


@pytest.mark.parametrize("text", ["abc", "G" * 24, "A" * 24, "0" * 63])
def test_what_is_not_a_hash_is_400(client: httpx.Client, text: str) -> None:
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
        assert client.get(f"/v1/retrieve/{hash_of(ROWS)}").status_code == 503
        failing.error = StoreError("the disk is broken")
        answer = client.get(f"/v1/retrieve/{hash_of(ROWS)}")
    assert (answer.status_code, answer.json()["error"]) == (500, "store")


def test_a_damaged_tombstone_file_is_an_answer_too(store: OriginalStore) -> None:
    store.objects.put_if_absent(f"tombstones/{'0' * 64}.jsonl", b"damaged")
    with serving(OriginalStore.open(store.root)) as client:
        answer = client.get(f"/v1/retrieve/{hash_of(ROWS)}")
    assert (answer.status_code, answer.json()["error"]) == (500, "store")


ANTHROPIC_CALL = {
    "type": "tool_use",
    "id": "toolu_1",
    "name": "headroom_retrieve",
    "input": {"hash": hash_of(ROWS)},
}
OPENAI_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "headroom_retrieve", "arguments": json.dumps({"hash": hash_of(ROWS)})},
}


@pytest.mark.parametrize("name", ["headroom_retrieve", "mcp__headroom__headroom_retrieve"])
def test_a_tool_call_of_an_anthropic_model_is_answered_as_its_tool_result(
    client: httpx.Client, name: str
) -> None:
    answer = client.post(
        "/v1/retrieve/tool_call", json={"tool_call": {**ANTHROPIC_CALL, "name": name}}
    ).json()
    assert answer["success"] is True
    assert answer["data"]["original_content"] == ROWS.decode()
    assert answer["tool_result"]["type"] == "tool_result"
    assert answer["tool_result"]["tool_use_id"] == "toolu_1"
    assert json.loads(answer["tool_result"]["content"]) == answer["data"]


def test_a_tool_call_of_an_openai_model_is_answered_as_a_tool_message(client: httpx.Client) -> None:
    body = {"tool_call": OPENAI_CALL, "provider": "openai"}
    answer = client.post("/v1/retrieve/tool_call", json=body).json()
    assert answer["success"] is True
    assert {**answer["tool_result"], "content": ""} == {
        "role": "tool",
        "tool_call_id": "call_1",
        "content": "",
    }
    assert json.loads(answer["tool_result"]["content"])["original_content"] == ROWS.decode()


def test_a_model_is_told_of_a_miss_in_the_shape_in_which_it_asked(client: httpx.Client) -> None:
    call = {**ANTHROPIC_CALL, "input": {"hash": "0" * 24}}
    answer = client.post("/v1/retrieve/tool_call", json={"tool_call": call, "provider": "anthropic"})
    assert (answer.status_code, answer.json()["success"]) == (200, False)
    assert answer.json()["tool_result"]["is_error"] is True
    assert json.loads(answer.json()["tool_result"]["content"])["error"] == "missing"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tool_call": None},
        {"tool_call": ANTHROPIC_CALL, "provider": "openai"},
        {"tool_call": ANTHROPIC_CALL, "provider": "another"},
        {"tool_call": OPENAI_CALL, "provider": "anthropic"},
        {"tool_call": {**ANTHROPIC_CALL, "name": "rm"}},
        {"tool_call": {**ANTHROPIC_CALL, "name": None}},
        {"tool_call": {**ANTHROPIC_CALL, "input": []}},
        {"tool_call": {**ANTHROPIC_CALL, "input": {"hash": 1}}},
        {"tool_call": {**OPENAI_CALL, "function": None}, "provider": "openai"},
        {"tool_call": {"function": {"name": "headroom_retrieve", "arguments": "{"}}, "provider": "openai"},
    ],
)
def test_another_tool_call_is_400(client: httpx.Client, body: object) -> None:
    answer = client.post("/v1/retrieve/tool_call", json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


def test_stats_count_lookups_by_outcome(store: OriginalStore) -> None:
    with serving(store) as client:
        for text in (hash_of(ROWS), hash_of(ROWS), "0" * 24):
            client.get(f"/v1/retrieve/{text}")
        stats = client.get("/v1/retrieve/stats").json()
    assert stats["lookups"] == {"found": 2, "missing": 1}
    assert stats["store"]["packs"] == 1
    assert stats["store"]["pack_bytes"] > 0


@pytest.mark.parametrize("path", ["/healthz", "/livez"])
def test_health_says_that_the_process_answers(client: httpx.Client, path: str) -> None:
    assert client.get(path).json() == {"status": "healthy", "alive": True}


def test_an_mcp_clients_requests_are_understood(client: httpx.Client) -> None:
    # What headroom's MCP server sends to the address it is given: a probe, then a post; 404 is a miss, any
    # other status over 400 an exception, and a body without "error" is handed to the model.
    probe = client.get("/livez")
    assert (probe.status_code, probe.json()["status"], probe.json()["alive"]) == (200, "healthy", True)
    found = client.post("/v1/retrieve", json={"hash": hash_of(ROWS)})
    found.raise_for_status()
    assert "error" not in found.json()
    assert found.json()["original_content"] == ROWS.decode()
    assert client.post("/v1/retrieve", json={"hash": "0" * 24}).status_code == 404


def test_without_a_token_only_requests_to_this_machine_by_its_own_name_are_served(
    client: httpx.Client,
) -> None:
    # A page of another site reaches this socket when its name was made to resolve to 127.0.0.1; its Host
    # tells.
    for host in (
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "",
        "[::1",
        "localhost.evil",
    ):
        answer = client.get("/healthz", headers={"Host": host})
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden"), host
    for host in ("localhost", "LOCALHOST:1", "127.0.0.2:80", "[::1]:80", "[::1]"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200, host


def test_with_a_token_every_request_but_the_health_check_must_carry_it(store: OriginalStore) -> None:
    path = f"/v1/retrieve/{hash_of(ROWS)}"
    with serving(store, TOKEN) as client:
        for authorization in ("", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, f"bearer{TOKEN}"):
            answer = client.get(path, headers={"Authorization": authorization})
            assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized"), authorization
            assert answer.headers["www-authenticate"] == "Bearer"
        assert client.get("/v1/retrieve/stats").status_code == 401
        assert client.get("/healthz").status_code == 200
        authorized = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get(path, headers=authorized).json()["original_content"] == ROWS.decode()
        assert client.get(path, headers={**authorized, "Host": "headroom.example"}).status_code == 200


def test_a_short_token_is_refused(store: OriginalStore) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        create_app(store, token="short")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.1.2.3", "example.com"])
def test_listening_where_others_reach_needs_a_token(host: str) -> None:
    with pytest.raises(ValueError, match="set a token"):
        check_binding(host, None)
    check_binding(host, TOKEN)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_listening_on_loopback_needs_none(host: str) -> None:
    check_binding(host, None)


def test_our_log_holds_hashes_and_outcomes_and_no_payload(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.get(f"/v1/retrieve/{hash_of(ROWS)}")
    client.get("/v1/retrieve/not-a-hash-but-a-secret")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("headroom_beam")]
    assert any(f"lookup {hash_of(ROWS)} found" in message for message in ours)
    assert not any("rgen" in message or "secret" in message for message in ours)


def test_many_clients_at_once_get_their_own_originals(tmp_path: Path) -> None:
    store = OriginalStore.open(tmp_path / "originals")
    originals = [json.dumps({"number": number}).encode() for number in range(200)]
    put(store, *originals)
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


def test_the_command_serves_until_it_is_interrupted(store: OriginalStore) -> None:
    command = [sys.executable, "-m", "headroom_beam.cli", "serve", "--originals", store.root, "--port", "0"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment()
    ) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split(" on ")[1].strip()
        deadline_s = time.monotonic() + 300
        while time.monotonic() < deadline_s:
            with contextlib.suppress(httpx.TransportError):
                answer = httpx.get(f"{url}/v1/retrieve/{hash_of(ROWS)}")
                assert httpx.get(f"{url}/v1/retrieve/not-a-hash-but-a-secret").status_code == 400
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=300)
    assert answer.json()["original_content"] == ROWS.decode()
    assert (process.returncode, stdout) == (0, "")
    assert f"lookup {hash_of(ROWS)} found" in stderr
    assert "secret" not in stderr
    assert "rgen" not in stderr


def test_the_command_refuses_to_listen_where_others_reach(store: OriginalStore) -> None:
    command = [
        sys.executable,
        "-m",
        "headroom_beam.cli",
        "serve",
        "--originals",
        store.root,
        "--host",
        "0.0.0.0",
    ]
    result = subprocess.run(
        command, check=False, capture_output=True, text=True, env=_environment(), timeout=300
    )
    assert result.returncode == 2
    assert "set a token" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_that_is_none_is_refused(store: OriginalStore) -> None:
    with pytest.raises(ValueError, match="from 0 to 65535"):
        serve(store, port=65536)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "HEADROOM_BEAM_TOKEN"}
