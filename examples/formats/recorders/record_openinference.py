"""Records spans of OpenInference's instrumentation of the OpenAI SDK."""

import json

from openai import OpenAI
from openinference.instrumentation import OITracer, TraceConfig
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from shop import BASH, KEY, MODEL, PARAMETERS, QUESTION, SCRIPT, SYSTEM, bash, keep, lines_of, opened_shop

TOOLS = [{"type": "function", "function": {"name": "bash", "description": BASH, "parameters": PARAMETERS}}]


def main() -> None:
    """Runs the agent and keeps its spans as the SDK's console exporter spells them, one a line."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    tracer = OITracer(provider.get_tracer("shop"), TraceConfig())
    traced_bash = tracer.tool(bash)
    messages: list = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    with opened_shop(rows=4, script=SCRIPT[:2]) as url:
        client = OpenAI(base_url=f"{url}/v1", api_key=KEY)
        with tracer.start_as_current_span("clerk", openinference_span_kind="agent") as span:
            span.set_input(QUESTION)
            while True:
                answer = client.chat.completions.create(model=MODEL, messages=list(messages), tools=TOOLS)
                message = answer.choices[0].message
                messages.append(message.model_dump(exclude_none=True))
                if not message.tool_calls:
                    break
                for call in message.tool_calls:
                    output = traced_bash(**json.loads(call.function.arguments))
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": output})
            span.set_output(message.content)
        spans = [json.loads(span.to_json()) for span in exporter.get_finished_spans()]
        keep("openinference.spans.jsonl", lines_of(spans), (url, "http://127.0.0.1:18080"))


if __name__ == "__main__":
    main()
