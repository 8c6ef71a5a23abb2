#!/usr/bin/env bash
# A span keeps 128 attributes. OpenInference spends several on each message, so long conversations lose
# messages: the SDK for Python drops the earliest attributes, the one for JavaScript the latest.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages openinference-instrumentation-openai==0.1.66 opentelemetry-sdk==1.45.2 \
    openai==3.57.0 httpx==0.28.1
node_packages @opentelemetry/sdk-trace-base@2.12.1 @opentelemetry/api@1.9.1

run_python >seen <<'PY'
import httpx
import openai
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

ANSWER = {
    "id": "1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "done"}}],
}


def attributes_of(calls, limits):
    """Sends a conversation with so many calls of a tool, and returns the span of this request."""
    spans = InMemorySpanExporter()
    provider = TracerProvider(span_limits=limits)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=ANSWER))
    client = openai.OpenAI(
        api_key="none", base_url="http://model/v1", http_client=httpx.Client(transport=transport)
    )
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "List failures."}]
    for n in range(calls):
        call = {"id": f"c{n}", "type": "function", "function": {"name": "run", "arguments": "{}"}}
        messages.append({"role": "assistant", "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": f"c{n}", "content": f"result {n}"})
    client.chat.completions.create(model="m", messages=messages)
    OpenAIInstrumentor().uninstrument()
    return spans.get_finished_spans()[-1]


for calls, limits in (10, None), (30, None), (30, SpanLimits(max_span_attributes=10_000)):
    span = attributes_of(calls, limits)
    numbers = {int(key.split(".")[2]) for key in span.attributes if key.startswith("llm.input_messages.")}
    left = f"{len(numbers)} messages from number {min(numbers)}, input.value {'input.value' in span.attributes}"
    print(
        f"Python, {calls} calls, {2 + 2 * calls} messages, limit {'10,000' if limits else '128'}:",
        f"{left}, {span.dropped_attributes} attributes dropped",
    )
PY
run_node >>seen <<'JS'
import {
  BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

const spans = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
const span = provider.getTracer('t').startSpan('s');
for (let n = 0; n < 226; n++) span.setAttribute(`a${n}`, 'v');
span.end();
const [done] = spans.getFinishedSpans();
const keys = Object.keys(done.attributes);
const dropped = done.droppedAttributesCount;
console.log(`JavaScript, 226 attributes: ${keys[0]} to ${keys.at(-1)} stay, ${dropped} dropped`);
JS
expect <<'TEXT'
Python, 10 calls, 22 messages, limit 128: 22 messages from number 0, input.value True, 0 attributes dropped
Python, 30 calls, 62 messages, limit 128: 36 messages from number 26, input.value False, 98 attributes dropped
Python, 30 calls, 62 messages, limit 10,000: 62 messages from number 0, input.value True, 0 attributes dropped
JavaScript, 226 attributes: a0 to a127 stay, 98 dropped
TEXT
means "results of long conversations are missing in such spans, and which ones depends on the language." \
    "Set OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=10000 where they are written. Where they are read, look for" \
    "droppedAttributesCount."
