"""Records a cassette of VCR.py around the OpenAI SDK, with its JSON serializer."""

import json
import tempfile
from pathlib import Path

import vcr
from openai import OpenAI
from shop import BASH, KEY, MODEL, PARAMETERS, QUESTION, SYSTEM, bash, keep, opened_shop

TOOLS = [{"type": "function", "function": {"name": "bash", "description": BASH, "parameters": PARAMETERS}}]


def main() -> None:
    """Runs the agent under VCR.py and keeps the cassette."""
    messages: list = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    with opened_shop(rows=6) as url, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.json"
        recorder = vcr.VCR(serializer="json", filter_headers=["authorization"])
        with recorder.use_cassette(str(path)):
            client = OpenAI(base_url=f"{url}/v1", api_key=KEY)
            while True:
                answer = client.chat.completions.create(model=MODEL, messages=list(messages), tools=TOOLS)
                message = answer.choices[0].message
                messages.append(message.model_dump(exclude_none=True))
                if not message.tool_calls:
                    break
                for call in message.tool_calls:
                    output = bash(**json.loads(call.function.arguments))
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": output})
        keep("vcr.json", path.read_text(encoding="utf-8"), (url, "http://127.0.0.1:18080"))


if __name__ == "__main__":
    main()
