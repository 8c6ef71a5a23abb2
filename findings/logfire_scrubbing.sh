#!/usr/bin/env bash
# Logfire replaces the whole result of a tool when one word in it, such as "session", is on its list.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages logfire==5.4.0 pydantic-ai-slim==2.68.0 opentelemetry-sdk==1.45.2

run_python >seen <<'PY'
import logfire
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel

LINES = [f"tests/test_{n}.py passed" for n in range(200)]
spans = InMemorySpanExporter()


def model(messages, info):
    call = ToolCallPart("run_tests", {}, "c1")
    return ModelResponse(parts=[call if len(messages) == 1 else TextPart("done")])


logfire.configure(
    send_to_logfire=False, console=False, additional_span_processors=[SimpleSpanProcessor(spans)]
)
logfire.instrument_pydantic_ai()
agent = Agent(FunctionModel(model))


@agent.tool_plain
def run_tests() -> str:
    return "\n".join([*LINES, last])


for last in "200 passed in 3 s", "the test session took 3 s":
    spans.clear()
    agent.run_sync("Run the tests.")
    (span,) = [one for one in spans.get_finished_spans() if one.name.startswith("execute_tool")]
    result = span.attributes["gen_ai.tool.call.result"]
    scrubbed = span.attributes.get("logfire.scrubbed")
    print(f"last line {last!r}: {len(result)} characters, {result[-28:]!r}, {scrubbed}")
PY
expect <<'TEXT'
last line '200 passed in 3 s': 4907 characters, '.py passed\n200 passed in 3 s', None
last line 'the test session took 3 s': 27 characters, "[Scrubbed due to 'session']", [{"path": ["attributes", "gen_ai.tool.call.result"], "matched_substring": "session"}]
TEXT
means "results of file reads, test runs and requests are missing from traces by chance of a word." \
    "logfire.scrubbed in the span names it. Allow the attribute with a callback, where the results may" \
    "be kept."
