"""Payloads are the tool results of every form of trace, and a missing peer is an error."""

import json
import sys

import pytest
import zstandard
from helpers.repository import EXAMPLES


def test_payloads_are_the_tool_results_of_both_forms():
    import common

    kinds = set()
    for name in ("openai_messages.jsonl", "anthropic_conversations.jsonl"):
        payloads = common.payloads_of(EXAMPLES / "traces" / name)
        text = (EXAMPLES / "traces" / name).read_text(encoding="utf-8")
        empty = text.count('"content": ""')
        assert len(payloads) == text.count('"tool_call_id"') + text.count('"type":"tool_result"') - empty
        assert all(payload.tool for payload in payloads)
        kinds |= {payload.kind for payload in payloads}
    assert kinds == {"array", "document", "text"}


def test_payloads_of_a_results_file_keep_their_text(tmp_path):
    import common

    rows = [
        {"tool": "a", "result": "[1,  2]"},
        {"tool": "b", "result": {"k": 1.0}},
        {"tool": "c", "result": "[oh"},
    ]
    path = tmp_path / "x.results.jsonl.zst"
    path.write_bytes(zstandard.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    payloads = common.payloads_of(path)
    assert [payload.text for payload in payloads] == ["[1,  2]", '{"k": 1.0}', "[oh"]
    assert [payload.kind for payload in payloads] == ["array", "document", "text"]


def test_peer_that_is_not_installed_is_an_error():
    import common

    with common.Peer(sys.executable) as peer, pytest.raises((SystemExit, BrokenPipeError)):
        peer.crush("[1]")
