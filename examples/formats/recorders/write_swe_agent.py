"""Writes a trajectory as SWE-agent 1.1.0 does, after `sweagent/types.py` and `sweagent/agent/agents.py`."""

import copy
import json
from typing import Any

from conversation import converse
from shop import HOME, QUESTION, SYSTEM, keep, opened_shop


def main() -> None:
    """Lays a conversation out as trajectory and history."""
    with opened_shop(rows=5) as url:
        turns = converse(url)
    state = {"working_dir": HOME, "open_file": "n/a"}
    history: list[dict[str, Any]] = [
        {"role": "system", "content": SYSTEM, "agent": "main", "message_type": "system_prompt"},
        {"role": "user", "content": QUESTION, "agent": "main", "message_type": "observation"},
    ]
    steps = []
    for turn in turns:
        step = {
            "action": "submit" if turn.output is None else turn.command,
            "observation": turn.output or "",
            "response": turn.message["content"] or "",
            "thought": turn.message["content"] or "",
            "execution_time": 0.25,
            "state": state,
            "query": copy.deepcopy(history),
            "extra_info": {},
        }
        steps.append(step)
        calls = turn.message.get("tool_calls")
        history.append(
            {
                "role": "assistant",
                "content": step["response"],
                "thought": step["thought"],
                "action": step["action"],
                "agent": "main",
                "tool_calls": calls,
                "message_type": "action",
                "thinking_blocks": None,
            }
        )
        if turn.output is not None:
            history.append(
                {
                    "role": "tool",
                    "content": f"OBSERVATION:\n{turn.output}",
                    "agent": "main",
                    "message_type": "observation",
                    "tool_call_ids": [turn.call["id"]],
                }
            )
    stats = {
        "instance_cost": 0.0,
        "tokens_sent": 4000,
        "tokens_received": 80,
        "api_calls": len(turns),
    }
    trajectory = {
        "trajectory": steps,
        "history": history,
        "info": {
            "swe_agent_version": "1.1.0",
            "swe_rex_version": "1.4.0",
            "model_stats": stats,
            "exit_status": "submitted",
            "submission": "",
        },
        "replay_config": None,
        "environment": "main",
    }
    keep("swe-agent.traj", json.dumps(trajectory, indent=2))


if __name__ == "__main__":
    main()
