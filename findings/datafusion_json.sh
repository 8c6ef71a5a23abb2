#!/usr/bin/env bash
# DataFusion infers the columns of JSON Lines from the first 1,000 lines. Later fractions in a column of
# integers are cut to integers, and later columns are left out, without an error.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages datafusion==55.0.0 pyarrow==26.0.1

run_python >seen <<'PY'
import json

from datafusion import SessionContext

lines = [{"step": n, "cost": 1, "usage": {"input": 5}} for n in range(1500)]
lines[1200] = {"step": 1200, "cost": 1.75, "usage": {"input": 5, "cached": 3}, "error": "timed out"}
with open("trace.jsonl", "w") as file:
    file.writelines(json.dumps(line) + "\n" for line in lines)

for limit in 1000, 2000:
    table = SessionContext().read_json(
        "trace.jsonl", file_extension=".jsonl", schema_infer_max_records=limit
    )
    (row,) = [row for row in table.to_pylist() if row["step"] == 1200]
    print(f"types from {limit} lines:", json.dumps(dict(sorted(row.items()))))
PY
expect <<'TEXT'
types from 1000 lines: {"cost": 1, "step": 1200, "usage": {"input": 5}}
types from 2000 lines: {"cost": 1.75, "error": "timed out", "step": 1200, "usage": {"input": 5, "cached": 3}}
TEXT
means "sums of costs and scores over traces are wrong, and rare errors are missing, in files of over" \
    "1,000 lines. Give a schema, or let it be inferred from all lines."
