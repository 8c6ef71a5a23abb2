"""The gate serves requests with the token. Without one, it serves requests to this machine by its name."""

import httpx
from helpers.oracles import hash_of
from helpers.serving import SERVED_ROWS, TOKEN, serving

from headroom_beam.store.store import OriginalStore


def test_without_a_token_only_requests_to_this_machine_by_its_own_name_are_served(
    client: httpx.Client,
) -> None:
    # A page of another site reaches this socket if its name resolves to 127.0.0.1. Its Host header shows it.
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
    path = f"/v1/retrieve/{hash_of(SERVED_ROWS)}"
    with serving(store, TOKEN) as client:
        for authorization in ("", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, f"bearer{TOKEN}"):
            answer = client.get(path, headers={"Authorization": authorization})
            assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized"), authorization
            assert answer.headers["www-authenticate"] == "Bearer"
        assert client.get("/v1/retrieve/stats").status_code == 401
        assert client.get("/healthz").status_code == 200
        authorized = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get(path, headers=authorized).json()["original_content"] == SERVED_ROWS.decode()
        assert client.get(path, headers={**authorized, "Host": "headroom.example"}).status_code == 200
