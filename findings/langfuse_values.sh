#!/usr/bin/env bash
# Langfuse's SDK turns integers beyond 2^53 into strings, decimals and bytes into placeholders, and embedded
# images into references to its server.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages langfuse==5.0.4 opentelemetry-sdk==1.45.2

run_python >seen <<'PY'
import base64
import decimal
import json
import os
import re

from langfuse import Langfuse
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

RESULT = {
    "rows": [{"id": 9007199254740991}, {"id": 9007199254740993}],
    "price": decimal.Decimal("1.10"),
    "digest": b"\xfb\xff",
    "ratio": float("nan"),
    "image": "data:image/png;base64," + base64.b64encode(bytes(60)).decode(),
}
spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
client = Langfuse(
    public_key="none", secret_key="none", base_url="http://127.0.0.1:9", tracer_provider=provider
)
with client.start_as_current_observation(name="list", as_type="tool") as observation:
    observation.update(output=RESULT)
(span,) = spans.get_finished_spans()
for key, value in json.loads(span.attributes["langfuse.observation.output"]).items():
    print(key, re.sub(r"id=[^|]+", "id=ID", json.dumps(value)))
print(end="", flush=True)
os._exit(0)  # The client would try for a while to send the span.
PY
expect <<'TEXT'
rows [{"id": 9007199254740991}, {"id": "9007199254740993"}]
price "<Decimal>"
digest "<not serializable bytes>"
ratio "NaN"
image "@@@langfuseMedia:type=image/png|id=ID|source=base64_data_uri@@@"
TEXT
means "ids of one column are numbers in some rows and strings in others, so joins and comparisons miss" \
    "rows. Decimals, bytes and images aren't in the export at all. Turn them into text before they are" \
    "logged."
