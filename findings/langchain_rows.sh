#!/usr/bin/env bash
# LangChain takes a list of rows for parts of a message when each has a column `type` with certain values,
# such as "file" in a listing of files. The result then changes its type, and no text view of the message
# shows it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages langchain-core==1.8.3

run_python >seen <<'PY'
from langchain_core.messages import get_buffer_string
from langchain_core.tools import tool

FILES = [{"type": "file", "name": "a.py", "bytes": 10}, {"type": "file", "name": "b.py", "bytes": 20}]


@tool
def list_folder(path: str) -> list[dict]:
    """Lists a folder."""
    return FILES + ([{"type": "dir", "name": "src", "bytes": 0}] if path == "/" else [])


for path in "/", "/src":
    call = {"type": "tool_call", "name": "list_folder", "id": "c1", "args": {"path": path}}
    message = list_folder.invoke(call)
    kind, printed = type(message.content).__name__, get_buffer_string([message])[:30]
    print(f"{path}: content is a {kind}, text has {len(message.text)} characters, printed as {printed!r}")
PY
expect <<'TEXT'
/: content is a str, text has 138 characters, printed as 'Tool: [{"type": "file", "name"'
/src: content is a list, text has 0 characters, printed as 'Tool: '
TEXT
means "the same tool's results stand as JSON text in some records and as lists in others, and dumps made" \
    "of the messages' text lack the lists. Let tools return text."
