"""Runs programs as the tools of an agent, and gives the conversation as OpenAI or Anthropic messages.

`record_traces.py` says which programs run. What a program prints is kept byte for byte. Only names of this
machine, and e-mail addresses, are replaced.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

PYTHON = sys.executable
REPOSITORY = Path(__file__).resolve().parent.parent
TIMEOUT_S = 300

_EMAIL = re.compile(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b")
_INDEX_TALK = re.compile(
    r"^(?:Looking in (?:indexes|links):|WARNING: .*(?:pip version|index)).*\n", re.MULTILINE
)


class ToolCall(NamedTuple):
    """One call of a tool, and its result."""

    call_id: str
    tool: str
    arguments: dict[str, Any]
    result: str
    failed: bool


class Turn(NamedTuple):
    """What the user or the agent says at one time, and the agent's tool calls with it."""

    role: str
    text: str
    calls: list[ToolCall]


def neutral(text: str, places: dict[str, str]) -> str:
    """Returns `text` with names of this machine and e-mail addresses replaced.

    Args:
        text: What a program printed.
        places: Path on this machine → the path that replaces it. Longer paths are replaced first.
    """
    for path in sorted(places, key=len, reverse=True):
        text = text.replace(path, places[path])
    text = re.sub(rf"\b{re.escape(platform.release())}\b", "6.1.0", text)
    text = text.replace(platform.version(), "#1 SMP")
    if len(platform.node()) > 3:
        text = text.replace(platform.node(), "host")
    return _INDEX_TALK.sub("", _EMAIL.sub("someone@example.com", text))


class Conversation:
    """One conversation of a user with an agent whose tools are programs on this machine."""

    def __init__(self, name: str, *, workspace: Path) -> None:
        """Starts an empty conversation, whose programs run in `workspace` by default."""
        self.name = name
        self.turns: list[Turn] = []
        self.workspace = workspace
        self._places = {
            str(REPOSITORY): "/repo",
            str(workspace): "/project",
            sys.prefix: "/repo/.venv",
            str(Path.home()): "/home/user",
            os.path.realpath(tempfile.gettempdir()): "/tmp",
        }
        self._call_count = 0

    def ask(self, text: str) -> None:
        """Adds what the user says."""
        self.turns.append(Turn("user", text, []))

    def answer(self, text: str) -> None:
        """Adds what the agent says without calling a tool."""
        self.turns.append(Turn("assistant", text, []))

    def run(
        self, tool: str, command: list[str], *, why: str = "", cwd: Path | None = None, **arguments: Any
    ) -> str:
        """Runs a program as a tool, and adds the call with its output, standard error and exit status.

        Args:
            tool: Name of the tool as the log shows it.
            command: The program and its arguments. The log shows it as the argument `command` unless
                `arguments` are given.
            why: What the agent says with the call.
            cwd: Where the program runs; the workspace by default.
            arguments: The tool's arguments as the log shows them.

        Returns:
            Standard output as logged, which the next step may read.
        """
        environment = {
            **os.environ,
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "CARGO_TERM_COLOR": "never",
            "TERM": "dumb",
        }
        done = subprocess.run(
            command,
            cwd=cwd or self.workspace,
            env=environment,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        output = neutral(done.stdout.decode("utf-8", "replace"), self._places)
        problems = neutral(done.stderr.decode("utf-8", "replace"), self._places)
        text = output or problems
        if done.returncode and output and problems:
            text = f"{output}\n[stderr]\n{problems}"
        if done.returncode:
            text = f"{text.rstrip()}\n[exit status {done.returncode}]"
        shown = arguments or {"command": neutral(" ".join(command), self._places)}
        self.log(tool, shown, text, why=why, failed=done.returncode != 0)
        return output

    def rows(
        self, tool: str, rows: list[dict[str, Any]], *, why: str = "", **arguments: Any
    ) -> list[dict[str, Any]]:
        """Adds a call whose result is an array of rows, and returns the rows."""
        self.log(tool, arguments, neutral(json.dumps(rows, ensure_ascii=False), self._places), why=why)
        return rows

    def log(
        self, tool: str, arguments: dict[str, Any], result: str, *, why: str = "", failed: bool = False
    ) -> None:
        """Adds a call and its result. Without `why`, it joins the calls of the last turn, if that has any."""
        self._call_count += 1
        call = ToolCall(f"call_{self.name}_{self._call_count:02d}", tool, arguments, result, failed)
        last = self.turns[-1] if self.turns else None
        if last is not None and last.role == "assistant" and last.calls and not why:
            last.calls.append(call)
        else:
            self.turns.append(Turn("assistant", why, [call]))


def openai_messages(conversation: Conversation) -> list[dict[str, Any]]:
    """Returns OpenAI chat messages: `tool_calls` with arguments as text, one `tool` message for each."""
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "You answer questions by running programs."}
    ]
    for turn in conversation.turns:
        message: dict[str, Any] = {"role": turn.role, "content": turn.text or None}
        if turn.calls:
            message["tool_calls"] = [
                {
                    "id": call.call_id,
                    "type": "function",
                    "function": {"name": call.tool, "arguments": json.dumps(call.arguments)},
                }
                for call in turn.calls
            ]
        messages.append(message)
        messages.extend(
            {"role": "tool", "tool_call_id": call.call_id, "name": call.tool, "content": call.result}
            for call in turn.calls
        )
    return messages


def anthropic_messages(conversation: Conversation) -> list[dict[str, Any]]:
    """Returns Anthropic messages: `tool_use` blocks, and `tool_result` blocks in a message of the user."""
    messages: list[dict[str, Any]] = []
    for turn in conversation.turns:
        if turn.role == "user":
            messages.append({"role": "user", "content": turn.text})
            continue
        content: list[dict[str, Any]] = [{"type": "text", "text": turn.text}] if turn.text else []
        content += [
            {"type": "tool_use", "id": call.call_id, "name": call.tool, "input": call.arguments}
            for call in turn.calls
        ]
        messages.append({"role": "assistant", "content": content})
        if turn.calls:
            results = [_tool_result(call) for call in turn.calls]
            messages.append({"role": "user", "content": results})
    return messages


def _tool_result(call: ToolCall) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": call.call_id}
    # Both forms of a result are common in real logs: a string, and a list of text blocks.
    block["content"] = [{"type": "text", "text": call.result}] if call.tool == "bash" else call.result
    if call.failed:
        block["is_error"] = True
    return block


def output_of(*command: str) -> str:
    """Returns the standard output of a program, which must succeed."""
    return subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout


Session = Callable[[Conversation], None]
"""A function that runs one conversation."""
