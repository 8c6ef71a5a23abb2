#!/usr/bin/env bash
# fastparquet reads a column of conversations (lists of messages) as nulls, without an error.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages fastparquet==2026.9.0 pandas==3.1.1 pyarrow==26.0.1

run_python >seen <<'PY'
import pandas
import pyarrow as pa
import pyarrow.parquet

messages = [
    {"role": "user", "content": "List the failures."},
    {"role": "tool", "content": '[{"id": 1}]'},
]
table = pa.table({"id": [1, 2], "messages": [messages, messages[:1]], "record": ["{}", "{}"]})
pyarrow.parquet.write_table(table, "conversations.parquet")
for engine in "pyarrow", "fastparquet":
    frame = pandas.read_parquet("conversations.parquet", engine=engine)
    found = frame["messages"].notna().sum()
    print(f"{engine}: columns {list(frame.columns)}, conversations {found} of {len(frame)}")
PY
expect <<'TEXT'
pyarrow: columns ['id', 'messages', 'record'], conversations 2 of 2
fastparquet: columns ['id', 'messages', 'record'], conversations 0 of 2
TEXT
means "conversations look absent rather than unreadable. Read them with another engine, or keep each as" \
    "JSON text."
