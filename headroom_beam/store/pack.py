"""Encodes originals as a pack, one immutable Parquet file, and decodes packs.

`docs/store.md` specifies the format.

>>> import datetime as dt, hashlib
>>> text = b'[{"id":1},{"id":2}]'
>>> rows = pa.table(
...     {
...         "digest": pa.array([hashlib.sha256(text).digest()], pa.binary(32)),
...         "kind": ["json"],
...         "item_count": [2],
...         "original": pa.array([text]),
...         "tool": ["list_things"],
...     }
... )
>>> data = encode_pack(rows, run_date=dt.date(2026, 1, 31))
>>> verify_pack(data)
PackSummary(row_count=1, group_count=1, original_bytes=19)
"""

from __future__ import annotations

import bisect
import datetime as dt
import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headroom_beam.errors import CorruptPack, DigestMismatch, FormatError, LimitExceeded
from headroom_beam.store.pages import PLAIN, PageError, PartialFile, walk_pages
from headroom_beam.store.schema import (
    LABEL_CHARACTERS,
    MAX_ORIGINAL_BYTES,
    PACK_SCHEMA,
    Digests,
    complete_rows,
    digest_array,
    distinct_order,
    hash_array,
    verify_digests,
)

__all__ = [
    "PACK_SCHEMA",
    "PACK_VERSION",
    "PackFooter",
    "PackSummary",
    "RowGroup",
    "decode_groups",
    "encode_pack",
    "encode_rows",
    "footer_bytes",
    "group_runs",
    "read_pack",
    "verify_pack",
    "write_pack",
]

PACK_VERSION = 1
ROW_GROUP_ROWS = 128
ROW_GROUP_BYTES = 1 << 20
MAX_PACK_ROWS = 1 << 20
MAX_FOOTER_BYTES = 16 << 20
_LABEL_COLUMN_BYTES = 2 * ROW_GROUP_ROWS * (4 * LABEL_CHARACTERS + 4) + 1024
_DECODE_BYTES = 16 << 20
"""About how many bytes of originals `read_pack` holds decoded at a time."""

_DICTIONARY_COLUMNS = ("kind", "tool")
_VERSION_KEY = b"headroom_beam.pack_version"
_GROUPS_KEY = b"headroom_beam.groups_sha256"


class PackSummary(NamedTuple):
    """What a pack holds, after every digest in it was verified."""

    row_count: int
    group_count: int
    original_bytes: int


def _group_rows(sizes: Sequence[int]) -> list[int]:
    """Returns the row counts of row groups: at most 128 rows and 1 MiB each, but at least one row."""
    counts: list[int] = []
    rows = total = 0
    for size in sizes:
        if rows and (rows == ROW_GROUP_ROWS or total + size > ROW_GROUP_BYTES):
            counts.append(rows)
            rows = total = 0
        rows += 1
        total += size
    return [*counts, rows] if rows else counts


def _groups_sha256(groups: Iterable[tuple[int, str, str]]) -> str:
    text = "".join(f"{rows} {first} {last}\n" for rows, first, last in groups)
    return hashlib.sha256(text.encode()).hexdigest()


def encode_pack(originals: pa.Table | pa.RecordBatch, *, run_date: dt.date) -> bytes:
    """Encodes originals as one pack: each digest once, sorted by digest.

    The same rows in any order give the same bytes. Only digests of repeated rows are verified here:
    `verify_pack` verifies the others.

    Args:
        originals: columns `digest` fixed binary(32), `kind`, `item_count`, `original` and `tool`. `hash` and
            `size_bytes` are derived, and compared if they are given.
        run_date: the date of the run that stores these originals.

    Raises:
        DigestMismatch: a given hash or size is wrong, or a repeated row has other bytes than its digest says.
        LimitExceeded: an original is over `MAX_ORIGINAL_BYTES`, or there are more rows than `MAX_PACK_ROWS`.
        ValueError: a column is missing or has nulls.
    """
    rows = complete_rows(originals, run_date)
    if len(rows) > MAX_PACK_ROWS:
        raise LimitExceeded(f"{len(rows)} originals are over max_pack_rows {MAX_PACK_ROWS}")
    return write_pack(rows, distinct_order(rows))


