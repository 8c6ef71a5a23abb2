"""The example traces are large, complete and neutral."""

import json
import re

import pytest
from helpers.repository import TRACES


def records_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def messages_of(path):
    return [message for record in records_of(path) for message in record.get("messages", [record])]


def test_traces_are_large_and_many_enough():
    assert [path.name for path in TRACES] == [
        "anthropic_conversations.jsonl",
        "anthropic_messages.jsonl",
        "openai_conversations.jsonl",
        "openai_messages.jsonl",
    ]
    assert sum(len(records_of(path)) for path in TRACES) >= 200
    assert 2_000_000 <= sum(path.stat().st_size for path in TRACES) <= 4_000_000


def test_every_tool_call_is_answered_once():
    for path in TRACES:
        asked, answered = [], []
        for message in messages_of(path):
            asked += [call["id"] for call in message.get("tool_calls", [])]
            if message["role"] == "tool":
                answered.append(message["tool_call_id"])
            for block in message["content"] if isinstance(message["content"], list) else []:
                asked += [block["id"]] if block["type"] == "tool_use" else []
                answered += [block["tool_use_id"]] if block["type"] == "tool_result" else []
        assert asked
        assert sorted(asked) == sorted(answered)
        assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name)
def test_traces_name_neither_people_nor_machines(path):
    text = path.read_text(encoding="utf-8")
    addresses = set(re.findall(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", text))
    assert addresses <= {"someone@example.com"}
    assert not re.search(r"(?<![\w.])(/root/|/home/(?!user\b)|/Users/)", text)
    assert not re.search(r"find-links|(index|extra)-(url|index)|Looking in (links|indexes)", text)
    assert not re.search(
        r"(?i)(api[_-]?key|password|secret|token)[\"' ]*[:=][\"' ]*[A-Za-z0-9/+_-]{20,}", text
    )
    assert "BEGIN PRIVATE KEY" not in text
