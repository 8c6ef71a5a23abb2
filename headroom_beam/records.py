"""Defines the rows that headroom_beam gives: `Compacted`, `Original` and `Failure`, with their Arrow schemas.

Each row is a NamedTuple: it is cheap, prints well, and Beam SQL, Beam YAML, BigQuery and Parquet sinks take
it as a row. The native crusher gives Arrow record batches; functions here turn a whole batch into rows and
back.

>>> original = Original("0" * 24, bytes(32), "string", 2, 0, b"hi", "shell")
>>> original_rows(original_batch([original])) == [original]
True
"""

import base64
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from headroom_beam.errors import InvalidHash

__all__ = [
    "BLOCK_BYTES",
    "COMPACTED_SCHEMA",
    "FAILURE_SCHEMA",
    "ORIGINAL_SCHEMA",
    "PAYLOAD_TYPE",
    "Compacted",
    "Failure",
    "Original",
    "Payload",
    "check_hash",
    "compacted_batch",
    "compacted_rows",
    "describe_original",
    "failure_batch",
    "failure_rows",
    "original_batch",
    "original_rows",
]


BLOCK_BYTES = 256 << 10
"""About how many bytes of records one native call gets: a call costs as much as a hundred small records."""


class Payload(NamedTuple):
    """One payload of a compacted record: where it is, what was done to it and what that saved."""

    path: str
    """The payload path that selected it, as the trace format spells it (`.result @ .tool`). Empty when the
    whole record is the payload."""
    tool: str
    """Name of the tool whose result it is; empty when the record doesn't say."""
    strategy: str
    """The strongest change: `unchanged`, `minified`, `table`, `blob`, `excerpt` or `rows`."""
    hashes: Sequence[str]
    """The hashes of the markers in the compacted payload, in order."""
    rows_total: int
    """Rows of the payload's arrays and maps that became tables or lost rows."""
    rows_kept: int
    """Those of them that stay in the compacted payload."""
    tokens_before: int
    """Tokens of the payload as it was: estimated, or counted exactly with `exact_tokens`."""
    tokens_after: int
    """Tokens of the compacted payload."""
    over_budget: int
    """Tokens by which the compacted payload exceeds `max_tokens`, because what must stay doesn't fit; else 0.
    Without compaction: rows by which it exceeds `max_items_after_crush`."""
    explanation: str
    """What was decided, in words: the strategy, rows or lines kept by rule, rows dropped by reason."""
    recognised_by: str
    """Why it was taken for a result, in words, where it is known by its shape and no path of the trace format
    selected it; else empty."""


class Compacted(NamedTuple):
    """A record after crushing, with its statistics."""

    record: bytes
    """The compacted JSON text in UTF-8, without its line end."""
    source: str
    """Name of the file or topic that the record came from; empty when unknown."""
    offset: int
    """Bytes from the start of the file (decompressed) to the record; 0 for records from elsewhere."""
    bytes_before: int
    """Bytes of the record as it was."""
    bytes_after: int
    """Bytes of the compacted record."""
    tokens_before: int
    """Tokens of the record's payloads as they were."""
    tokens_after: int
    """Tokens of the compacted payloads."""
    payloads: Sequence[Payload]


class Original(NamedTuple):
    """The exact bytes that a marker stands for."""

    hash: str
    """The first 24 hexadecimal digits of the digest, as markers carry it."""
    digest: bytes
    """SHA-256 of `original`, 32 bytes."""
    kind: str
    """`rows` (a whole array), `raw` (a failed record), or the kind of a blob: `string`, `base64`, `html`,
    `json`, `text`."""
    size_bytes: int
    """Length of `original`."""
    item_count: int
    """Rows of an array, else 0."""
    original: bytes
    tool: str
    """Name of the tool whose result it comes from; empty when unknown."""


