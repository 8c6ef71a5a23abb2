#!/usr/bin/env bash
# The steps of smolagents' memory don't hold the arguments that were given: a string that is JSON is parsed.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages smolagents==1.26.0

run_python >seen <<'PY'
import json

from smolagents import ToolCallingAgent, tool
from smolagents.models import (
    ChatMessage, ChatMessageToolCall, ChatMessageToolCallFunction, MessageRole, Model,
)

CONTENT = '{\n  "version": 1.10,\n  "limit": 1e400,\n  "id": 7, "id": 8\n}'
written = []


@tool
def write_file(path: str, content: str) -> str:
    """Writes a file.

    Args:
        path: its path
        content: its text
    """
    written.append(content)
    return content


class Scripted(Model):
    """Calls the tool, and then ends."""

    calls = [("write_file", {"path": "a.json", "content": CONTENT}), ("final_answer", {"answer": "done"})]

    def generate(self, messages, **options):
        name, arguments = self.calls.pop(0)
        function = ChatMessageToolCallFunction(name=name, arguments=arguments)
        call = ChatMessageToolCall(id="c", type="function", function=function)
        return ChatMessage(role=MessageRole.ASSISTANT, content="", tool_calls=[call])


agent = ToolCallingAgent(tools=[write_file], model=Scripted(), verbosity_level=0)
agent.run("Write the file.")
step = agent.memory.get_full_steps()[1]
print("written", json.dumps(written[0]))
print("logged argument", json.dumps(step["tool_calls"][0]["function"]["arguments"]["content"]))
print("logged observation is what the tool returned:", step["observations"] == CONTENT)
PY
expect <<'TEXT'
written "{\n  \"version\": 1.10,\n  \"limit\": 1e400,\n  \"id\": 7, \"id\": 8\n}"
logged argument {"version": 1.1, "limit": Infinity, "id": 8}
logged observation is what the tool returned: True
TEXT
means "a replay from such steps calls tools with an object where the model gave a text, and with other" \
    "numbers; an Infinity makes the whole file no JSON. Results of tools (observations) are whole."
