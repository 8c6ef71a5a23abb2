"""Records a run of the OpenAI Agents SDK: the items of the conversation, and the run's saved state."""

import asyncio
import json

from agents import Agent, OpenAIResponsesModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI
from shop import KEY, MODEL, QUESTION, SYSTEM, bash, keep, lines_of, opened_shop


async def _run() -> None:
    set_tracing_disabled(disabled=True)
    with opened_shop() as url:
        client = AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY)
        model = OpenAIResponsesModel(model=MODEL, openai_client=client)
        agent = Agent(name="clerk", instructions=SYSTEM, model=model, tools=[function_tool(bash)])
        result = await Runner.run(agent, QUESTION)
        keep("openai-responses.items.jsonl", lines_of(result.to_input_list()))
        keep(
            "openai-responses.state.json",
            json.dumps(result.to_state().to_json(), separators=(",", ":")) + "\n",
        )


if __name__ == "__main__":
    asyncio.run(_run())
