"""Records a trace of MLflow."""

import json
import os
import tempfile

from shop import BASH, KEY, MODEL, PARAMETERS, QUESTION, SYSTEM, bash, keep, opened_shop

NAMES = ((__file__, "clerk.py"), ('"mlflow.user": "root"', '"mlflow.user": "user"'))
TOOLS = [{"type": "function", "function": {"name": "bash", "description": BASH, "parameters": PARAMETERS}}]


def main() -> None:
    """Runs the agent under MLflow's tracing, and keeps the trace as JSON."""
    with opened_shop(rows=4) as url, tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        import mlflow
        from openai import OpenAI

        mlflow.openai.autolog()
        client = OpenAI(base_url=f"{url}/v1", api_key=KEY)
        traced_bash = mlflow.trace(bash, span_type="TOOL")

        @mlflow.trace(span_type="AGENT")
        def clerk(question: str) -> str:
            messages: list = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
            while True:
                answer = client.chat.completions.create(model=MODEL, messages=list(messages), tools=TOOLS)
                message = answer.choices[0].message
                messages.append(message.model_dump(exclude_none=True))
                if not message.tool_calls:
                    return message.content
                for call in message.tool_calls:
                    output = traced_bash(**json.loads(call.function.arguments))
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": output})

        clerk(QUESTION)
        mlflow.flush_trace_async_logging()
        trace = mlflow.get_trace(mlflow.get_last_active_trace_id())
        keep("mlflow.trace.jsonl", trace.to_json() + "\n", *NAMES)


if __name__ == "__main__":
    main()
