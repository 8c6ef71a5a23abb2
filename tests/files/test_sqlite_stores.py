"""SQLite stores of agents: recognised, read, and left as they were."""

import json
import shutil
import sqlite3
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from helpers import sqlite_stores
from helpers.oracles import tree
from helpers.sqlite_stores import ASKED, RESULT

from headroom_beam._core import crush_block
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.trace_formats import TRACE_FORMATS
from headroom_beam.errors import FormatError, IntegrityError, StoreError
from headroom_beam.files import sqlite_stores as module
from headroom_beam.files.sqlite_stores import STORES, export_records

MAKERS: dict[str, Callable[[Path], Path]] = {
    "opencode": sqlite_stores.opencode,
    "goose": sqlite_stores.goose,
    "cursor": sqlite_stores.cursor,
    "zed": sqlite_stores.zed,
}
RESULTS = {"opencode": 3, "goose": 3, "cursor": 2, "zed": 4}
"""How many results, copies included, each store holds."""


@pytest.fixture(params=sorted(MAKERS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(name: str, tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    return MAKERS[name](tmp_path / "store" / "the store?.db")


def payloads(lines: bytes, trace_format: str) -> list[str]:
    """Returns the path of each payload in records."""
    block = crush_block(lines, options_for(SmartCrusherConfig(), trace_format))
    assert block.failure_count == 0
    rows = pa.Table.from_batches([block.records()]).column("payloads").to_pylist()
    return [payload["path"] for row in rows for payload in row]


def test_every_store_has_a_test_and_a_trace_format() -> None:
    assert sorted(STORES) == sorted(MAKERS)
    assert set(STORES) <= set(TRACE_FORMATS)
    for name, store in STORES.items():
        assert store.version == TRACE_FORMATS[name].version


def test_every_result_is_found_and_nothing_else(name: str, path: Path) -> None:
    store, records = export_records(path)
    assert store.name == name
    lines = b"".join(records)
    assert all(isinstance(json.loads(line), dict) for line in lines.splitlines())
    assert lines.count(json.dumps(ASKED)[1:-1].encode()) >= 1
    for trace_format in (name, "auto"):
        assert len(payloads(lines, trace_format)) == RESULTS[name], trace_format
    crushed = crush_block(lines, options_for(SmartCrusherConfig(), "auto")).lines()
    quoted = json.dumps(RESULT)[1:-1].encode()
    assert crushed.count(quoted) == lines.count(json.dumps(ASKED)[1:-1].encode())


def test_conversations_come_in_their_order(tmp_path: Path) -> None:
    _, records = export_records(sqlite_stores.opencode(tmp_path / "a.db"))
    rows = [json.loads(line) for line in records]
    assert [(row["message_id"], row.get("part_id")) for row in rows] == [
        ("msg_1", None),
        ("msg_1", "prt_0"),
        ("msg_2", None),
        ("msg_2", "prt_1"),
        ("msg_2", "prt_2"),
        ("msg_2", "prt_3"),
    ]


def test_only_what_was_said_is_read_of_cursor(tmp_path: Path) -> None:
    _, records = export_records(sqlite_stores.cursor(tmp_path / "a.vscdb"))
    keys = [json.loads(line)["key"] for line in records]
    assert keys == ["bubbleId:k1:b1", "bubbleId:k1:b2", "composerData:k1", "composerData:k2"]


def test_nothing_changes_in_or_beside_a_store(path: Path) -> None:
    before = tree(path.parent)
    for _ in range(2):
        _, records = export_records(path)
        assert list(records)
    assert tree(path.parent) == before


def test_a_store_in_use_is_read_with_its_log(tmp_path: Path) -> None:
    path = sqlite_stores.opencode(tmp_path / "a.db")
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO message VALUES ('msg_3', 'ses_1', 3, 3, '{}')")
        writer.commit()
        assert (tmp_path / "a.db-wal").stat().st_size
        before = tree(tmp_path)
        _, records = export_records(path)
        first = next(records)
        # What is written meanwhile isn't seen.
        writer.execute("INSERT INTO message VALUES ('msg_4', 'ses_1', 4, 4, '{}')")
        writer.commit()
        lines = first + b"".join(records)
        assert b"msg_3" in lines
        assert b"msg_4" not in lines
        assert tree(tmp_path)["a.db"] == before["a.db"]


def test_a_copy_of_a_store_with_its_log_alone_is_read(tmp_path: Path) -> None:
    path = sqlite_stores.opencode(tmp_path / "a.db")
    folder = tmp_path / "copy"
    folder.mkdir()
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO message VALUES ('msg_3', 'ses_1', 3, 3, '{}')")
        writer.commit()
        for name in ("a.db", "a.db-wal"):
            shutil.copyfile(tmp_path / name, folder / name)
    before = tree(folder)
    _, records = export_records(folder / "a.db")
    assert b"msg_3" in b"".join(records)
    assert tree(folder) == before


def test_json_keeps_its_spelling_and_other_text_is_a_string(tmp_path: Path) -> None:
    path = sqlite_stores.goose(tmp_path / "a.db")
    texts = ['{"a":\r\n 1.0e0, "b": "\\u00e9"}\n', "no JSON \ud7ff", "[NaN]", "[" * 100_000, "5"]
    with closing(sqlite3.connect(path)) as store:
        store.execute("DELETE FROM messages")
        store.executemany(
            "INSERT INTO messages VALUES (NULL, 's', 'user', ?, 1, NULL, NULL, NULL)",
            [[text] for text in texts],
        )
        store.execute("UPDATE messages SET content_json = CAST(x'ff41' AS TEXT) WHERE id = 9")
        store.commit()
    _, records = export_records(path)
    lines = list(records)
    assert lines[0].endswith(b'"content":{"a":   1.0e0, "b": "\\u00e9"}}\n')
    contents = [json.loads(line)["content"] for line in lines]
    assert contents[1:] == [*texts[1:4], "\ufffdA"]


def test_a_file_that_is_no_known_store_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as store:
        store.execute("CREATE TABLE messages (id, session_id)")
    with pytest.raises(FormatError, match=r"no known store; known are opencode \(.*Cursor.*Zed"):
        export_records(path)
    path.write_bytes(b'{"a": 1}\n')
    with pytest.raises(FormatError, match="isn't an SQLite store"):
        export_records(path)
    with pytest.raises(StoreError, match="can't be read: No such file"):
        export_records(tmp_path / "absent.db")


def test_a_damaged_store_is_an_error_without_its_text(tmp_path: Path) -> None:
    path = sqlite_stores.goose(tmp_path / "a.db")
    data = bytearray(path.read_bytes())
    at = data.index(b"toolResponse")
    data[at - 3000 : at] = b"\xff" * 3000
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match=r"a\.db is damaged") as caught:
        list(export_records(path)[1])
    assert "row" not in str(caught.value)
    path.write_bytes(data[:2000])
    with pytest.raises(IntegrityError, match="is damaged"):
        list(export_records(path)[1])


def test_a_value_that_does_not_decompress_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sqlite_stores.zed(tmp_path / "a.db")
    monkeypatch.setattr(module, "_MAX_TEXT_BYTES", 100)
    with pytest.raises(IntegrityError, match="is damaged"):
        list(export_records(path)[1])
    monkeypatch.undo()
    with closing(sqlite3.connect(path)) as store:
        store.execute("UPDATE threads SET data = ?", [zstandard.compress(b"x" * 1000)[:-4]])
        store.commit()
    with pytest.raises(IntegrityError, match="is damaged"):
        list(export_records(path)[1])


def test_a_store_that_stays_locked_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sqlite_stores.goose(tmp_path / "a.db")
    monkeypatch.setattr(module, "_WAIT_S", 0.1)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="is locked by another program") as caught:
            list(export_records(path)[1])
        assert caught.value.retryable


def test_records_are_read_one_by_one(tmp_path: Path) -> None:
    path = sqlite_stores.goose(tmp_path / "a.db")
    with closing(sqlite3.connect(path)) as store:
        row = "(NULL, 's', 'user', ?, 1, NULL, NULL, NULL)"
        store.executemany(f"INSERT INTO messages VALUES {row}", [[json.dumps(["x" * 10_000])]] * 2000)
        store.commit()
    _, records = export_records(path)
    tracemalloc.start()
    count = sum(1 for _ in records)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 2004
    assert peak_bytes < 1 << 20
