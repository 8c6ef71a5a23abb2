#!/usr/bin/env bash
# The exporter sends up to 512 spans at once, and a gRPC server takes 4 MiB at once. A batch with more bytes
# of tool results is lost as a whole, with all spans in it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages opentelemetry-exporter-otlp-proto-grpc==1.45.1 opentelemetry-sdk==1.45.1 grpcio==1.85.3

run_python >seen <<'PY'
from concurrent import futures

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

received = []


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    def Export(self, request, context):
        received.extend(s for r in request.resource_spans for o in r.scope_spans for s in o.spans)
        return trace_service_pb2.ExportTraceServiceResponse()


server = grpc.server(futures.ThreadPoolExecutor(2))
trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Collector(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()

for results, size, batch in (100, 30_000, 512), (200, 30_000, 512), (200, 30_000, 64):
    received.clear()
    exporter = OTLPSpanExporter(endpoint=f"127.0.0.1:{port}", insecure=True, timeout=3)
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter, max_export_batch_size=batch))
    for _ in range(results):
        with provider.get_tracer("t").start_as_current_span("execute_tool") as span:
            span.set_attribute("gen_ai.tool.call.result", "x" * size)
    provider.force_flush()
    provider.shutdown()
    print(f"{results} results of {size} characters, {batch} spans a batch: {len(received)} spans arrive")
PY
echo "logged: $(grep -o 'StatusCode.RESOURCE_EXHAUSTED, error details.*than max' log | sort -u)" >>seen
expect <<'TEXT'
100 results of 30000 characters, 512 spans a batch: 100 spans arrive
200 results of 30000 characters, 512 spans a batch: 0 spans arrive
200 results of 30000 characters, 64 spans a batch: 200 spans arrive
logged: StatusCode.RESOURCE_EXHAUSTED, error details: SERVER: Received message larger than max
TEXT
means "a trace may lack hundreds of spans in a row, small ones too, and nothing in it says so. Set" \
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE so that a batch of the largest results fits, or raise the" \
    "receiver's limit."
