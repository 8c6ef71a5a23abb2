"""Makes data for tests: records that lose rows, records that fail, files of both, and originals.

Records come in two forms. `record` loses rows with `DROPPING`; `listing` loses rows and a blob with `SMALL`.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import zstandard
from helpers.oracles import digest_of

from headroom_beam.crush.batch import crush_batch
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.files.codecs import SUFFIXES
from headroom_beam.records import Compacted, Failure, Original, Payload
from headroom_beam.store.names import tombstone_name
from headroom_beam.store.schema import original_digest
from headroom_beam.store.store import OriginalStore
from headroom_beam.store.tombstones import Tombstone, encode_tombstones

RUN_DATE = dt.date(2026, 1, 31)
"""The day of every run: runs that are compared are of one day, even around midnight."""

DROPPING = SmartCrusherConfig(max_tokens=300)
"""A configuration that makes `record` lose rows to the store."""


def record(number: int) -> bytes:
    """Returns a record whose payload loses rows: 60 items, of which few matter. They differ by number."""
    draw = random.Random(number)
    rows = [
        {
            "id": number * 1000 + at,
            "name": f"item {draw.randrange(10**9)}",
            "state": "ok" if draw.random() < 0.9 else "bad",
        }
        for at in range(60)
    ]
    return json.dumps(
        {"tool": f"tool {number % 3}", "result": rows, "text": "plain " * (number % 50)}
    ).encode()


AWKWARD = (
    b'\xef\xbb\xbf{"after": "a byte order mark"}\n'
    b"\n"
    b"  \t \r\n"
    b'{"carriage": "return"}\r\n'
    b"not JSON at all\n"
    b'{"broken": \n'
    b'{"bad": "\xff\xfe"}\n'
    + b"[" * 400
    + b"]" * 400
    + b"\n"
    + b'"<<ccr:0123456789abcdef01234567 45_rows_offloaded>>"\n'
    + b'{"forged": "<<ccr:lit>><<ccr:0123456789abcdef01234567,raw,1.0KB>>"}\n'
    + b'[1e400, -0, 1.0, 123456789012345678901234567890, "\\ud800"]\n'
    + b"\r\n"
    + b'{"no": "newline at the end"}'
)
"""Blank lines, lines that are no JSON, text that looks like a marker, and a last line without its end."""


def lines_of(count: int, *, first: int = 0) -> bytes:
    """Returns a file of records that crush well."""
    return b"".join(record(number) + b"\n" for number in range(first, first + count))


def awkward_folder(folder: Path) -> Path:
    """Makes a folder with files of every codec, size and oddity."""
    (folder / "deep").mkdir(parents=True)
    for suffix in SUFFIXES:
        (folder / f"records{suffix}").write_bytes(compress(lines_of(20), suffix))
        (folder / "deep" / f"awkward{suffix}").write_bytes(compress(AWKWARD, suffix))
        (folder / f"empty{suffix}").write_bytes(compress(b"", suffix))
    (folder / "blank.jsonl").write_bytes(b"\n\n\r\n \n")
    return folder


def compress(data: bytes, name: str) -> bytes:
    """Returns data as a file of this name holds it: compressed as its suffix says."""
    if name.endswith(".gz"):
        return gzip.compress(data)
    return zstandard.compress(data) if name.endswith(".zst") else data


def listing(number: int, rows: int = 80) -> bytes:
    """Returns a record whose rows and text are large enough to go to the store."""
    items = [
        {"id": number * 1000 + row, "name": f"file {row}", "size": row * 37 % 1009} for row in range(rows)
    ]
    return json.dumps({"number": number, "text": "x" * 2000, "items": items}).encode()


RECORDS = [listing(number) for number in range(12)]
"""Records that lose rows and a blob to the store, with `SMALL`."""

BROKEN = [b"{", b"", b'{"a": "\xff"}']
"""Records that become failures."""

SMALL = SmartCrusherConfig(max_tokens=200)
"""A configuration that makes `listing` lose rows and its blob to the store."""


def rows_of(originals: Iterable[bytes], *, kind: str = "json", tool: str = "list_things") -> pa.Table:
    """Returns a table with the columns of `CrushedBlock.originals`."""
    texts = list(originals)
    digests = [original_digest(text) for text in texts]
    return pa.table(
        {
            "hash": pa.array([digest.hex()[:24] for digest in digests], pa.string()),
            "digest": pa.array(digests, pa.binary(32)),
            "kind": pa.array([kind] * len(texts), pa.string()),
            "size_bytes": pa.array([len(text) for text in texts], pa.int64()),
            "item_count": pa.array([3] * len(texts), pa.int64()),
            "original": pa.array(texts, pa.large_binary()),
            "tool": pa.array([tool] * len(texts), pa.string()),
        }
    )


def some_originals(count: int, *, seed: int = 0, size_bytes: int = 400) -> list[bytes]:
    """Returns different originals of about this size, which compress as JSON does."""
    source = random.Random(seed)
    rows = [
        b'{"id":%d,"status":"ok","name":"item %d"}' % (source.getrandbits(40), source.getrandbits(20))
        for _ in range(500)
    ]
    texts = []
    for number in range(count):
        body = b",".join(source.choices(rows, k=max(1, size_bytes // 50)))
        texts.append(b'{"seed":%d,"number":%d,"rows":[%s]}' % (seed, number, body))
    return texts


def bury(store: OriginalStore, original: bytes, reason: str, date: dt.date = RUN_DATE) -> None:
    """Writes a tombstone for an original, and leaves its copies where they are."""
    data = encode_tombstones([Tombstone(digest_of(original), reason, date)])
    store.objects.put_if_absent(tombstone_name(data), data)


BIG = random.Random(0).randbytes(1 << 20) * 9
"""Larger than one multipart upload and than a writer's spool memory."""

