"""Records Pydantic AI's spans with GenAI attributes: as OpenTelemetry prints them, and as OTLP/JSON."""

import base64

from google.protobuf.json_format import MessageToDict
from openai import AsyncOpenAI
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic_ai import Agent
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from shop import KEY, MODEL, QUESTION, SCRIPT, SYSTEM, bash, keep, lines_of, opened_shop

IDS = ("traceId", "spanId", "parentSpanId")


def main() -> None:
    """Runs the agent and keeps its spans in both spellings."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with opened_shop(rows=4, script=SCRIPT[:2]) as url:
        client = AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY)
        agent = Agent(
            OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=client)),
            system_prompt=SYSTEM,
            tools=[bash],
            capabilities=[],
        )
        Agent.instrument_all(InstrumentationSettings(tracer_provider=provider))
        agent.run_sync(QUESTION)
        spans = exporter.get_finished_spans()
        local = (url, "http://127.0.0.1:18080")
        # The console exporter's own spelling: indented, one value after another.
        keep("otel-genai.console.json", "".join(f"{span.to_json()}\n" for span in spans), local)
        exported = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
        for resource in exported["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    # OTLP/JSON spells ids as hexadecimal digits, Protobuf's own JSON as base64.
                    for name in set(IDS) & set(span):
                        span[name] = base64.b64decode(span[name]).hex()
        keep("otel-genai.otlp.jsonl", lines_of([exported]), local)


if __name__ == "__main__":
    main()
