"""Records the events of a conversation of the OpenHands SDK."""

import json
import os
import tempfile
from pathlib import Path

from shop import HOME, KEY, MODEL, QUESTION, SYSTEM, keep, lines_of, name_shell, opened_shop


def main() -> None:
    """Runs the agent in its own terminal tool, and keeps its events, one a line."""
    name_shell("terminal")
    os.environ |= {"OPENHANDS_SUPPRESS_BANNER": "1"}
    with opened_shop() as url, tempfile.TemporaryDirectory() as folder:
        from openhands.sdk import LLM, Agent, Conversation, Tool
        from openhands.tools.terminal import TerminalTool
        from pydantic import SecretStr

        llm = LLM(model=f"openai/{MODEL}", base_url=f"{url}/v1", api_key=SecretStr(KEY), usage_id="agent")
        tool = Tool(name=TerminalTool.name, params={"terminal_type": "subprocess"})
        agent = Agent(llm=llm, tools=[tool], include_default_tools=[])
        conversation = Conversation(
            agent=agent, workspace=str(Path.cwd()), persistence_dir=folder, visualizer=None
        )
        conversation.send_message(QUESTION)
        conversation.run()
        conversation.close()
        events = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*/events/*.json"))]
        for event in events:
            if event["kind"] == "SystemPromptEvent":
                # The vendor's instructions and tool definitions are not ours to give.
                event["system_prompt"]["text"] = SYSTEM
                event["tools"] = []
                if event.get("dynamic_context"):
                    event["dynamic_context"]["text"] = HOME
            metadata = event.get("observation", {}).get("metadata", {})
            if metadata:
                metadata |= {"hostname": "shop", "py_interpreter_path": "/usr/bin/python3"}
        keep("openhands.events.jsonl", lines_of(events), (folder, "/home/user"))


if __name__ == "__main__":
    main()