class Failure(NamedTuple):
    """A record that couldn't be processed. The originals that `hashes` names hold its exact bytes."""

    kind: str
    """Why: `invalid_json`, `invalid_utf8`, `too_large`, `too_deep` or `internal` (a defect in the
    crusher)."""
    message: str
    """What is wrong and where, without text of the record."""
    source: str
    """Name of the file or topic that the record came from; empty when unknown."""
    part: str
    """Name of the compacted part that has a marker in the record's place; empty when there are no files."""
    offset: int
    """Bytes from the start of the file (decompressed) to the record; 0 for records from elsewhere."""
    length: int
    """Length of the record in bytes, without its line end."""
    hashes: Sequence[str]
    """Hashes of the record's pieces, in order. There are several only for a record too large for a block."""


_HASH = re.compile(r"[0-9a-f]{24}(?:[0-9a-f]{40})?")


def check_hash(text: object) -> str:
    """Returns a hash (24 digits) or digest (64 digits) unchanged.

    Raises:
        InvalidHash: the text isn't 24 or 64 lower-case hexadecimal digits.

    >>> check_hash("0123456789abcdef01234567")
    '0123456789abcdef01234567'
    """
    if not isinstance(text, str) or not _HASH.fullmatch(text):
        found = f"text of {len(text)} characters" if isinstance(text, str) else type(text).__name__
        raise InvalidHash(f"a hash has 24 or 64 lower-case hexadecimal digits; this {found} isn't one")
    return text


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


_HASHES = pa.list_(pa.field("item", pa.string(), nullable=False))

PAYLOAD_TYPE = pa.struct(
    list(
        _schema(
            path=pa.string(),
            tool=pa.string(),
            strategy=pa.string(),
            hashes=_HASHES,
            rows_total=pa.int64(),
            rows_kept=pa.int64(),
            tokens_before=pa.int64(),
            tokens_after=pa.int64(),
            over_budget=pa.int64(),
            explanation=pa.string(),
            recognised_by=pa.string(),
        )
    )
)
"""Arrow type of a `Payload`."""

COMPACTED_SCHEMA = _schema(
    record=pa.large_binary(),
    source=pa.string(),
    offset=pa.int64(),
    bytes_before=pa.int64(),
    bytes_after=pa.int64(),
    tokens_before=pa.int64(),
    tokens_after=pa.int64(),
    payloads=pa.list_(pa.field("item", PAYLOAD_TYPE, nullable=False)),
)
"""Arrow schema of `Compacted` rows."""

ORIGINAL_SCHEMA = _schema(
    hash=pa.string(),
    digest=pa.binary(32),
    kind=pa.string(),
    size_bytes=pa.int64(),
    item_count=pa.int64(),
    original=pa.large_binary(),
    tool=pa.string(),
)
"""Arrow schema of `Original` rows. Packs have a column more, see `headroom_beam.store.schema.PACK_SCHEMA`."""

FAILURE_SCHEMA = _schema(
    kind=pa.string(),
    message=pa.string(),
    source=pa.string(),
    part=pa.string(),
    offset=pa.int64(),
    length=pa.int64(),
    hashes=_HASHES,
)
"""Arrow schema of `Failure` rows."""


def _columns(batch: pa.RecordBatch | pa.StructArray, names: Iterable[str]) -> list[list[Any]]:
    column = batch.field if isinstance(batch, pa.StructArray) else batch.column
    return [column(name).to_pylist() for name in names]


def _payload_lists(column: pa.ListArray) -> list[list[Payload]]:
    # The children are converted once for the whole batch, then cut at the list offsets: converting each list
    # alone costs several times as much.
    offsets = column.offsets.to_pylist()
    first, last = offsets[0], offsets[-1]
    payloads = list(map(Payload, *_columns(column.values.slice(first, last - first), Payload._fields)))
    return [payloads[start - first : end - first] for start, end in itertools.pairwise(offsets)]


def compacted_rows(batch: pa.RecordBatch, *, source: str = "", block_offset: int = 0) -> list[Compacted]:
    """Turns a batch of compacted records into rows.

    Args:
        batch: what `_core.CrushedBlock.records` gives, or a batch of `COMPACTED_SCHEMA`.
        source: the source of every row, if the batch has no such column.
        block_offset: bytes from the start of the source to the block, added to each row's offset.

    Returns:
        The rows, in the order of the batch.
    """
    if not batch.num_rows:
        return []
    columns = dict(
        zip(
            Compacted._fields[:-1], _columns(_with_source(batch, source), Compacted._fields[:-1]), strict=True
        )
    )
    columns["offset"] = [offset + block_offset for offset in columns["offset"]]
    return list(map(Compacted, *columns.values(), _payload_lists(batch.column("payloads"))))


