"""The interfaces of model vendors, as far as coding agents use them: OpenAI's two, Anthropic's and Gemini's.

A dialect reads a request: which tools are offered, and which results came back. It writes an answer: a call
of the shell tool, or a sentence. It knows nothing of HTTP and nothing of the script.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

Json = dict[str, Any]

SHELL_TOOLS = (
    "Bash",
    "bash",
    "shell",
    "shell_command",
    "exec_command",
    "exec",
    "run_shell_command",
    "run_commands",
    "execute_command",
)
"""Names under which agents offer a shell, the preferred ones first."""

COMMAND_KEYS = ("command", "cmd", "commands")
"""Names under which a shell tool takes its command."""

MODEL = "scripted-model"
THOUGHT = "The next command of the script comes now."
USAGE_IN, USAGE_OUT = 1000, 20


@dataclass(frozen=True)
class Tool:
    """A tool that an agent offers. A `custom` one takes free text in place of JSON arguments."""

    name: str
    schema: Json
    custom: bool = False


@dataclass(frozen=True)
class Result:
    """A tool result that came back: the id of its call and its text."""

    call: str
    text: str


@dataclass(frozen=True)
class Call:
    """The answer that runs `command` with `tool`."""

    tool: Tool
    command: str


@dataclass(frozen=True)
class Sentence:
    """The answer that ends a turn."""

    text: str


Answer = Call | Sentence


@dataclass(frozen=True)
class Reply:
    """What goes back over HTTP: one JSON value, or events of a stream as `(name, data)`."""

    body: Json | None = None
    events: tuple[tuple[str | None, str], ...] = ()


class Dialect(Protocol):
    """One vendor's interface."""

    name: str

    def serves(self, path: str) -> bool:
        """Says whether requests to this path are in this dialect."""

    def tools(self, request: Json) -> list[Tool]:
        """Lists the tools that the request offers."""

    def results(self, request: Json) -> list[Result]:
        """Lists the tool results that the request sends back, oldest first."""

    def messages(self, request: Json) -> list[Any]:
        """Lists the messages of the conversation, oldest first."""

    def reply(self, request: Json, answer: Answer, *, stream: bool) -> Reply:
        """Spells the answer, as a stream of events or as one JSON value."""


def shell_of(tools: list[Tool]) -> Tool | None:
    """Finds the shell among the tools.

    >>> shell_of([Tool("Read", {}), Tool("Bash", {})]).name
    'Bash'
    """
    by_name = {tool.name: tool for tool in tools}
    return next((by_name[name] for name in SHELL_TOOLS if name in by_name), None)


def arguments_of(tool: Tool, command: str) -> Json:
    """Fills a shell tool's required arguments, the command among them.

    >>> arguments_of(Tool("Bash", {"properties": {"command": {"type": "string"}}}), "ls")
    {'command': 'ls'}
    >>> arguments_of(Tool("run", {"properties": {"commands": {"type": "array"}}}), "ls")
    {'commands': ['ls']}
    """
    properties: Json = tool.schema.get("properties", {})
    key = next((key for key in COMMAND_KEYS if key in properties), COMMAND_KEYS[0])
    filled: Json = {key: _command_value(key, properties.get(key, {}), command)}
    for name in tool.schema.get("required", []):
        filled.setdefault(name, _placeholder(properties.get(name, {})))
    return filled


def _command_value(key: str, schema: Json, command: str) -> str | list[str]:
    kinds = _kinds(schema)
    if key == "commands":
        return [command]
    return ["bash", "-c", command] if "array" in kinds and "string" not in kinds else command


def _kinds(schema: Json) -> set[str]:
    kind = schema.get("type", [])
    kinds = {kind} if isinstance(kind, str) else set(kind)
    for choice in schema.get("anyOf", []) + schema.get("oneOf", []):
        kinds |= _kinds(choice)
    return {kind.lower() for kind in kinds}


def _placeholder(schema: Json) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    values: Json = {"boolean": False, "number": 60000, "integer": 60000, "array": [], "object": {}}
    return next(
        (values[kind] for kind in sorted(_kinds(schema)) if kind in values), "Run a command of the script"
    )


