"""Writes SQLite stores as goose, Cursor and Zed do, and exports them as `headroom-beam export` does."""

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import zstandard
from conversation import Turn, converse
from shop import QUESTION, keep, opened_shop

from headroom_beam.files.sqlite_stores import export_records

DAY = "2026-03-02T09:00:00Z"


def main() -> None:
    """Lays one conversation out in each of the stores."""
    with opened_shop() as url:
        turns = converse(url)
        for name, lay_out in (("goose", goose), ("cursor", cursor), ("zed", zed)):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "store.db"
                with closing(sqlite3.connect(path)) as store:
                    lay_out(store, turns)
                    store.commit()
                _, records = export_records(str(path))
                keep(f"{name}.jsonl", b"".join(records).decode())


def goose(store: sqlite3.Connection, turns: list[Turn]) -> None:
    """Lays the conversation out as goose's schema 10, with results in the form of today."""
    messages: list[tuple[str, list[dict[str, Any]]]] = [("user", [{"type": "text", "text": QUESTION}])]
    for turn in turns:
        if turn.output is None:
            messages.append(("assistant", [{"type": "text", "text": turn.message["content"]}]))
            continue
        call = {"name": "developer__shell", "arguments": {"command": turn.command}}
        result = {"content": [{"type": "text", "text": turn.output}], "isError": False}
        key = turn.call["id"]
        messages += [
            (
                "assistant",
                [{"type": "toolRequest", "id": key, "toolCall": {"status": "success", "value": call}}],
            ),
            (
                "user",
                [{"type": "toolResponse", "id": key, "toolResult": {"status": "success", "value": result}}],
            ),
        ]
    store.execute("CREATE TABLE sessions (id TEXT PRIMARY KEY, working_dir TEXT NOT NULL)")
    store.execute(
        "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL,"
        " role TEXT NOT NULL, content_json TEXT NOT NULL, created_timestamp INTEGER NOT NULL)"
    )
    store.execute("INSERT INTO sessions VALUES ('20260302_1', '/home/user/shop')")
    store.executemany(
        "INSERT INTO messages VALUES (?, '20260302_1', ?, ?, ?)",
        [
            (at, role, json.dumps(content), 1772442000 + at)
            for at, (role, content) in enumerate(messages, start=1)
        ],
    )


def cursor(store: sqlite3.Connection, turns: list[Turn]) -> None:
    """Lays the conversation out as bubbles of a Cursor composer."""
    bubbles: list[dict[str, Any]] = [{"_v": 3, "type": 1, "bubbleId": "b0", "text": QUESTION}]
    for at, turn in enumerate(turns, start=1):
        bubble = {"_v": 3, "type": 2, "bubbleId": f"b{at}", "text": turn.message["content"] or ""}
        if turn.output is not None:
            bubble["toolFormerData"] = {
                "tool": 15,
                "toolCallId": turn.call["id"],
                "name": "run_terminal_cmd",
                "rawArgs": json.dumps({"command": turn.command}),
                "status": "completed",
                "result": json.dumps({"output": turn.output, "exitCodeV2": 0}),
            }
        bubbles.append(bubble)
    headers = [{"bubbleId": one["bubbleId"], "type": one["type"]} for one in bubbles]
    values = {f"bubbleId:c1:{one['bubbleId']}": one for one in bubbles}
    values["composerData:c1"] = {"composerId": "c1", "fullConversationHeadersOnly": headers}
    for table in ("ItemTable", "cursorDiskKV"):
        store.execute(f"CREATE TABLE {table} (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
    rows = [(key, json.dumps(value).encode()) for key, value in values.items()]
    store.executemany("INSERT INTO cursorDiskKV VALUES (?, ?)", rows)


def zed(store: sqlite3.Connection, turns: list[Turn]) -> None:
    """Lays the conversation out as a thread of Zed's version 0.3.0."""
    messages: list[dict[str, Any]] = [{"User": {"id": "u1", "content": [{"Text": QUESTION}]}}]
    for turn in turns:
        if turn.output is None:
            said = {"content": [{"Text": turn.message["content"]}], "tool_results": {}}
            messages.append({"Agent": said})
            continue
        key, command = turn.call["id"], {"command": turn.command}
        use = {"id": key, "name": "terminal", "raw_input": json.dumps(command), "input": command}
        result = {
            "tool_use_id": key,
            "tool_name": "terminal",
            "is_error": False,
            "content": [{"Text": turn.output}],
            "output": turn.output,
        }
        messages.append({"Agent": {"content": [{"ToolUse": use}], "tool_results": {key: result}}})
    thread = {"version": "0.3.0", "title": "Failed orders", "messages": messages}
    store.execute(
        "CREATE TABLE threads (id TEXT PRIMARY KEY, summary TEXT NOT NULL, updated_at TEXT NOT NULL,"
        " data_type TEXT NOT NULL, data BLOB NOT NULL)"
    )
    packed = zstandard.compress(json.dumps(thread).encode())
    store.execute("INSERT INTO threads VALUES ('t1', 'Failed orders', ?, 'zstd', ?)", (DAY, packed))


if __name__ == "__main__":
    main()
