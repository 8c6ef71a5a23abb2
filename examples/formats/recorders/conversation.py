"""A conversation with the scripted model, for the formats whose own program isn't run here."""

from __future__ import annotations

import json
import urllib.request
from typing import Any, NamedTuple

from shop import BASH, MODEL, PARAMETERS, QUESTION, SYSTEM, bash

TOOLS = [{"type": "function", "function": {"name": "bash", "description": BASH, "parameters": PARAMETERS}}]


class Turn(NamedTuple):
    """One answer of the model: what it was sent, what it said, and what its call printed."""

    sent: list[dict[str, Any]]
    message: dict[str, Any]
    output: str | None

    @property
    def call(self) -> dict[str, Any]:
        """The call of the shell."""
        return self.message["tool_calls"][0]

    @property
    def command(self) -> str:
        """The command of the call."""
        return json.loads(self.call["function"]["arguments"])["command"]


def converse(url: str) -> list[Turn]:
    """Talks to a model until it has no further call.

    Args:
        url: where it listens.
    """
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": QUESTION},
    ]
    turns: list[Turn] = []
    while not turns or turns[-1].output is not None:
        sent = list(messages)
        body = json.dumps({"model": MODEL, "messages": sent, "tools": TOOLS}).encode()
        request = urllib.request.Request(
            f"{url}/v1/chat/completions", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as response:
            message = json.load(response)["choices"][0]["message"]
        messages.append(message)
        output = None
        for call in message.get("tool_calls") or ():
            output = bash(**json.loads(call["function"]["arguments"]))
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": output})
        turns.append(Turn(sent, message, output))
    return turns
