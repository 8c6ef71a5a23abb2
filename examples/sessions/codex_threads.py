"""Reads a thread through Codex's own server, as its graphical programs do: which turns does it know of?"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 60


@dataclass(frozen=True)
class Turn:
    """A turn as the server lists it."""

    prompt: str | None
    last_message: str | None
    items: int


def read_turns(program: Path, thread: str, environment: Mapping[str, str], folder: Path) -> list[Turn]:
    """Asks `codex app-server` for a thread with its turns, over JSON-RPC on standard input and output.

    Raises:
        RuntimeError: the server answered with an error, or not at all.
    """
    command = [str(program), "app-server"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
        cwd=folder,
        text=True,
    ) as process:
        timer = threading.Timer(TIMEOUT_S, process.kill)
        timer.start()
        try:
            client = {"name": "headroom_beam", "title": "headroom_beam", "version": "0"}
            _ask(process, 1, "initialize", {"clientInfo": client})
            _send(process, {"method": "initialized"})
            answer = _ask(process, 2, "thread/read", {"threadId": thread, "includeTurns": True})
        finally:
            timer.cancel()
            process.kill()
    return [_turn(turn) for turn in answer["thread"]["turns"]]


def _turn(turn: dict[str, Any]) -> Turn:
    prompts = [item for item in turn["items"] if item["type"] == "userMessage"]
    messages = [item for item in turn["items"] if item["type"] == "agentMessage"]
    return Turn(
        prompt="".join(part.get("text", "") for part in prompts[0]["content"]) if prompts else None,
        last_message=messages[-1]["text"] if messages else None,
        items=len(turn["items"]),
    )


def _ask(process: subprocess.Popen[str], number: int, method: str, parameters: dict[str, Any]) -> Any:
    _send(process, {"id": number, "method": method, "params": parameters})
    assert process.stdout is not None
    for line in process.stdout:
        message = json.loads(line)
        if message.get("id") == number and "method" not in message:
            if "error" in message:
                raise RuntimeError(f"codex app-server refused {method}: {message['error'].get('message')}")
            return message["result"]
    raise RuntimeError(f"codex app-server ended before it answered {method}")


def _send(process: subprocess.Popen[str], message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
