"""Writes a trajectory with Harbor's own types of the Agent Trajectory Interchange Format."""

import json

from conversation import TOOLS, converse
from harbor.models.trajectories import (
    Agent,
    FinalMetrics,
    Metrics,
    Observation,
    ObservationResult,
    Step,
    ToolCall,
    Trajectory,
)
from shop import MODEL, QUESTION, SYSTEM, keep, opened_shop


def main() -> None:
    """Lays a conversation out as steps."""
    with opened_shop() as url:
        turns = converse(url)
    steps = [
        Step(step_id=1, timestamp="2026-03-02T08:10:00Z", source="system", message=SYSTEM),
        Step(step_id=2, timestamp="2026-03-02T08:10:00Z", source="user", message=QUESTION),
    ]
    for number, turn in enumerate(turns, 3):
        calls, observation = None, None
        if turn.output is not None:
            name, arguments = turn.call["function"]["name"], json.loads(turn.call["function"]["arguments"])
            calls = [ToolCall(tool_call_id=turn.call["id"], function_name=name, arguments=arguments)]
            result = ObservationResult(source_call_id=turn.call["id"], content=turn.output)
            observation = Observation(results=[result])
        steps.append(
            Step(
                step_id=number,
                timestamp=f"2026-03-02T08:10:{number:02d}Z",
                source="agent",
                model_name=MODEL,
                message=turn.message["content"] or "",
                tool_calls=calls,
                observation=observation,
                metrics=Metrics(prompt_tokens=1000, completion_tokens=20, cached_tokens=0, cost_usd=0.0),
                llm_call_count=1,
            )
        )
    trajectory = Trajectory(
        session_id="5d0f1d9e-6a0b-4f4e-9f0e-0d1c5b1f2a77",
        agent=Agent(name="clerk", version="1.0.0", model_name=MODEL, tool_definitions=TOOLS),
        steps=steps,
        final_metrics=FinalMetrics(
            total_prompt_tokens=4000,
            total_completion_tokens=80,
            total_cached_tokens=0,
            total_cost_usd=0.0,
            total_steps=len(steps),
        ),
    )
    keep("atif.json", json.dumps(trajectory.to_json_dict(), indent=2) + "\n")


if __name__ == "__main__":
    main()
