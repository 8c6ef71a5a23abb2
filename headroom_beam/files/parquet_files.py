r"""Parquet in, Parquet out: the texts in a file's columns are crushed, and everything else stays as it was.

A row is a record, a JSON object of its columns. Only texts change, because a column keeps its type: an array
or a struct that is a result stays one, with crushed strings in it. Schema, row groups, compression and
metadata stay the same. A file in which no text changes stays the very same file.

No one can promise that a writer of another day gives the same bytes. So the store keeps the file itself, and
restoring takes it from there.

>>> import tempfile
>>> from pathlib import Path
>>> folder = tempfile.mkdtemp()
>>> pq.write_table(pa.table({"id": [1, 2], "output": ["a", None]}), f"{folder}/a.parquet")
>>> source = Source(folder, "a.parquet", Path(folder, "a.parquet").stat().st_size, "", "parquet")
>>> [block.data for block in row_blocks(source)]
[b'{"id":1,"output":"a"}\n{"id":2}\n']
"""

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from headroom_beam import _core
from headroom_beam.errors import HeadroomBeamError, IntegrityError
from headroom_beam.files.blocks import Block
from headroom_beam.files.content import Content
from headroom_beam.files.kept import Kept
from headroom_beam.files.members import MAX_RATIO, Refused
from headroom_beam.files.sources import Source, read_chunks
from headroom_beam.objects.open import open_objects
from headroom_beam.store.pages import PageError, dictionary_page_bytes

__all__ = ["ParquetCopy", "RowBatch", "row_batches", "row_blocks"]

_BATCH_BYTES = 4 << 20
"""About how many bytes of rows are decoded and crushed at a time."""
_BATCH_ROWS = 1024

_MEMORY_BYTES = 64 << 20
"""Decoded bytes of a row group that wait in memory to be written; more of them wait on the disk."""

_FREE_BYTES = 1 << 30
"""A file may decode to this, however small it is."""

_SPOOL_BYTES = 8 << 20
_READ_BYTES = 1 << 20
_HEADER_BYTES = 4096

# Codecs that a file names otherwise than the writer.
_COMPRESSION = {"UNCOMPRESSED": "NONE", "LZ4_RAW": "LZ4"}


class RowBatch(NamedTuple):
    """Some rows of a file."""

    first: int
    """Number of its first row in the file, from 0."""
    rows: pa.RecordBatch
    group: int
    """Number of the row group that they stand in, from 0."""


def row_batches(source: Source) -> Iterator[RowBatch]:
    """Yields the rows of a Parquet file.

    Raises:
        Refused: it has no texts, is encrypted, or decodes to far more than its size.
        IntegrityError: it is damaged, or isn't Parquet.
        StoreError: it can't be read.
    """
    with _opened(source) as (file, opened), _problems(source):
        _check_texts(opened)
        yield from _batches(source, file, opened)


def row_blocks(source: Source) -> Iterator[Block]:
    """Yields the rows of a Parquet file as blocks of JSON Lines, as the crusher sees them.

    The offset of a block counts the bytes of these lines. Errors are those of `row_batches`.
    """
    offset = 0
    for batch in row_batches(source):
        lines = _core.row_lines(batch.rows)
        yield Block(offset, lines)
        offset += len(lines)


