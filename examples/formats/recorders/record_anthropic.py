"""Records a conversation of the Anthropic SDK, and its requests as a file for Message Batches has them."""

from anthropic import Anthropic
from shop import BASH, KEY, MODEL, PARAMETERS, QUESTION, SYSTEM, bash, keep, lines_of, opened_shop

TOOLS = [{"name": "bash", "description": BASH, "input_schema": PARAMETERS}]


def main() -> None:
    """Runs the agent and keeps each request."""
    requests = []
    messages: list = [{"role": "user", "content": QUESTION}]
    with opened_shop() as url:
        client = Anthropic(base_url=url, api_key=KEY)
        while True:
            params = {
                "model": MODEL,
                "max_tokens": 1024,
                "system": SYSTEM,
                "tools": TOOLS,
                "messages": list(messages),
            }
            requests.append({"custom_id": f"shop-{len(requests) + 1}", "params": params})
            answer = client.messages.create(**params)
            messages.append({"role": "assistant", "content": answer.model_dump()["content"]})
            results = [
                {
                    "type": "tool_result",
                    "tool_use_id": block.id,
                    "content": [{"type": "text", "text": bash(**block.input)}],
                }
                for block in answer.content
                if block.type == "tool_use"
            ]
            if not results:
                break
            messages.append({"role": "user", "content": results})
        keep("anthropic.batch.jsonl", lines_of(requests))


if __name__ == "__main__":
    main()