STORED = some_originals(150, size_bytes=200)
"""The originals of the store that the fixture `sound` makes."""


def crushed_into(store: OriginalStore, records: Sequence[bytes]) -> list[Compacted]:
    """Crushes records, puts their originals into the store and returns the compacted records."""
    batch = crush_batch(records, options_for(SMALL, "json"))
    store.put_many(batch.originals, run_date=RUN_DATE)
    return [row for _, row in batch.compacted]


PAYLOAD = Payload(".a @ .b", "ls", "table", ["0" * 24, "1" * 24], 3, 2, 30, 9, 1, "why", "")
COMPACTED_ROW = Compacted(b'{"a":1}', "in.jsonl", 7, 100, 20, 30, 9, [PAYLOAD])
ORIGINAL_ROW = Original("0" * 24, bytes(range(32)), "rows", 3, 1, b"[1]", "ls")
FAILURE_ROW = Failure("too_deep", "at byte 3", "in.jsonl", "in.jsonl", 7, 5, ["0" * 24])
"""One row of each kind, with a value in every field."""

ROWS = json.dumps([{"id": number, "status": "ok"} for number in range(60)])
"""An array that fits a budget as a table."""

WIDE_ROWS = json.dumps(
    [
        {"id": number, "note": hashlib.sha256(bytes([number % 256, number // 256])).hexdigest() * 2}
        for number in range(400)
    ]
)
"""An array over its budget, even as a table."""

DOCUMENT = json.dumps(
    {
        "events": [{"ts": number, "level": "info", "text": f"event {number}"} for number in range(30)],
        "metadata": {"source": "demo", "count": 30},
        "blob": "x" * 2000,
    }
)
"""A document with an array, a small object and a blob."""


def series(*, outlier: int = 0, step: int = 0) -> str:
    """Returns 300 rows of a number near 1000, with an outlier in one row or a step at another."""
    values = [1000 + row * 7919 % 101 + (row == 100) * outlier + (row > 150) * step for row in range(300)]
    return json.dumps([{"id": f"k{row * 7919 % 9973}", "value": value} for row, value in enumerate(values)])
