"""Evidence is what later calls use of a result, and a budget of tokens is kept exactly."""

import pytest

from headroom_beam import _core

CONVERSATION = [
    {"role": "user", "content": "Where is ann?"},
    {
        "role": "assistant",
        "tool_calls": [{"id": "1", "function": {"name": "find", "arguments": '{"name": "ann"}'}}],
    },
    {"role": "tool", "tool_call_id": "1", "content": '[{"id": "user-4711", "name": "ann", "age": 12345}]'},
    {
        "role": "assistant",
        "tool_calls": [
            {"id": "2", "function": {"name": "get", "arguments": '{"id": "user-4711", "n": 7, "age": 12345}'}}
        ],
    },
    {"role": "tool", "tool_call_id": "2", "content": "home"},
]


def test_evidence_is_what_later_calls_use_and_no_earlier_message_holds():
    import evidence

    (result,) = evidence.results_with_evidence(CONVERSATION)
    assert result.text == CONVERSATION[2]["content"]
    assert result.evidence == ("12345", "user-4711")
    assert "Where is ann?" in result.query
    assert result.seen == "ann"


EXCHANGES = [
    {"request": {"contents": [{"role": "user", "parts": [{"text": "Where is ann?"}]}]}},
    {
        "request": {
            "contents": [
                {"role": "model", "parts": [{"functionCall": {"name": "find", "args": {"name": "ann"}}}]},
                {
                    "role": "user",
                    "parts": [{"functionResponse": {"name": "find", "response": {"id": "user-4711"}}}],
                },
            ]
        },
        "response": {
            "candidates": [{"parts": [{"functionCall": {"name": "get", "args": {"id": "user-4711"}}}]}]
        },
    },
]
BEDROCK = [
    {
        "role": "assistant",
        "content": [{"toolUse": {"toolUseId": "1", "name": "find", "input": {"name": "ann"}}}],
    },
    {
        "role": "user",
        "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "it is user-4711"}]}}],
    },
    {
        "role": "assistant",
        "content": [{"toolUse": {"toolUseId": "2", "name": "get", "input": {"id": "user-4711"}}}],
    },
]
RESPONSES = [
    {"type": "function_call", "call_id": "1", "name": "find", "arguments": '{"name":"ann"}'},
    {"type": "function_call_output", "call_id": "1", "output": '{"id":"user-4711"}'},
    {"type": "function_call", "call_id": "2", "name": "get", "arguments": '{"id":"user-4711"}'},
]


@pytest.mark.parametrize("messages", [EXCHANGES, BEDROCK, RESPONSES])
def test_evidence_is_found_in_messages_of_other_harnesses(messages):
    import conversations
    import evidence

    (result,) = evidence.results_with_evidence(list(conversations.messages_in(messages)))
    assert "user-4711" in result.text
    assert result.evidence == ("user-4711",)


def test_tokens_for_a_recall_are_interpolated():
    import evidence

    line = [(0.2, 100), (0.4, 200), (0.4, 250), (0.8, 650)]
    assert evidence.tokens_at(line, 0.3) == pytest.approx(150)
    assert evidence.tokens_at(line, 0.6) == pytest.approx(450)
    assert evidence.tokens_at(line, 0.9) is None


@pytest.mark.parametrize(
    ("atom", "text", "expected"),
    [
        ("12345", '"age": 12345}', True),
        ("12345", "x123456", False),
        ("abcd", "xabcd abcd", True),
        ("(abcd)", "x(abcd)y", True),
        ("abcd", '{"t": "head\\nabcd,1"}', True),
    ],
)
def test_evidence_is_no_part_of_a_longer_word(atom, text, expected):
    import evidence

    assert evidence.stands_in(atom, text) is expected


@pytest.mark.parametrize("tokens", [1, 7, 40])
def test_truncation_keeps_its_budget(tokens):
    import evidence

    text = "\n".join(f"line {number} of the log" for number in range(200))
    kept = evidence.head(text, tokens)
    assert text.startswith(kept)
    assert _core.count_tokens(kept) == tokens
    both = evidence.head_tail(text, tokens)
    assert _core.count_tokens(both) <= tokens + 3