def write_pack(rows: pa.Table, order: npt.NDArray[np.int64]) -> bytes:
    """Encodes some rows of a table with `PACK_SCHEMA` as one pack.

    `order` holds their positions, sorted by digest and each digest once.
    """
    rows = rows.combine_chunks()
    counts = _group_rows(rows.column("size_bytes").to_numpy()[order].tolist())
    sink = pa.BufferOutputStream()
    writer = pq.ParquetWriter(
        sink,
        PACK_SCHEMA,
        compression="zstd",
        compression_level=3,
        use_dictionary=list(_DICTIONARY_COLUMNS),
        write_statistics=["hash"],
        write_page_checksum=True,
        data_page_version="1.0",
        version="2.6",
        sorting_columns=[pq.SortingColumn(PACK_SCHEMA.get_field_index("hash"))],
        bloom_filter_options={"hash": {"ndv": ROW_GROUP_ROWS, "fpp": 0.01}},
    )
    groups: list[tuple[int, str, str]] = []
    start = 0
    with writer:
        for count in counts:
            # Rows are taken group by group: a sorted copy of the whole table would take its memory again.
            group = rows.take(pa.array(order[start : start + count]))
            writer.write_table(group, row_group_size=count)
            groups.append((count, group.column("hash")[0].as_py(), group.column("hash")[-1].as_py()))
            start += count
        # Page checksums don't cover the footer. Its first and last hashes decide where a lookup looks. So a
        # flipped bit there would read as "never stored".
        writer.add_key_value_metadata(
            {_VERSION_KEY.decode(): str(PACK_VERSION), _GROUPS_KEY.decode(): _groups_sha256(groups)}
        )
    return bytes(sink.getvalue())


def encode_rows(table: pa.Table) -> bytes:
    """Encodes rows of any columns as plain Parquet for sinks, compressed by zstd, with page checksums.

    >>> pq.read_table(pa.BufferReader(encode_rows(pa.table({"id": [1, 2]})))).column("id").to_pylist()
    [1, 2]
    """
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue())


class RowGroup(NamedTuple):
    """The place of a row group in its pack, in bytes, and the range of its hashes."""

    offset: int
    length: int
    row_count: int
    first_hash: str
    last_hash: str


class PackFooter:
    """Reads and checks the footer of a pack: version, schema, and the place and order of row groups.

    Args:
        tail: the last bytes of the pack, at least as many as `footer_bytes` says.
        size_bytes: size of the whole pack.

    Raises:
        CorruptPack: the footer can't be decoded, or breaks a rule of the format.
        FormatError: this release doesn't know the pack's version.
    """

    def __init__(self, tail: bytes, size_bytes: int) -> None:
        need = footer_bytes(tail)
        if need > len(tail) or need + 4 > size_bytes:
            raise CorruptPack("the pack's footer is longer than the pack")
        self.size_bytes = size_bytes
        self.footer_bytes = need
        with corrupt_pack():
            # Opening a file reads more than its footer, so the footer is parsed as a file of its own.
            self.metadata = pq.ParquetFile(
                pa.BufferReader(b"PAR1" + tail[-need:]),
                # No list or string in a footer can be longer than the footer.
                thrift_string_size_limit=need,
                thrift_container_size_limit=need,
            ).metadata
            keys = self.metadata.metadata or {}
            version = keys.get(_VERSION_KEY, b"")
            if version != str(PACK_VERSION).encode():
                if version.isdigit():
                    raise FormatError(
                        f"pack version {version.decode()}; this release reads version {PACK_VERSION}"
                    )
                raise CorruptPack("the pack has no version")
            if not self.metadata.schema.to_arrow_schema().equals(PACK_SCHEMA):
                raise CorruptPack("the pack's columns aren't those of a pack")
            self.groups = tuple(self._group(index) for index in range(self.metadata.num_row_groups))
        self._check_groups(keys.get(_GROUPS_KEY, b""))

    def _group(self, index: int) -> RowGroup:
        group = self.metadata.row_group(index)
        spans = [_column_span(group.column(column)) for column in range(group.num_columns)]
        # A wrong offset could lead to the pages of another column, and their checksums would be right.
        if any(left[1] != right[0] for left, right in itertools.pairwise(spans)):
            raise CorruptPack(f"the columns of row group {index} don't lie one after the other")
        hashes = group.column(0).statistics
        if hashes is None or not hashes.has_min_max:
            raise CorruptPack(f"row group {index} has no statistics on hash")
        start, end = spans[0][0], spans[-1][1]
        return RowGroup(start, end - start, group.num_rows, str(hashes.min), str(hashes.max))

    def _check_groups(self, expected_sha256: bytes) -> None:
        end = 4
        last = ""
        for index, group in enumerate(self.groups):
            if (
                group.offset < end
                or group.length <= 0
                or group.offset + group.length > self.size_bytes - self.footer_bytes
            ):
                raise CorruptPack(f"row group {index} is empty, or overlaps what lies before or after it")
            if not 0 < group.row_count <= ROW_GROUP_ROWS:
                raise CorruptPack(
                    f"row group {index} has {group.row_count} rows; it must have 1 to {ROW_GROUP_ROWS}"
                )
            if not last <= group.first_hash <= group.last_hash:
                raise CorruptPack(f"row group {index} breaks the order of hashes")
            end, last = group.offset + group.length, group.last_hash
        found = _groups_sha256((group.row_count, group.first_hash, group.last_hash) for group in self.groups)
        if found.encode() != expected_sha256:
            raise CorruptPack("the footer's row groups don't match their checksum")

    @property
    def row_count(self) -> int:
        """The number of rows in the pack."""
        return sum(group.row_count for group in self.groups)

    def groups_of(self, prefix: str) -> range:
        """Returns the numbers of the row groups that can hold a hash with this prefix of up to 24 digits."""
        width = len(prefix)
        low = bisect.bisect_left(self.groups, prefix, key=lambda group: group.last_hash[:width])
        high = bisect.bisect_right(self.groups, prefix, low, key=lambda group: group.first_hash[:width])
        return range(low, high)


