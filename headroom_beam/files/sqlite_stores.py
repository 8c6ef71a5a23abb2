"""Reads the conversations of coding agents out of their SQLite stores, as JSON Lines.

A store is recognised by its tables. What is read of it is a query, `sqlite_stores.toml`, which is all that
differs between the agents. A store is never written to, and its agent may be running.
"""

import io
import json
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from headroom_beam.errors import FormatError, IntegrityError, StoreError
from headroom_beam.files.codecs import decompressed

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["STORES", "SqliteStore", "export_records", "recognised"]

_MAGIC = b"SQLite format 3\0"
# The header says so where a write-ahead log is kept beside the store.
_WAL_AT, _WAL = 18, 2

_WAIT_S = 10.0
"""How long a store may be locked."""

_MAX_TEXT_BYTES = 256 << 20
"""The most bytes of one decompressed value."""


@dataclass(frozen=True)
class SqliteStore:
    """A kind of store. `sqlite_stores.toml` describes the fields."""

    name: str
    title: str
    version: str
    place: str
    tables: Mapping[str, Sequence[str]]
    json: Sequence[str]
    query: str = field(repr=False)
    own_export: str = ""


STORES: dict[str, SqliteStore] = {
    name: SqliteStore(name, **table)
    for name, table in tomllib.loads(
        (resources.files(__package__) / "sqlite_stores.toml").read_text(encoding="utf-8")
    ).items()
}
"""The stores that are known, by the name of their trace format."""


def export_records(path: str | Path) -> tuple[SqliteStore, Iterator[bytes]]:
    r"""Reads a store.

    Args:
        path: the file.

    Returns:
        What kind of store it is, and its records, each a line of JSON with its line end. They are read one by
        one, from one state of the store.

    Raises:
        StoreError: it can't be read, or is locked.
        FormatError: it isn't SQLite, or no known store.
        IntegrityError: it is damaged. This may be noticed only while records are read.

    >>> folder = tempfile.mkdtemp()
    >>> with closing(sqlite3.connect(f"{folder}/sessions.db")) as store:
    ...     _ = store.execute("CREATE TABLE sessions (id, working_dir)")
    ...     _ = store.execute("CREATE TABLE messages (id, session_id, role, content_json, created_timestamp)")
    ...     _ = store.execute("INSERT INTO messages VALUES (1, 's', 'user', '[{\"type\": \"text\"}]', NULL)")
    ...     store.commit()
    >>> store, records = export_records(f"{folder}/sessions.db")
    >>> store.title, list(records)
    ('goose', [b'{"session_id":"s","id":1,"role":"user","content":[{"type": "text"}]}\n'])
    """
    path = Path(path)
    stack = ExitStack()
    try:
        connection = stack.enter_context(closing(_connect(path, stack)))
        store = recognised(connection, path)
    except BaseException as error:
        stack.close()
        if isinstance(error, sqlite3.Error):
            raise _ours(error, path) from error
        raise
    return store, _records(connection, store, path, stack)


def recognised(connection: sqlite3.Connection, path: Path) -> SqliteStore:
    """Tells by its tables what kind of store is open.

    Raises:
        FormatError: it is none that is known.
    """
    for store in STORES.values():
        if all(set(columns) <= _columns(connection, table) for table, columns in store.tables.items()):
            return store
    known = ", ".join(f"{store.title} ({store.place})" for store in STORES.values())
    raise FormatError(f"{path} has the tables of no known store; known are {known}")


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", [table])}


def _connect(path: Path, stack: ExitStack) -> sqlite3.Connection:
    """Opens a store so that neither it nor what lies beside it changes."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise StoreError(f"{path} can't be read: {error.strerror}") from error
    if not header.startswith(_MAGIC):
        raise FormatError(f"{path} isn't an SQLite store")
    has_log = len(header) > _WAL_AT and header[_WAL_AT] == _WAL
    log, index = (path.with_name(f"{path.name}{suffix}") for suffix in ("-wal", "-shm"))
    how = "mode=ro"
    if has_log and not (log.exists() and log.stat().st_size):
        # Without its log it is complete. Opened otherwise, it would get an empty log and an index beside it.
        how = "mode=ro&immutable=1"
    elif has_log and not index.exists():
        # No program has it open, so a copy is complete, and the index that reading needs lies beside that.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shutil.copyfile(log, folder / log.name)
        path = Path(shutil.copyfile(path, folder / path.name))
        how = "mode=rw"
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True, timeout=_WAIT_S)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    connection.create_function("unzstd", 1, _unzstd, deterministic=True)
    return connection


def _unzstd(data: bytes) -> str:
    text = bytearray()
    for chunk in decompressed(io.BytesIO(data), "zstd", name="a value"):
        text += chunk
        if len(text) > _MAX_TEXT_BYTES:
            raise ValueError("a value decompresses to more than is taken")
    return text.decode("utf-8", "replace")


def _records(
    connection: sqlite3.Connection, store: SqliteStore, path: Path, stack: ExitStack
) -> Iterator[bytes]:
    with stack:
        try:
            rows = connection.execute(store.query)
            names = [(column[0], column[0] in store.json) for column in rows.description]
            for row in rows:
                members = (
                    f"{json.dumps(name)}:{_member(value, holds_json=holds_json)}"
                    for (name, holds_json), value in zip(names, row, strict=True)
                    if value is not None
                )
                yield f"{{{','.join(members)}}}\n".encode()
        except sqlite3.Error as error:
            raise _ours(error, path) from error


def _member(value: Any, *, holds_json: bool) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if holds_json and isinstance(value, str) and _is_json(value):
        # Line breaks between its tokens would end the record.
        return value.replace("\r", " ").replace("\n", " ").strip()
    return json.dumps(value, ensure_ascii=False)


def _is_json(text: str) -> bool:
    def refuse(_number: str) -> None:
        raise ValueError("JSON has no such number")

    try:
        json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _ours(error: sqlite3.Error, path: Path) -> Exception:
    # Messages of SQLite name tables and columns, and no values.
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return StoreError(f"{path} is locked by another program; try again later", retryable=True)
    if isinstance(error, sqlite3.OperationalError) and "unable to open" in str(error):
        return StoreError(f"{path} can't be read")
    return IntegrityError(f"{path} is damaged: {error}")
