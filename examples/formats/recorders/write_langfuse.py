"""Writes observations with the Langfuse SDK's own types, as its export has them."""

import datetime as dt
import hashlib
import json
from typing import Any

from conversation import converse
from langfuse.api.commons.types.observation_v2 import ObservationV2
from shop import MODEL, QUESTION, keep, opened_shop

START = dt.datetime(2026, 3, 2, 8, 10, tzinfo=dt.timezone.utc)
TRACE = hashlib.md5(b"shop").hexdigest()
TOKENS = {"input": 1000, "output": 20, "total": 1020}


def observation(number: int, kind: str, name: str, **more: Any) -> str:
    """Spells an observation of the trace."""
    start = START + dt.timedelta(seconds=number)
    return ObservationV2(
        id=hashlib.md5(bytes([number])).hexdigest()[:16],
        trace_id=TRACE,
        start_time=start,
        end_time=start + dt.timedelta(milliseconds=250),
        created_at=start,
        updated_at=start,
        project_id="shop",
        parent_observation_id=None if number == 0 else hashlib.md5(bytes([0])).hexdigest()[:16],
        is_root_observation=number == 0,
        type=kind,
        name=name,
        level="DEFAULT",
        environment="default",
        metadata={"scope": {"name": "langfuse-sdk", "version": "5.0.4"}},
        **more,
    ).json()


def main() -> None:
    """Lays a conversation out as an agent's observation, generations and tools."""
    with opened_shop(rows=8) as url:
        turns = converse(url)
    lines = [observation(0, "AGENT", "clerk", input=QUESTION, output=turns[-1].message["content"])]
    for number, turn in enumerate(turns, 1):
        generation = {"model": MODEL, "model_parameters": {}, "usage_details": TOKENS, "cost_details": {}}
        lines.append(
            observation(
                2 * number,
                "GENERATION",
                "OpenAI-generation",
                input=turn.sent,
                output=turn.message,
                **generation,
            )
        )
        if turn.output is not None:
            given = {"command": turn.command}
            lines.append(observation(2 * number + 1, "TOOL", "bash", input=given, output=turn.output))
    # The server returns inputs and outputs as strings of JSON where it wasn't asked to parse them.
    as_text = [json.loads(line) for line in lines]
    for row in as_text:
        row |= {key: json.dumps(row[key]) for key in ("input", "output") if not isinstance(row[key], str)}
    keep("langfuse.observations.jsonl", "".join(f"{line}\n" for line in lines))
    keep("langfuse.text.jsonl", "".join(f"{json.dumps(row)}\n" for row in as_text))


if __name__ == "__main__":
    main()
