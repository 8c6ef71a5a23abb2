#!/usr/bin/env bash
# Attributes of OpenTelemetry may hold whole structures by now, and so whole results. One value that a way
# out doesn't take costs the attribute, the span, or the readability of the file.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-common==1.45.1 \
    opentelemetry-exporter-otlp-json-file==0.66b1 protobuf==7.36.2

run_python >seen <<'PY'
import io

from google.protobuf import json_format
from opentelemetry.exporter.otlp.json.file import FileSpanExporter
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

KEY = "gen_ai.tool.call.result"
RESULTS = {
    "signed id": {"rows": [{"id": 2**63 - 1, "state": "failed"}]},
    "unsigned id": {"rows": [{"id": 2**63, "state": "failed"}]},
    "bytes": {"rows": [{"id": 1, "digest": b"\xfb\xff"}]},
}
for name, result in RESULTS.items():
    memory, console, file = InMemorySpanExporter(), io.StringIO(), io.StringIO()
    provider = TracerProvider()
    for exporter in memory, ConsoleSpanExporter(out=console), FileSpanExporter(stream=file):
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("t").start_as_current_span("execute_tool") as span:
        span.set_attribute("gen_ai.tool.name", "list")
        span.set_attribute(KEY, result)
    (sent,) = encode_spans(memory.get_finished_spans()).resource_spans[0].scope_spans[0].spans
    try:
        json_format.Parse(file.getvalue(), TracesData())
        parsed = "yes"
    except json_format.ParseError:
        parsed = "no"
    print(
        f"{name}: in OTLP {KEY in [one.key for one in sent.attributes]}",
        f"(dropped: {sent.dropped_attributes_count}),",
        f"in OTLP/JSON {KEY in file.getvalue()} (protobuf reads the line: {parsed}),",
        f"on the console {KEY in console.getvalue()} (span: {'execute_tool' in console.getvalue()})",
    )
PY
expect <<'TEXT'
signed id: in OTLP True (dropped: 0), in OTLP/JSON True (protobuf reads the line: yes), on the console True (span: True)
unsigned id: in OTLP False (dropped: 0), in OTLP/JSON True (protobuf reads the line: no), on the console True (span: True)
bytes: in OTLP True (dropped: 0), in OTLP/JSON True (protobuf reads the line: yes), on the console False (span: False)
TEXT
means "a structured result with one unsigned 64-bit id is lost over OTLP, and dropped_attributes_count" \
    "stays 0; one with bytes loses its span on the console. Set results as JSON text, and they arrive" \
    "whole."