class ParquetCopy:
    """A Parquet file on its way.

    Args:
        source: the file.
        part: takes the compacted file.
        keep: puts bytes into the store and returns their digest.
    """

    def __init__(self, source: Source, part: Content, keep: Callable[[bytes], str]) -> None:
        self._source = source
        self._part = part
        self._kept = Kept(keep)
        self._group: _RowGroup | None = None
        self._is_changed = False

    @property
    def kept(self) -> list[str]:
        """Digests of the originals that the file is restored from; none if it hasn't changed."""
        return self._kept.digests

    def batches(self) -> Iterator[RowBatch]:
        """Yields the rows; each batch has to be crushed before the next one is asked for.

        When the last one is crushed, the compacted file is written.

        Raises:
            Refused: it has no texts, is encrypted, decodes to far more than its size, or can't be written
                again with the same schema.
            IntegrityError: it is damaged, or isn't Parquet.
        """
        with _opened(self._source) as (file, opened), ExitStack() as stack, _problems(self._source):
            _check_texts(opened)
            out = stack.enter_context(tempfile.SpooledTemporaryFile(_SPOOL_BYTES))
            with _writer(opened, out) as writer:
                for group, batches in itertools.groupby(
                    _batches(self._source, file, opened), key=lambda batch: batch.group
                ):
                    rows = opened.metadata.row_group(group).num_rows
                    with _RowGroup(opened.schema_arrow) as self._group:
                        yield from batches
                        self._group.write_to(writer, rows)
            if self._is_changed and _shape(out) != _shape(file):
                raise Refused("its row groups can't be written again, so it is copied")
            self._finish(out)

    def crush(self, batch: RowBatch, options: _core.Options, calls: _core.CallTable) -> _core.CrushedBlock:
        """Crushes the last batch, and takes it over.

        Args:
            batch: as it was yielded.
            options: with `keep_types`.
            calls: those of the file so far.

        Raises:
            Refused: the new texts don't fit into the type of a column.
        """
        try:
            crushed, changed = _core.crush_rows(batch.rows, options, calls)
        except (ValueError, pa.ArrowException) as error:
            raise Refused("the type of a column can't hold crushed texts, so it is copied") from error
        self._take(batch.rows, changed)
        return crushed

    def _take(self, rows: pa.RecordBatch, changed: pa.RecordBatch) -> None:
        assert self._group is not None
        for name in changed.schema.names:
            rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), changed[name])
        self._is_changed |= changed.num_columns > 0
        self._group.add(rows)

    def _finish(self, out: IO[bytes]) -> None:
        for chunk in read_chunks(self._source):
            if self._is_changed:
                self._kept.add(chunk.data)
            compacted = b"" if self._is_changed else chunk.data
            self._part.write(compacted, source=chunk.data, offset=chunk.offset)
        self._kept.finish()
        out.seek(0)
        while self._is_changed and (data := out.read(_READ_BYTES)):
            self._part.write(data, source=b"", offset=0)


class _RowGroup:
    """The rows of a row group that wait to be written: in memory, and on the disk if they are many."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema.remove_metadata()
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_bytes = 0
        self._stack = ExitStack()
        self._spilled: pa.RecordBatchStreamWriter | None = None
        self._name = ""

    def __enter__(self) -> "_RowGroup":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, rows: pa.RecordBatch) -> None:
        rows = rows.replace_schema_metadata()
        if self._spilled is not None:
            self._spilled.write_batch(rows)
            return
        self._waiting.append(rows)
        self._waiting_bytes += rows.nbytes
        if self._waiting_bytes > _MEMORY_BYTES:
            # A file with a name, so that its pages can be mapped into memory, and given back.
            file = self._stack.enter_context(tempfile.NamedTemporaryFile())  # noqa: SIM115
            self._name = file.name
            self._spilled = self._stack.enter_context(pa.ipc.new_stream(file.name, self._schema))
            for batch in self._waiting:
                self._spilled.write_batch(batch)
            self._waiting.clear()

    def write_to(self, writer: pq.ParquetWriter, rows: int) -> None:
        table = pa.Table.from_batches(self._waiting, self._schema)
        if self._spilled is not None:
            self._spilled.close()
            mapped = self._stack.enter_context(pa.memory_map(self._name))
            table = pa.ipc.open_stream(mapped).read_all()
        writer.write_table(table.replace_schema_metadata(writer.schema.metadata), max(rows, 1))


@contextmanager
def _opened(source: Source) -> Iterator[tuple[IO[bytes], pq.ParquetFile]]:
    with open_objects(source.root).open(source.name) as file:
        with _problems(source):
            opened = pq.ParquetFile(file, pre_buffer=False, buffer_size=_READ_BYTES)
            names = opened.schema_arrow.names
            if len(set(names)) < len(names):
                raise Refused("two of its columns have one name, so it is copied")
        yield file, opened


@contextmanager
def _problems(source: Source) -> Iterator[None]:
    """Turns the library's errors into ours. Its messages may hold what stands in the file."""
    try:
        yield
    except HeadroomBeamError:
        raise
    except pa.ArrowNotImplementedError as error:
        raise Refused("it is Parquet of a kind that can't be read or written, so it is copied") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        if "crypt" in str(error):
            raise Refused("it is encrypted, so it is copied") from error
        name = f"{source.root}/{source.name}"
        raise IntegrityError(f"{name} is damaged, or isn't Parquet") from error


def _batches(source: Source, file: IO[bytes], opened: pq.ParquetFile) -> Iterator[RowBatch]:
    first = decoded_bytes = 0
    for group in range(opened.metadata.num_row_groups):
        _check_columns(opened, group)
        rows = _batch_rows(file, opened.metadata.row_group(group))
        for batch in opened.iter_batches(batch_size=rows, row_groups=[group], use_threads=False):
            decoded_bytes += batch.nbytes
            if decoded_bytes > max(MAX_RATIO * source.size_bytes, _FREE_BYTES):
                raise Refused(f"it holds over {decoded_bytes} bytes, so it is copied")
            yield RowBatch(first, batch, group)
            first += batch.num_rows