def _with_source(batch: pa.RecordBatch, source: str) -> pa.RecordBatch:
    if "source" in batch.schema.names:
        return batch
    return batch.append_column("source", pa.repeat(pa.scalar(source), batch.num_rows))


def compacted_batch(rows: Sequence[Compacted]) -> pa.RecordBatch:
    """Turns rows into one batch of `COMPACTED_SCHEMA`."""
    dicts = [{**row._asdict(), "payloads": [payload._asdict() for payload in row.payloads]} for row in rows]
    return pa.RecordBatch.from_pylist(dicts, schema=COMPACTED_SCHEMA)


def original_rows(batch: pa.RecordBatch) -> list[Original]:
    """Turns a batch with the columns of `ORIGINAL_SCHEMA` into rows, in order. Other columns are left out."""
    return list(map(Original, *_columns(batch, Original._fields)))


def describe_original(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    r"""Describes an original as a JSON object, in the fields that headroom's clients read.

    Args:
        name: the hash or digest that was asked for.
        row: the fields of an `Original`.

    Returns:
        The original as text if it is UTF-8, else in base64, with what is known of it.

    >>> row = Original("0" * 24, bytes(32), "raw", 2, 0, b"\xff!", "shell")._asdict()
    >>> describe_original("0" * 24, row)["original_content"], describe_original("0" * 24, row)["encoding"]
    ('/yE=', 'base64')
    """
    try:
        content = {"original_content": row["original"].decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:
        # A failed record may be any bytes, and JSON holds text only.
        content = {"original_content": base64.b64encode(row["original"]).decode(), "encoding": "base64"}
    return {
        "hash": name,
        "digest": row["digest"].hex(),
        **content,
        "kind": row["kind"],
        "size_bytes": len(row["original"]),
        "original_item_count": row["item_count"],
        # Each compacted record has its own number of kept rows, and several may share this original.
        "compressed_item_count": None,
        "tool_name": row["tool"],
    }


def original_batch(rows: Sequence[Original]) -> pa.RecordBatch:
    """Turns rows into one batch of `ORIGINAL_SCHEMA`."""
    return pa.RecordBatch.from_pylist([row._asdict() for row in rows], schema=ORIGINAL_SCHEMA)


def failure_rows(
    batch: pa.RecordBatch, *, source: str = "", part: str = "", block_offset: int = 0
) -> list[Failure]:
    """Turns a batch of failures into rows.

    Args:
        batch: what `_core.CrushedBlock.failures` gives, or a batch of `FAILURE_SCHEMA`.
        source: the source of every row, if the batch has no such column.
        part: the part of every row, if the batch has no such column.
        block_offset: bytes from the start of the source to the block, added to each row's offset.

    Returns:
        The rows, in the order of the batch.
    """
    names = batch.schema.names
    kinds, messages, offsets, lengths = _columns(batch, ("kind", "message", "offset", "length"))
    sources = batch.column("source").to_pylist() if "source" in names else [source] * batch.num_rows
    parts = batch.column("part").to_pylist() if "part" in names else [part] * batch.num_rows
    # The native crusher stores a failed record as one original. Only a line too large for a block is stored
    # in pieces, and has several hashes.
    hashes = (
        batch.column("hashes").to_pylist()
        if "hashes" in names
        else [[one] for one in batch.column("hash").to_pylist()]
    )
    offsets = [offset + block_offset for offset in offsets]
    return list(map(Failure, kinds, messages, sources, parts, offsets, lengths, hashes))


def failure_batch(rows: Sequence[Failure]) -> pa.RecordBatch:
    """Turns rows into one batch of `FAILURE_SCHEMA`."""
    return pa.RecordBatch.from_pylist([row._asdict() for row in rows], schema=FAILURE_SCHEMA)
