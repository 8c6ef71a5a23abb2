"""Records requests of the OpenAI SDK, as a Batch API file has them."""

import json

from openai import OpenAI
from shop import BASH, KEY, MODEL, PARAMETERS, QUESTION, SYSTEM, bash, keep, lines_of, opened_shop

TOOLS = [{"type": "function", "function": {"name": "bash", "description": BASH, "parameters": PARAMETERS}}]


def main() -> None:
    """Runs the agent and keeps each request."""
    requests = []
    messages: list = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    with opened_shop() as url:
        client = OpenAI(base_url=f"{url}/v1", api_key=KEY)
        while True:
            body = {"model": MODEL, "messages": list(messages), "tools": TOOLS}
            requests.append(
                {
                    "custom_id": f"shop-{len(requests) + 1}",
                    "method": "POST",
                    "url": "/v1/chat/completions",
                    "body": body,
                }
            )
            answer = client.chat.completions.create(**body).choices[0].message
            messages.append(answer.model_dump(exclude_none=True))
            if not answer.tool_calls:
                break
            for call in answer.tool_calls:
                output = bash(**json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": output})
        keep("openai.batch.jsonl", lines_of(requests))


if __name__ == "__main__":
    main()
