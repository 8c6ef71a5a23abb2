"""`WriteCompacted` and `WriteFailures`: rows into files that are named by their content.

One bundle writes a file, durably and as a whole. The file's name is a digest of its rows, and of the ids,
keys and timestamps that distinguish equal rows. A bundle that is repeated finds its file there already. Two
bundles that only hold equal records write two files.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.pvalue import TaggedOutput
from apache_beam.typehints import typehints
from apache_beam.typehints.decorators import no_annotations

from headroom_beam.errors import InvalidPayload
from headroom_beam.objects.base import Objects
from headroom_beam.objects.open import open_objects
from headroom_beam.records import Compacted, Failure, compacted_batch
from headroom_beam.store.pack import encode_rows
from headroom_beam.transforms.bundles import BundleDoFn
from headroom_beam.transforms.envelope import Place
from headroom_beam.transforms.metrics import count
from headroom_beam.transforms.schemas import register_schemas

__all__ = [
    "WriteCompacted", "WriteFailures", "WriteResult", "WrittenFile", "compacted_lines", "compacted_parquet",
    "failure_lines",
]  # fmt: skip

register_schemas()

_FILE_BYTES = 64 << 20
_FAILURE_BYTES = 256
"""Approximate size of a failure in a file."""


class WrittenFile(NamedTuple):
    """A file that is durable now."""

    name: str
    """Name below the root."""
    records: int
    size_bytes: int


class WriteResult(NamedTuple):
    """The outputs of writing rows, emitted when the rows are durable."""

    files: beam.PCollection
    """`WrittenFile` rows."""
    keys: beam.PCollection
    """The key of each keyed row, emitted when its file is durable. It can then be acknowledged."""


def compacted_lines(rows: Sequence[tuple[Any, Compacted]]) -> bytes:
    r"""Encodes records as JSONL, one record on each line, without keys and statistics.

    Args:
        rows: keys and rows.

    Returns:
        The content of a file.

    Raises:
        InvalidPayload: a record has a line break between its tokens. Write Parquet instead.

    >>> compacted_lines([(None, Compacted(b'{"id": 1}', "", 0, 9, 9, 0, 0, []))])
    b'{"id": 1}\n'
    """
    for at, (_, row) in enumerate(rows):
        if b"\n" in row.record or b"\r" in row.record:
            raise InvalidPayload(
                f"row {at} of a batch has a line break in its record and can't be a line of JSONL; "
                'write Parquet (file_format="parquet")'
            )
    return b"".join(row.record + b"\n" for _, row in rows)


def compacted_parquet(rows: Sequence[tuple[Any, Compacted]]) -> bytes:
    """Encodes rows as Parquet, with the columns of `COMPACTED_SCHEMA` and those of the keys.

    A string key is the column `key`. A message has the columns `message_id`, `publish_time`, `ordering_key`
    and `attributes`.

    Args:
        rows: keys and rows. The keys are all None, all strings, or all `PubsubMessage`.

    Returns:
        The content of a file.

    Raises:
        TypeError: keys have another type, or several types.
    """
    batch = compacted_batch([row for _, row in rows])
    for name, column in _key_columns([key for key, _ in rows]).items():
        batch = batch.append_column(name, column)
    return encode_rows(pa.Table.from_batches([batch]))


def _key_columns(keys: Sequence[Any]) -> Mapping[str, pa.Array]:
    kinds = {type(key) for key in keys}
    if kinds == {type(None)}:
        return {}
    if kinds == {str}:
        return {"key": pa.array(keys, pa.string())}
    if kinds == {PubsubMessage}:
        return {
            "message_id": pa.array([key.message_id or "" for key in keys], pa.string()),
            "publish_time": pa.array([key.publish_time for key in keys], pa.timestamp("us", tz="UTC")),
            "ordering_key": pa.array([key.ordering_key or "" for key in keys], pa.string()),
            "attributes": pa.array(
                [list((key.attributes or {}).items()) for key in keys], pa.map_(pa.string(), pa.string())
            ),
        }
    found = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise TypeError(
        f"keys of rows in Parquet are all strings or all PubsubMessage, not {found}; map the keys first"
    )


def failure_lines(rows: Sequence[tuple[Any, Failure]]) -> bytes:
    """Encodes failures as JSONL, one object on each line, with its key or its message's id and attributes.

    Args:
        rows: keys and rows. A key that is neither a string nor a message is written as its `repr`.

    Returns:
        The content of a file.

    >>> line = failure_lines(
    ...     [("session-1", Failure("invalid_json", "line 1, column 2", "", "", 0, 1, ["0" * 24]))]
    ... )
    >>> json.loads(line)["kind"], json.loads(line)["key"]
    ('invalid_json', 'session-1')
    """
    lines = []
    for key, row in rows:
        line = row._asdict()
        line["hashes"] = list(row.hashes)
        if isinstance(key, PubsubMessage):
            line |= {"message_id": key.message_id or "", "attributes": key.attributes or {}}
        elif key is not None:
            line["key"] = key if isinstance(key, str) else repr(key)
        lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    return "".join(lines).encode()


_Encode = Callable[[Sequence[tuple[Any, Any]]], bytes]


_Waiting: TypeAlias = tuple[bytes, Any, Any, Place]
"""A row that waits for its file: its identity, its key, itself and its place."""


class _WriteFiles(BundleDoFn):
    """Writes the rows of a bundle as one file, or as several if there are many rows."""

    def __init__(self, root: str, suffix: str, encode: _Encode, file_bytes: int, *, with_ids: bool) -> None:
        super().__init__(batch_bytes=file_bytes)
        self._root = root
        self._suffix = suffix
        self._encode = encode
        self._with_ids = with_ids

    def setup(self) -> None:
        self._objects: Objects = open_objects(self._root)

    def collect(self, element: Any, place: Place) -> tuple[_Waiting, int]:
        row_id, element = element if self._with_ids else (b"", element)
        key, row = (None, element) if isinstance(element, Compacted | Failure) else element
        size_bytes = len(row.record) if isinstance(row, Compacted) else _FAILURE_BYTES
        return (row_id or _identity(key, place.timestamp), key, row, place), size_bytes

    def flush(self, batch: Sequence[_Waiting]) -> list[Any]:
        identities, keys, rows, places = zip(*batch, strict=True)
        data = self._encode(list(zip(keys, rows, strict=True)))
        identity = hashlib.sha256(b"".join(identities))
        identity.update(data)
        name = f"{identity.hexdigest()}{self._suffix}"
        self._objects.put_if_absent(name, data)
        count("files_written")
        count("rows_written", len(batch))
        results: list[Any] = [places[-1].put(WrittenFile(name, len(batch), len(data)))]
        for key, place in zip(keys, places, strict=True):
            if key is not None:
                results.append(TaggedOutput("keys", place.put(key)))
        return results


def _identity(key: Any, timestamp: Any) -> bytes:
    """Returns bytes that distinguish a row from an equal one, and are the same in a repeated bundle."""
    name = key.message_id if isinstance(key, PubsubMessage) else key
    return f"{timestamp.micros} {name!r}\n".encode("utf-8", "surrogatepass")


def _with_id(element: Any) -> tuple[bytes, Any]:
    return uuid.uuid4().bytes, element


class _WriteRows(beam.PTransform):
    """Writes rows with an encoder. This is the base of `WriteCompacted` and `WriteFailures`."""

    def __init__(self, root: str, suffix: str, encode: _Encode, file_bytes: int) -> None:
        super().__init__()
        if file_bytes <= 0:
            raise ValueError(f"file_bytes is {file_bytes}; it must be greater than 0")
        open_objects(root)
        self._root = root
        self._suffix = suffix
        self._encode = encode
        self._file_bytes = file_bytes

    @no_annotations
    def expand(self, rows: beam.PCollection) -> WriteResult:
        """Writes the rows."""
        # Bounded rows often have neither key nor timestamp, and equal rows must not become one. So each row
        # gets a random id. The reshuffle keeps the ids, so that a repeated bundle sees the same ones.
        with_ids = rows.is_bounded
        key_type = _key_type(rows.element_type)
        if with_ids:
            rows = (
                rows
                | "Id" >> beam.Map(_with_id).with_output_types(typehints.Tuple[bytes, rows.element_type])
                | "Reshuffle" >> beam.Reshuffle()
            )
        write = _WriteFiles(self._root, self._suffix, self._encode, self._file_bytes, with_ids=with_ids)
        outputs = rows | "Write" >> beam.ParDo(write).with_outputs("keys", main="files")
        outputs.files.element_type = WrittenFile
        outputs["keys"].element_type = key_type
        return WriteResult(outputs.files, outputs["keys"])

    def display_data(self) -> dict[str, Any]:
        return {"root": self._root, "suffix": self._suffix, "file_bytes": self._file_bytes}


def _key_type(element_type: Any) -> Any:
    if isinstance(element_type, typehints.TupleConstraint) and len(element_type.tuple_types) == 2:
        return element_type.tuple_types[0]
    return typehints.Any


class WriteCompacted(_WriteRows):
    """Writes `Compacted` rows, or `(key, Compacted)`, into files named by content below a root.

    Every row is in exactly one of the files that `.files` names, even if bundles were repeated. Unbounded
    rows are written bundle by bundle, which after `CrushRecords` means batch by batch. Keys and timestamps
    distinguish equal rows.

    Args:
        root: a local directory or `gs://bucket/prefix`. It is created if it isn't there.
        file_format: `jsonl` for the records alone, one on each line. `parquet` for whole rows, with columns
            for a string key, or for a Pub/Sub message's id, publish time, ordering key and attributes.
        file_bytes: size of records at which a bundle starts another file.

    Raises:
        ValueError: the format is unknown, the root has another scheme, or a size isn't greater than 0.

    At run time, JSONL fails the bundle if a record has a line break. Parquet fails it if a key is neither a
    string nor a message.

    >>> import tempfile
    >>> row = Compacted(b'{"id": 1}', "", 0, 9, 9, 0, 0, [])
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     written = pipeline | beam.Create([row, row]) | WriteCompacted(tempfile.mkdtemp())
    ...     _ = written.files | beam.Map(lambda file: print(file.records, file.size_bytes))
    2 20
    """

    def __init__(
        self, root: str, *, file_format: Literal["jsonl", "parquet"] = "jsonl", file_bytes: int = _FILE_BYTES
    ) -> None:
        encoders: dict[str, _Encode] = {"jsonl": compacted_lines, "parquet": compacted_parquet}
        if file_format not in encoders:
            raise ValueError(f"file_format is {file_format!r}; it is 'jsonl' or 'parquet'")
        super().__init__(root, f".{file_format}", encoders[file_format], file_bytes)


class WriteFailures(_WriteRows):
    """Writes `Failure` rows, or `(key, Failure)`, as JSONL into files named by content below a root.

    Args:
        root: a local directory or `gs://bucket/prefix`. It is created if it isn't there.
        file_bytes: approximate size at which a bundle starts another file.

    Raises:
        ValueError: the root has another scheme, or a size isn't greater than 0.

    >>> import tempfile
    >>> row = Failure("invalid_json", "line 1, column 2", "", "", 0, 1, ["0" * 24])
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     written = pipeline | beam.Create([row]) | WriteFailures(tempfile.mkdtemp())
    ...     _ = written.files | beam.Map(lambda file: print(file.records))
    1
    """

    def __init__(self, root: str, *, file_bytes: int = _FILE_BYTES) -> None:
        super().__init__(root, ".jsonl", failure_lines, file_bytes)
