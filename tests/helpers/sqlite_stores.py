"""SQLite stores as coding agents write them, each with one conversation."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import zstandard

RESULT = json.dumps([{"id": number, "name": f"row {number}", "state": "open"} for number in range(60)])
ASKED = "list the rows: " + RESULT


def written(path: Path, *statements: str, rows: dict[str, list[tuple[object, ...]]]) -> Path:
    """Makes a store with these tables and rows."""
    with closing(sqlite3.connect(path)) as store:
        for statement in statements:
            store.execute(statement)
        for table, values in rows.items():
            marks = ",".join("?" * len(values[0]))
            store.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
        store.commit()
    return path


def opencode(path: Path) -> Path:
    """Makes a store of opencode 1.18.33."""
    state = {
        "status": "completed",
        "input": {"command": "ls"},
        "output": RESULT,
        "title": "ls",
        "metadata": {"output": RESULT, "exit": 0},
        "time": {"start": 1, "end": 2},
    }
    parts: list[object] = [
        {"type": "text", "text": ASKED},
        {"type": "step-start", "snapshot": "9121aee"},
        {"type": "tool", "tool": "bash", "callID": "c1", "state": state},
        {"type": "tool", "tool": "read", "callID": "c2", "state": {"status": "error", "error": RESULT}},
    ]
    return written(
        path,
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE session (id text PRIMARY KEY, project_id text, title text, version text)",
        "CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL, time_created integer NOT NULL,"
        " time_updated integer NOT NULL, data text NOT NULL)",
        "CREATE TABLE part (id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL,"
        " time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL)",
        rows={
            "session": [("ses_1", "p", "rows", "1.18.33")],
            "part": [
                (f"prt_{at}", "msg_1" if at == 0 else "msg_2", "ses_1", at, at, json.dumps(part))
                for at, part in enumerate(parts)
            ],
            "message": [
                ("msg_2", "ses_1", 2, 2, json.dumps({"role": "assistant", "parentID": "msg_1"})),
                ("msg_1", "ses_1", 1, 1, json.dumps({"role": "user"})),
            ],
        },
    )


def goose(path: Path) -> Path:
    """Makes a store of goose, with results as it wrote them before and after version 1.13."""
    text = {"type": "text", "text": RESULT}
    contents: list[list[object]] = [
        [{"type": "text", "text": ASKED}],
        [{"type": "toolRequest", "id": "c1", "toolCall": {"status": "success", "value": {"name": "shell"}}}],
        [{"type": "toolResponse", "id": "c1", "toolResult": {"status": "success", "value": [text]}}],
        [
            {
                "type": "toolResponse",
                "id": "c2",
                "toolResult": {
                    "status": "success",
                    "value": {"content": [text], "structuredContent": {"text": RESULT}, "isError": False},
                },
            }
        ],
    ]
    return written(
        path,
        "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TIMESTAMP)",
        "CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT DEFAULT '', working_dir TEXT NOT NULL)",
        "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL,"
        " role TEXT NOT NULL, content_json TEXT NOT NULL, created_timestamp INTEGER NOT NULL,"
        " timestamp TIMESTAMP, tokens INTEGER, metadata_json TEXT)",
        rows={
            "sessions": [("20260101_1", "rows", "/work")],
            "messages": [
                (
                    at + 1,
                    "20260101_1",
                    "user" if at != 1 else "assistant",
                    json.dumps(content),
                    at,
                    None,
                    None,
                    "{}",
                )
                for at, content in enumerate(contents)
            ],
        },
    )


def cursor(path: Path) -> Path:
    """Makes a global store of Cursor."""
    tool = {"tool": 15, "name": "run_terminal_cmd", "rawArgs": '{"command":"ls"}', "status": "completed"}
    result = {**tool, "result": json.dumps({"output": RESULT, "exitCodeV2": 0})}
    values: dict[str, object] = {
        "bubbleId:k1:b1": {"_v": 3, "type": 1, "bubbleId": "b1", "text": ASKED},
        "bubbleId:k1:b2": {"_v": 3, "type": 2, "bubbleId": "b2", "text": "", "toolFormerData": result},
        "checkpointId:k1:x": {"files": [RESULT]},
        "composerData:k1": {
            "composerId": "k1",
            "fullConversationHeadersOnly": [{"bubbleId": "b1", "type": 1}],
        },
        "composerData:k2": {
            "composerId": "k2",
            "conversation": [{"bubbleId": "i", "toolFormerData": result}],
        },
        "messageRequestContext:k1": {"x": RESULT},
    }
    rows: list[tuple[object, ...]] = [(key, json.dumps(value).encode()) for key, value in values.items()]
    return written(
        path,
        "CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)",
        "CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)",
        rows={"cursorDiskKV": [*reversed(rows), ("bubbleId:k1:gone", None)]},
    )


def zed(path: Path) -> Path:
    """Makes a store of Zed: a thread as it is written today, and two as older versions wrote them."""

    def thread(content: object, **more: object) -> dict[str, object]:
        result = {"tool_use_id": "c1", "tool_name": "terminal", "is_error": False, "content": content, **more}
        use = {"ToolUse": {"id": "c1", "name": "terminal", "raw_input": "{}", "input": {}}}
        return {
            "version": "0.3.0",
            "title": "rows",
            "messages": [
                {"User": {"id": "u", "content": [{"Text": ASKED}]}},
                {"Agent": {"content": [use], "tool_results": {"c1": result}}},
                "Resume",
            ],
        }

    old = {
        "version": "0.2.0",
        "summary": "rows",
        "messages": [
            {
                "id": 1,
                "role": "assistant",
                "segments": [{"type": "text", "text": ASKED}],
                "tool_uses": [{"id": "c1", "name": "terminal", "input": {}}],
                "tool_results": [{"tool_use_id": "c1", "is_error": False, "content": {"Text": RESULT}}],
            }
        ],
    }
    threads: list[tuple[str, str, object]] = [
        ("t1", "zstd", thread([{"Text": RESULT}], output=RESULT)),
        ("t2", "zstd", thread({"Text": RESULT}, output=None)),
        ("t3", "json", old),
    ]
    return written(
        path,
        "CREATE TABLE threads (id TEXT PRIMARY KEY, summary TEXT NOT NULL, updated_at TEXT NOT NULL,"
        " data_type TEXT NOT NULL, data BLOB NOT NULL, parent_id TEXT)",
        rows={
            "threads": [
                (name, "rows", "2026-01-01T00:00:00Z", kind, _packed(kind, value), None)
                for name, kind, value in threads
            ]
        },
    )


def _packed(kind: str, value: object) -> bytes:
    text = json.dumps(value).encode()
    return zstandard.compress(text) if kind == "zstd" else text
