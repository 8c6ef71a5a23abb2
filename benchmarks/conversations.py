"""Reads conversations for the benchmarks: texts, tool calls with their arguments, and tool results.

Harnesses log these in many shapes: as messages of OpenAI, Anthropic, Google and Bedrock, as observations of
LangChain and Langfuse, and as recorded HTTP exchanges of any of them. An object is recognised as a call or a
result by its members, wherever in a message it stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from common import lines_of

# Members that hold other messages, in the order in which they were sent.
_HISTORIES = ("messages", "contents", "input", "request", "response")
_CALL_TYPES = ("tool_use", "function_call", "tool_call", "TOOL")
_RESULT_TYPES = ("tool", "tool_result", "function_call_output", "TOOL")


class Event(NamedTuple):
    """One part of a message. Its kind is `said` (a text), `call` (arguments) or `result` (a text)."""

    kind: str
    call_id: str
    text: str
    arguments: Any = None


def conversations_of(path: Path) -> Iterator[list[Any]]:
    """Yields each conversation of a file as a list of messages.

    A line holds a whole conversation or one message. Messages without the name of a conversation form one.
    """
    single: dict[str, list[Any]] = {}
    for line in lines_of(path):
        record = json.loads(line)
        if isinstance(record, dict) and isinstance(record.get("messages"), list):
            yield list(messages_in(record["messages"]))
        elif isinstance(record, dict):
            single.setdefault(str(record.get("conversation", "")), []).extend(messages_in(record))
    yield from single.values()


def messages_in(value: Any) -> Iterator[Any]:
    """Yields the messages of a record in order: those in its histories, then its other members as one."""
    if isinstance(value, list):
        for member in value:
            yield from messages_in(member)
        return
    found = isinstance(value, dict) and call_in(value) is None and result_in(value) is None
    histories = [name for name in _HISTORIES if isinstance(value.get(name), (list, dict))] if found else []
    for name in histories:
        yield from messages_in(value[name])
    yield {key: member for key, member in value.items() if key not in histories} if histories else value


def events_in(value: Any) -> Iterator[Event]:
    """Yields the texts, calls and results in a message, in order."""
    if isinstance(value, str):
        inner = parsed(value)
        yield from [Event("said", "", value)] if inner is None else events_in(inner)
    elif isinstance(value, list):
        for member in value:
            yield from events_in(member)
    elif isinstance(value, dict):
        found = [event for event in (call_in(value), result_in(value)) if event]
        yield from found
        for member in () if found else value.values():
            yield from events_in(member)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield Event("said", "", json.dumps(value))


def call_in(value: dict[str, Any]) -> Event | None:
    """Returns an object as a call, or None when it isn't one."""
    named = isinstance(value.get("name"), str)
    function = value.get("function")
    if isinstance(function, dict) and "arguments" in function:
        arguments = function["arguments"]
    elif value.get("type") in _CALL_TYPES or "toolUseId" in value:
        arguments = value.get("input", value.get("arguments", value.get("args")))
    elif named and isinstance(value.get("args"), dict):
        arguments = value["args"]
    elif named and "id" in value and "arguments" in value:
        # Some harnesses log the function's members in the call itself.
        arguments = value["arguments"]
    else:
        return None
    return None if arguments is None else Event("call", id_of(value), "", arguments)


def result_in(value: dict[str, Any]) -> Event | None:
    """Returns an object as a result, or None when it isn't one."""
    named = isinstance(value.get("name"), str)
    if value.get("role") == "tool" or value.get("type") in _RESULT_TYPES or "toolUseId" in value:
        result = value.get("content", value.get("output"))
    elif named and "response" in value:
        result = value["response"]
    elif named and isinstance(value.get("args"), dict):
        result = value.get("result")
    else:
        return None
    text = text_of(result)
    return Event("result", id_of(value), text) if text else None


def id_of(value: dict[str, Any]) -> str:
    """Returns the id that a call and its result share; empty when there is none."""
    names = ("tool_call_id", "call_id", "tool_use_id", "toolUseId", "id")
    return str(next((value[name] for name in names if value.get(name)), ""))


def text_of(result: Any) -> str:
    """Returns a result's text: a string as it is, the texts of blocks, and other JSON compactly."""
    if result is None or isinstance(result, str):
        return result or ""
    if isinstance(result, list) and result and all(isinstance(block, dict) for block in result):
        texts = [block["text"] for block in result if isinstance(block.get("text"), str)]
        nested = [event.text for block in result for event in events_in(block) if event.kind == "result"]
        if texts or nested:
            return "\n".join(texts or nested)
    if isinstance(result, dict) and len(result) == 1 and not {"output", "result"}.isdisjoint(result):
        return text_of(next(iter(result.values())))
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"))


def parsed(text: str) -> Any:
    """Returns the JSON object or array in a string, or None."""
    if not text.startswith(("{", "[")):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, (dict, list)) else None