def _check_texts(opened: pq.ParquetFile) -> None:
    if opened.metadata.num_row_groups:
        _check_columns(opened, 0)
    if not any(map(_has_texts, opened.schema_arrow.types)):
        raise Refused("none of its columns holds texts, so it is copied")


def _check_columns(opened: pq.ParquetFile, group: int) -> None:
    """Reads a row, to see that a row group can be read.

    The library ends the process when it is asked about a column that is encrypted. Reading one is only an
    error.
    """
    for _ in opened.iter_batches(batch_size=1, row_groups=[group], use_threads=False):
        break


def _batch_rows(file: IO[bytes], group: Any) -> int:
    """Returns how many rows of a row group are decoded at a time.

    A row may name the longest text of a dictionary each time, however small the file is.
    """
    columns = [group.column(at) for at in range(group.num_columns)]
    row_bytes: int = group.total_byte_size // max(group.num_rows, 1)
    longest_bytes = sum(_dictionary_bytes(file, column) for column in columns)
    return max(min(_BATCH_BYTES // max(row_bytes, 1), _FREE_BYTES // max(longest_bytes, 1), _BATCH_ROWS), 1)


def _dictionary_bytes(file: IO[bytes], column: Any) -> int:
    if column.physical_type != "BYTE_ARRAY" or not column.has_dictionary_page:
        return 0
    file.seek(column.dictionary_page_offset)
    try:
        return dictionary_page_bytes(file.read(_HEADER_BYTES))
    except PageError:
        return 0  # Whether it is damaged is for the library to say.


def _has_texts(kind: pa.DataType) -> bool:
    """Tells whether a column holds texts, at any depth."""
    if isinstance(kind, pa.BaseExtensionType):
        return isinstance(kind, pa.JsonType)
    if pa.types.is_dictionary(kind):
        return _has_texts(kind.value_type)
    if pa.types.is_map(kind):
        return _has_texts(kind.item_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _has_texts(kind.value_type)
    if pa.types.is_struct(kind):
        return any(_has_texts(field.type) for field in kind)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _shape(file: IO[bytes]) -> tuple[object, ...]:
    """What a compacted file has in common with the file that it is made of."""
    file.seek(0)
    opened = pq.ParquetFile(file)
    groups = range(opened.metadata.num_row_groups)
    rows = [opened.metadata.row_group(group).num_rows for group in groups]
    return opened.schema_arrow.names, rows, opened.metadata.metadata


@contextmanager
def _writer(opened: pq.ParquetFile, out: IO[bytes]) -> Iterator[pq.ParquetWriter]:
    """Opens a writer of files as the opened one is."""
    settings = _settings(opened)
    schema = opened.schema_arrow
    with pq.ParquetWriter(out, schema, store_schema=False, **settings) as writer:
        yield writer
        if opened.metadata.metadata:
            writer.add_key_value_metadata(dict(opened.metadata.metadata))


def _settings(opened: pq.ParquetFile) -> Mapping[str, Any]:
    """Finds the settings with which a file of the same schema comes out."""
    own = _own_settings(opened)
    version = "1.0" if opened.metadata.format_version == "1.0" else "2.6"
    names = (
        "version",
        "use_compliant_nested_type",
        "use_deprecated_int96_timestamps",
        "store_decimal_as_integer",
    )
    choices = ((version, "2.6", "2.4", "1.0"), (True, False), (False, True), (False, True))
    for values in itertools.product(*choices):
        settings = {**own, **dict(zip(names, values, strict=True))}
        trial = pa.BufferOutputStream()
        with pq.ParquetWriter(trial, opened.schema_arrow, store_schema=False, **settings):
            pass
        # The name of the root, which each library chooses, doesn't count here.
        if pq.ParquetFile(pa.BufferReader(trial.getvalue())).schema.equals(opened.schema):
            return settings
    raise Refused("its schema can't be written again, so it is copied")


def _own_settings(opened: pq.ParquetFile) -> dict[str, Any]:
    """The settings that the first row group tells, column by column."""
    if not opened.metadata.num_row_groups:
        return {}
    group = opened.metadata.row_group(0)
    columns = [group.column(at) for at in range(group.num_columns)]
    sorting = group.sorting_columns
    return {
        "compression": {
            column.path_in_schema: _COMPRESSION.get(column.compression, column.compression)
            for column in columns
        },
        "use_dictionary": [column.path_in_schema for column in columns if column.has_dictionary_page],
        "write_statistics": [column.path_in_schema for column in columns if column.is_stats_set],
        "write_page_index": any(column.has_offset_index for column in columns),
        # What is crushed isn't in its old order any more.
        "sorting_columns": None
        if any(columns[key.column_index].physical_type == "BYTE_ARRAY" for key in sorting)
        else (sorting or None),
    }