def text_of(value: Any) -> str:
    """Joins the text of a result, which is a string, a list of parts or an object with the output in it.

    >>> text_of([{"type": "text", "text": "a"}, {"type": "image"}])
    'a'
    >>> text_of({"output": "b"})
    'b'
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(text_of(part) for part in value)
    if isinstance(value, dict):
        return next(
            (text_of(value[key]) for key in ("text", "output", "content", "error") if key in value), ""
        )
    return ""


def _identifier(prefix: str, *parts: object) -> str:
    """An id that depends on the place in the conversation only, so that two resumes can be compared."""
    return f"{prefix}_{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"


def _signature(*parts: object) -> str:
    """Stands for what vendors sign or encrypt; like theirs it must come back unchanged."""
    return "".join(hashlib.sha256(repr((*parts, part)).encode()).hexdigest() for part in range(3))


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _Responses:
    """OpenAI Responses."""

    name = "openai-responses"

    def serves(self, path: str) -> bool:
        return path.endswith("/responses")

    def tools(self, request: Json) -> list[Tool]:
        return [
            Tool(tool["name"], tool.get("parameters") or {}, custom=tool.get("type") == "custom")
            for tool in request.get("tools", [])
            if tool.get("name")
        ]

    def messages(self, request: Json) -> list[Any]:
        given = request.get("input", [])
        return given if isinstance(given, list) else [given]

    def results(self, request: Json) -> list[Result]:
        return [
            Result(item["call_id"], text_of(item.get("output")))
            for item in self.messages(request)
            if isinstance(item, dict) and str(item.get("type")).endswith("_call_output")
        ]

    def reply(self, request: Json, answer: Answer, *, stream: bool) -> Reply:
        place = len(self.messages(request))
        items = [*self._reasoning(request, place), self._item(answer, place)]
        response = {
            "id": _identifier("resp", place),
            "object": "response",
            "created_at": 0,
            "model": request.get("model", MODEL),
            "status": "completed",
            "output": items,
            "usage": {
                "input_tokens": USAGE_IN,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": USAGE_OUT,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": USAGE_IN + USAGE_OUT,
            },
        }
        if not stream:
            return Reply(response)
        return Reply(events=tuple((event["type"], _dump(event)) for event in self._events(response)))

    @staticmethod
    def _reasoning(request: Json, place: int) -> list[Json]:
        if "reasoning.encrypted_content" not in (request.get("include") or []):
            return []
        return [
            {
                "type": "reasoning",
                "id": _identifier("rs", place),
                "summary": [{"type": "summary_text", "text": THOUGHT}],
                "encrypted_content": _signature("reasoning", place),
            }
        ]

    @staticmethod
    def _item(answer: Answer, place: int) -> Json:
        if isinstance(answer, Sentence):
            content = [{"type": "output_text", "text": answer.text, "annotations": []}]
            identifier = _identifier("msg", place)
            return {
                "type": "message",
                "id": identifier,
                "status": "completed",
                "role": "assistant",
                "content": content,
            }
        called = {"status": "completed", "call_id": _identifier("call", place), "name": answer.tool.name}
        if answer.tool.custom:
            # The free text of this tool is a program in JavaScript.
            program = (
                f"const r = await tools.exec_command({{cmd: {json.dumps(answer.command)}}}); text(r.output);"
            )
            return {"type": "custom_tool_call", "id": _identifier("ctc", place), **called, "input": program}
        arguments = _dump(arguments_of(answer.tool, answer.command))
        return {"type": "function_call", "id": _identifier("fc", place), **called, "arguments": arguments}

    @staticmethod
    def _events(response: Json) -> Iterator[Json]:
        started = {**response, "status": "in_progress", "output": []}
        yield {"type": "response.created", "response": started}
        for index, item in enumerate(response["output"]):
            at = {"output_index": index, "item_id": item["id"]}
            yield {"type": "response.output_item.added", "output_index": index, "item": item}
            if item["type"] == "message":
                text = item["content"][0]["text"]
                yield {"type": "response.output_text.delta", **at, "content_index": 0, "delta": text}
                yield {"type": "response.output_text.done", **at, "content_index": 0, "text": text}
            elif item["type"] == "function_call":
                yield {"type": "response.function_call_arguments.done", **at, "arguments": item["arguments"]}
            yield {"type": "response.output_item.done", "output_index": index, "item": item}
        yield {"type": "response.completed", "response": response}


class _Chat:
    """OpenAI Chat Completions."""

    name = "openai-chat"

    def serves(self, path: str) -> bool:
        return path.endswith("/chat/completions")

    def tools(self, request: Json) -> list[Tool]:
        functions = [tool["function"] for tool in request.get("tools") or [] if "function" in tool]
        return [Tool(function["name"], function.get("parameters") or {}) for function in functions]

    def messages(self, request: Json) -> list[Any]:
        return list(request.get("messages", []))

    def results(self, request: Json) -> list[Result]:
        return [
            Result(message["tool_call_id"], text_of(message.get("content")))
            for message in self.messages(request)
            if message.get("role") == "tool"
        ]

    def reply(self, request: Json, answer: Answer, *, stream: bool) -> Reply:
        place = len(self.messages(request))
        message: Json = {"role": "assistant", "content": None}
        if isinstance(answer, Sentence):
            message["content"] = answer.text
        else:
            arguments = _dump(arguments_of(answer.tool, answer.command))
            function = {"name": answer.tool.name, "arguments": arguments}
            call = {"id": _identifier("call", place), "type": "function", "function": function}
            message["tool_calls"] = [{"index": 0, **call} if stream else call]
        reason = "stop" if isinstance(answer, Sentence) else "tool_calls"
        head = {"id": _identifier("chatcmpl", place), "created": 0, "model": request.get("model", MODEL)}
        usage = {
            "prompt_tokens": USAGE_IN,
            "completion_tokens": USAGE_OUT,
            "total_tokens": USAGE_IN + USAGE_OUT,
        }
        if not stream:
            choice = {"index": 0, "message": message, "finish_reason": reason}
            return Reply({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
        chunk = {**head, "object": "chat.completion.chunk"}
        chunks = [
            {**chunk, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
            {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
            {**chunk, "choices": [], "usage": usage},
        ]
        return Reply(events=(*((None, _dump(each)) for each in chunks), (None, "[DONE]")))


class _Anthropic:
    """Anthropic Messages."""

    name = "anthropic-messages"

    def serves(self, path: str) -> bool:
        return path.endswith("/messages")

    def tools(self, request: Json) -> list[Tool]:
        return [Tool(tool["name"], tool.get("input_schema") or {}) for tool in request.get("tools") or []]

    def messages(self, request: Json) -> list[Any]:
        return list(request.get("messages", []))

    def results(self, request: Json) -> list[Result]:
        return [
            Result(block["tool_use_id"], text_of(block.get("content")))
            for message in self.messages(request)
            if isinstance(message["content"], list)
            for block in message["content"]
            if block.get("type") == "tool_result"
        ]

    def reply(self, request: Json, answer: Answer, *, stream: bool) -> Reply:
        place = len(self.messages(request))
        blocks: list[Json] = []
        if (request.get("thinking") or {}).get("type") in {"enabled", "adaptive"}:
            blocks.append(
                {"type": "thinking", "thinking": THOUGHT, "signature": _signature("thinking", place)}
            )
        if isinstance(answer, Sentence):
            blocks.append({"type": "text", "text": answer.text})
        else:
            called = {"id": _identifier("toolu", place), "name": answer.tool.name}
            blocks.append({"type": "tool_use", **called, "input": arguments_of(answer.tool, answer.command)})
        message = {
            "id": _identifier("msg", place),
            "type": "message",
            "role": "assistant",
            "model": request.get("model", MODEL),
            "content": blocks,
            "stop_reason": "end_turn" if isinstance(answer, Sentence) else "tool_use",
            "stop_sequence": None,
            "usage": {"input_tokens": USAGE_IN, "output_tokens": USAGE_OUT},
        }
        if not stream:
            return Reply(message)
        return Reply(events=tuple((event["type"], _dump(event)) for event in self._events(message)))

    @staticmethod
    def _events(message: Json) -> Iterator[Json]:
        yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
        for index, block in enumerate(message["content"]):
            empty, deltas = _Anthropic._deltas(block)
            yield {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
            for delta in deltas:
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        stopped = {"stop_reason": message["stop_reason"], "stop_sequence": None}
        yield {"type": "message_delta", "delta": stopped, "usage": {"output_tokens": USAGE_OUT}}
        yield {"type": "message_stop"}

    @staticmethod
    def _deltas(block: Json) -> tuple[Json, list[Json]]:
        """Says which members start out empty, and which deltas fill them."""
        if block["type"] == "text":
            return {"text": ""}, [{"type": "text_delta", "text": block["text"]}]
        if block["type"] == "tool_use":
            return {"input": {}}, [{"type": "input_json_delta", "partial_json": _dump(block["input"])}]
        return {"thinking": "", "signature": ""}, [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]


class _Gemini:
    """Gemini's `generateContent` and `streamGenerateContent`."""

    name = "gemini"

    def serves(self, path: str) -> bool:
        return path.endswith((":generateContent", ":streamGenerateContent"))

    def tools(self, request: Json) -> list[Tool]:
        return [
            Tool(function["name"], function.get("parametersJsonSchema") or function.get("parameters") or {})
            for tool in request.get("tools") or []
            for function in tool.get("functionDeclarations", [])
        ]

    def messages(self, request: Json) -> list[Any]:
        return list(request.get("contents", []))

    def results(self, request: Json) -> list[Result]:
        return [
            Result(part["functionResponse"]["id"], text_of(part["functionResponse"].get("response")))
            for content in self.messages(request)
            for part in content.get("parts", [])
            if "functionResponse" in part
        ]

    def reply(self, request: Json, answer: Answer, *, stream: bool) -> Reply:
        place = len(self.messages(request))
        part: Json
        if isinstance(answer, Sentence):
            part = {"text": answer.text}
        else:
            arguments = arguments_of(answer.tool, answer.command)
            called = {"id": _identifier("call", place), "name": answer.tool.name, "args": arguments}
            part = {"functionCall": called, "thoughtSignature": _signature("thought", place)}
        candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
        response = {
            "candidates": [candidate],
            "usageMetadata": {
                "promptTokenCount": USAGE_IN,
                "candidatesTokenCount": USAGE_OUT,
                "totalTokenCount": USAGE_IN + USAGE_OUT,
            },
            "modelVersion": MODEL,
            "responseId": _identifier("gen", place),
        }
        if stream:
            return Reply(events=((None, _dump(response)),))
        return Reply(response)


_ALL: tuple[Dialect, ...] = (_Responses(), _Chat(), _Anthropic(), _Gemini())

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in _ALL}
"""Every dialect by its name, each served at paths of its own."""