def footer_bytes(tail: bytes) -> int:
    """Returns the length of a pack's footer in bytes, with its length field and the magic bytes.

    Args:
        tail: the last 8 bytes of the pack, or more.

    Raises:
        CorruptPack: the file doesn't end as Parquet does, or the footer is over its limit.
    """
    if len(tail) < 8 or tail[-4:] != b"PAR1":
        raise CorruptPack("the pack doesn't end as a Parquet file")
    length = int.from_bytes(tail[-8:-4], "little") + 8
    if length > MAX_FOOTER_BYTES:
        raise CorruptPack(f"the pack's footer has {length} bytes, over the limit of {MAX_FOOTER_BYTES}")
    return length


def _column_span(column: Any) -> tuple[int, int]:
    start = column.data_page_offset
    if column.dictionary_page_offset is not None:
        start = min(start, column.dictionary_page_offset)
    return start, start + column.total_compressed_size


def decode_groups(
    footer: PackFooter, first: int, end: int, data: bytes, columns: Sequence[str] = PACK_SCHEMA.names
) -> pa.Table:
    """Decodes the row groups from `first` to before `end`, and verifies their page checksums.

    The memory that decoding takes is bounded by the page headers before it begins. Digests aren't verified.

    Args:
        footer: the pack's.
        first: number of the first row group.
        end: number after that of the last row group.
        data: the bytes of the pack from the first group's start to the last one's end.
        columns: the columns to decode.

    Raises:
        CorruptPack: the bytes can't be decoded, or don't agree with the footer.
    """
    start = footer.groups[first].offset
    with corrupt_pack():
        for index in range(first, end):
            decoded_bytes = _check_pages(footer, index, memoryview(data), start, columns)
            if decoded_bytes > ROW_GROUP_BYTES + 4 * ROW_GROUP_ROWS:
                # One large original fills this row group. It must decode to exactly the size in its row.
                own = data[footer.groups[index].offset - start :]
                size_bytes = decode_groups(footer, index, index + 1, own, ["size_bytes"]).column(0)[0].as_py()
                if decoded_bytes != size_bytes + 4:
                    raise CorruptPack(
                        f"row group {index} would decode to {decoded_bytes} bytes; "
                        f"its original takes {size_bytes} and 4 for its length"
                    )
        reader = pq.ParquetFile(
            PartialFile(data, start, footer.size_bytes),
            metadata=footer.metadata,
            page_checksum_verification=True,
            pre_buffer=False,
        )
        table = reader.read_row_groups(list(range(first, end)), columns=list(columns), use_threads=False)
        if len(table) != sum(group.row_count for group in footer.groups[first:end]):
            raise CorruptPack("a row group has another number of rows than the footer says")
        if "digest" in columns:
            _check_ends(footer.groups[first:end], digest_array(table.column("digest")))
    return table.select(list(columns))


def _check_ends(groups: Sequence[RowGroup], digests: Digests) -> None:
    """Compares the first and last digest of each row group with the footer.

    Otherwise a lookup in a row group with wrong rows would answer "never stored".
    """
    start = 0
    for group in groups:
        ends = digests[[start, start + group.row_count - 1]].tobytes()
        if (ends[:12].hex(), ends[32:44].hex()) != (group.first_hash, group.last_hash):
            raise CorruptPack("a row group doesn't begin and end with the hashes that the footer says")
        start += group.row_count


