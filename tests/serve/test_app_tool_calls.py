"""Tool calls of models are answered in the form of each provider."""

import json

import httpx
import pytest
from helpers.oracles import hash_of
from helpers.serving import SERVED_ROWS

ANTHROPIC_CALL = {
    "type": "tool_use",
    "id": "toolu_1",
    "name": "headroom_retrieve",
    "input": {"hash": hash_of(SERVED_ROWS)},
}
OPENAI_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "headroom_retrieve", "arguments": json.dumps({"hash": hash_of(SERVED_ROWS)})},
}


@pytest.mark.parametrize("name", ["headroom_retrieve", "mcp__headroom__headroom_retrieve"])
def test_a_tool_call_of_an_anthropic_model_is_answered_as_its_tool_result(
    client: httpx.Client, name: str
) -> None:
    answer = client.post(
        "/v1/retrieve/tool_call", json={"tool_call": {**ANTHROPIC_CALL, "name": name}}
    ).json()
    assert answer["success"] is True
    assert answer["data"]["original_content"] == SERVED_ROWS.decode()
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
    assert json.loads(answer["tool_result"]["content"])["original_content"] == SERVED_ROWS.decode()


def test_a_miss_is_answered_in_the_form_of_the_tool_call(client: httpx.Client) -> None:
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
def test_a_call_of_another_tool_is_400(client: httpx.Client, body: object) -> None:
    answer = client.post("/v1/retrieve/tool_call", json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


def test_an_mcp_clients_requests_are_understood(client: httpx.Client) -> None:
    # The MCP server of headroom sends this to its address: a probe, then a post. To it, 404 is a miss,
    # any other status over 400 an exception, and a body without "error" goes to the model.
    probe = client.get("/livez")
    assert (probe.status_code, probe.json()["status"], probe.json()["alive"]) == (200, "healthy", True)
    found = client.post("/v1/retrieve", json={"hash": hash_of(SERVED_ROWS)})
    found.raise_for_status()
    assert "error" not in found.json()
    assert found.json()["original_content"] == SERVED_ROWS.decode()
    assert client.post("/v1/retrieve", json={"hash": "0" * 24}).status_code == 404