def _check_pages(footer: PackFooter, index: int, data: memoryview, start: int, columns: Sequence[str]) -> int:
    """Checks that a row group decodes to a bounded size, and that every page has a checksum.

    Returns the bytes that the column `original` decodes to, or 0 when it isn't asked for.
    """
    decoded_bytes = 0
    group = footer.metadata.row_group(index)
    rows = group.num_rows
    for name in columns:
        begin, end = _column_span(group.column(PACK_SCHEMA.get_field_index(name)))
        if begin < start or end > start + len(data):
            raise CorruptPack(f"column {name!r} lies outside of row group {index}")
        total = values = 0
        for page in walk_pages(data[begin - start : end - start]):
            if not page.has_checksum:
                raise CorruptPack(f"a page of column {name!r} in row group {index} has no checksum")
            if name not in _DICTIONARY_COLUMNS and (page.is_dictionary or page.encoding != PLAIN):
                raise CorruptPack(f"column {name!r} of row group {index} has another encoding than PLAIN")
            total += page.uncompressed_bytes
            values += 0 if page.is_dictionary else page.value_count
        if values != rows:
            raise CorruptPack(f"column {name!r} of row group {index} has {values} values for {rows} rows")
        limit = _LABEL_COLUMN_BYTES
        if name == "original":
            decoded_bytes = total
            limit = 4 * rows + (MAX_ORIGINAL_BYTES if rows == 1 else ROW_GROUP_BYTES)
        if total > limit:
            raise CorruptPack(
                f"column {name!r} of row group {index} would decode to {total} bytes; its limit is {limit}"
            )
    return decoded_bytes


def read_pack(data: bytes, columns: Sequence[str] = PACK_SCHEMA.names) -> Iterator[tuple[int, pa.Table]]:
    """Decodes a whole pack, about 16 MiB of originals at a time. Digests aren't verified.

    Yields:
        The number of the first row group, and the rows from there on.

    Raises:
        CorruptPack: the pack can't be decoded.
        FormatError: this release doesn't know the pack's version.
    """
    footer = PackFooter(data, len(data))
    for first, end in group_runs(footer):
        begin, stop = (
            footer.groups[first].offset,
            footer.groups[end - 1].offset + footer.groups[end - 1].length,
        )
        yield first, decode_groups(footer, first, end, data[begin:stop], columns)


def group_runs(footer: PackFooter) -> Iterator[tuple[int, int]]:
    """Yields runs of row groups, as (first, end), that decode to about 16 MiB of originals.

    A run with row groups of one large original each may decode to more.
    """
    step = max(1, _DECODE_BYTES // ROW_GROUP_BYTES)
    for first in range(0, len(footer.groups), step):
        yield first, min(first + step, len(footer.groups))


def verify_pack(data: bytes) -> PackSummary:
    """Decodes a whole pack and verifies structure, page checksums, order, and every digest, hash and size.

    Raises:
        CorruptPack: the pack can't be decoded, or breaks a rule of the format.
        DigestMismatch: a digest, hash or size isn't that of its original.
        FormatError: this release doesn't know the pack's version.
    """
    row_count = original_bytes = 0
    last = b""
    if data[:4] != b"PAR1":
        raise CorruptPack("the pack doesn't begin as a Parquet file")
    for _, rows in read_pack(data):
        verify_digests(rows.column("original"), rows.column("digest"))
        with corrupt_pack():
            rows.validate(full=True)
        if not rows.column("hash").equals(pa.chunked_array([hash_array(rows.column("digest"))])):
            raise DigestMismatch("a hash in the pack isn't the beginning of its digest")
        if not rows.column("size_bytes").equals(pc.binary_length(rows.column("original"))):
            raise DigestMismatch("a size in the pack isn't that of its original")
        digests = digest_array(rows.column("digest"))
        if last >= digests[:1].tobytes() or np.any(digests[:-1] >= digests[1:]):
            raise CorruptPack("the pack's rows aren't sorted by hash, each digest once")
        last = digests[-1:].tobytes()
        row_count += len(rows)
        original_bytes += pc.sum(rows.column("size_bytes")).as_py()
    return PackSummary(row_count, len(PackFooter(data, len(data)).groups), original_bytes)


@contextmanager
def corrupt_pack() -> Iterator[None]:
    """Turns the errors that pyarrow raises on damaged or hostile bytes into CorruptPack.

    pyarrow's messages may quote data, so they are left out.
    """
    try:
        yield
    except (CorruptPack, DigestMismatch, FormatError):
        raise
    except PageError as error:
        raise CorruptPack(f"the pack can't be decoded: {error}") from error
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError, KeyError, MemoryError) as error:
        raise CorruptPack(f"the pack can't be decoded ({type(error).__name__})") from None
