"""Crushes one shard, from its input to its published compacted parts.

The order of writes makes originals durable first. The store writes and verifies the packs, and reads them
back. Then come the lists of failures and explanations, then the parts, and last the done-record. A shard that
was interrupted is crushed again, with the same names and bytes.
"""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType

import pyarrow as pa
import pyarrow.compute as pc

from headroom_beam import _core
from headroom_beam.errors import FormatError, StoreError
from headroom_beam.files.blocks import Block, LinePiece
from headroom_beam.files.codecs import FileWriter
from headroom_beam.files.manifest import (
    CompactedPart,
    ShardResult,
    StoredPack,
    Totals,
    done_name,
    explanations_name,
    failures_name,
)
from headroom_beam.files.plan import Run
from headroom_beam.files.shards import Shard, Span, read_span
from headroom_beam.objects.base import Objects, ObjectWriter
from headroom_beam.objects.open import open_objects
from headroom_beam.records import Failure, Original, failure_rows, original_batch
from headroom_beam.store.pack import read_pack
from headroom_beam.store.store import OriginalStore

__all__ = ["crush_shard", "finished_shard", "read_failures"]

log = logging.getLogger(__name__)

# Bytes of originals that the pack builder gets in one call, since a call costs as much as a thousand rows.
_BUILDER_BYTES = 4 << 20


def finished_shard(run: Run, shard: Shard) -> ShardResult | None:
    """Reads the result of a shard; None if the shard isn't done.

    Raises:
        StoreError: the output can't be read.
        FormatError: the done-record is damaged, or of an unknown version.
    """
    output = open_objects(run.settings.output)
    name = done_name(shard.id)
    if not output.exists(name):
        return None
    return ShardResult.from_json(output.get(name), f"{output.root}/{name}")


def crush_shard(run: Run, shard: Shard, store: OriginalStore) -> ShardResult:
    """Crushes one shard and makes its result durable. Of a finished shard, only the result is read.

    Memory holds one pack of originals and, for a shard of several files, its compacted parts.

    Args:
        run: the run, from `headroom_beam.files.plan.start_run`.
        shard: a shard of the run.
        store: the store at `run.settings.originals`.

    Returns:
        The result, all of it durable.

    Raises:
        IntegrityError: an input file is truncated or damaged, or stored bytes aren't those that were written.
        StoreError: a file system or the network fails, or an input has changed.
    """
    done = finished_shard(run, shard)
    if done is not None:
        return done
    with _ShardWork(run, shard, store) as work:
        for span in shard.spans:
            work.crush_span(span)
        return work.publish()


def read_failures(run: Run, result: ShardResult) -> Iterator[Failure]:
    """Yields the failures of a finished shard.

    Raises:
        StoreError: the output can't be read.
        FormatError: the list is damaged.
    """
    if not result.failures:
        return
    output, name = open_objects(run.settings.output), failures_name(f"{result.shard:05d}")
    with output.open(name) as lines:
        for line in lines:
            try:
                failure = Failure(**json.loads(line))
            except (ValueError, TypeError, RecursionError) as error:
                raise FormatError(
                    f"{output.root}/{name} is damaged, or was written by another program"
                ) from error
            yield failure


class _ShardWork:
    """A shard in progress.

    Only packs are visible before `publish`. Leaving the `with` block drops everything that isn't published.
    """

    def __init__(self, run: Run, shard: Shard, store: OriginalStore) -> None:
        self._shard = shard
        self._config = run.settings.config
        self._explain = run.settings.explain
        self._options = run.settings.options()
        self._output = open_objects(run.settings.output)
        self._store = store
        self._builder = store.pack_builder(run_date=run.run_date)
        self._packs: list[StoredPack] = []
        self._added = 0
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_bytes = 0
        self._parts: list[_PartWriter] = []
        self._totals = Totals()
        self._failures: Counter[str] = Counter()
        self._unproved = 0
        self._failures_writer: ObjectWriter | None = None
        self._explanations_writer: ObjectWriter | None = None
        self._stack = ExitStack()

    def __enter__(self) -> "_ShardWork":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def crush_span(self, span: Span) -> None:
        """Crushes the lines of a span into its part."""
        # A shard may have many small files, so their parts wait in memory instead of in open files. The part
        # of a single file may be too large for that.
        part = _PartWriter(self._output, span, in_memory=len(self._shard.spans) > 1)
        self._stack.callback(part.close)
        self._parts.append(part)
        line = _LongLine()
        for item in read_span(span, max_record_bytes=self._config.max_record_bytes):
            if isinstance(item, Block):
                self._crush_block(item, part)
            elif self._store_piece(item, part, line):
                line = _LongLine()

    def _crush_block(self, block: Block, part: "_PartWriter") -> None:
        crushed = _core.crush_block(block.data, self._options)
        self._add_originals(crushed.originals())
        part.write(crushed.lines(), source=block.data, offset=block.offset)
        part.records += crushed.record_count
        self._unproved += crushed.unproved_count
        for row in crushed.totals().to_pylist():
            self._totals.add(row)
        if self._explain:
            self._explain_payloads(crushed.records(), part, block.offset)
        if crushed.failure_count:
            rows = failure_rows(
                crushed.failures(),
                source=part.span.source.name,
                part=part.span.part,
                block_offset=block.offset,
            )
            for failure in rows:
                self._add_failure(failure, part)

    def _store_piece(self, piece: LinePiece, part: "_PartWriter", line: "_LongLine") -> bool:
        """Stores one piece of a line that is too long. Returns True if it was the last piece."""
        digest = hashlib.sha256(piece.data).digest()
        digits = self._config.hash_digits
        row = Original(digest.hex()[:24], digest, "raw", len(piece.data), 0, piece.data, "")
        self._add_originals(original_batch([row]))
        marker = _core.raw_marker(digest, len(piece.data), digits).encode()
        part.write(
            marker if line.hashes else b'"' + marker, source=piece.data, offset=piece.offset + line.length
        )
        line.hashes.append(digest.hex()[:digits])
        line.length += len(piece.data)
        if piece.line_end is None:
            return False
        part.write(b'"' + piece.line_end, source=piece.line_end, offset=piece.offset + line.length)
        part.records += 1
        # The same message as the native crusher's, which checks the lines that fit in a block.
        message = (
            f"record size in bytes (max_record_bytes) is over its limit of {self._config.max_record_bytes}"
        )
        source, name = part.span.source.name, part.span.part
        self._add_failure(
            Failure("too_large", message, source, name, piece.offset, line.length, line.hashes), part
        )
        return True

    def _add_originals(self, originals: pa.RecordBatch) -> None:
        self._added += originals.num_rows
        self._waiting.append(originals)
        self._waiting_bytes += originals.nbytes
        if self._waiting_bytes >= _BUILDER_BYTES:
            self._build()

    def _build(self) -> None:
        if self._waiting:
            for pack in self._builder.add(pa.Table.from_batches(self._waiting)):
                self._put_pack(pack)
        self._waiting, self._waiting_bytes = [], 0

    def _put_pack(self, data: bytes) -> None:
        name = self._store.put_pack(data)
        sizes = [rows.column("size_bytes") for _, rows in read_pack(data, ["size_bytes"])]
        count, size_bytes = sum(map(len, sizes)), sum(pc.sum(column).as_py() for column in sizes)
        self._packs.append(StoredPack(name, count, size_bytes, len(data)))

    def _add_failure(self, failure: Failure, part: "_PartWriter") -> None:
        part.failures += 1
        self._failures[failure.kind] += 1
        if self._failures_writer is None:
            self._failures_writer = self._output.create(failures_name(self._shard.id))
            self._stack.callback(self._failures_writer.close)
        row = {**failure._asdict(), "hashes": list(failure.hashes)}
        self._failures_writer.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")

    def _explain_payloads(self, records: pa.RecordBatch, part: "_PartWriter", block_offset: int) -> None:
        if self._explanations_writer is None:
            self._explanations_writer = self._output.create(explanations_name(self._shard.id))
            self._stack.callback(self._explanations_writer.close)
        for record in records.select(["offset", "payloads"]).to_pylist():
            place = {"source": part.span.source.name, "offset": block_offset + record["offset"]}
            for payload in record["payloads"]:
                row = json.dumps({**place, **payload}, ensure_ascii=False, separators=(",", ":"))
                self._explanations_writer.write(row.encode() + b"\n")

    def publish(self) -> ShardResult:
        """Makes the packs durable, then publishes everything that names them."""
        self._build()
        for pack in self._builder.finish():
            self._put_pack(pack)
        if self._failures_writer is not None:
            self._failures_writer.commit()
        if self._explanations_writer is not None:
            self._explanations_writer.commit()
        packs = [pack.name for pack in self._packs]
        parts = [part.publish(packs) for part in self._parts]
        refused = self._builder.refused_count
        if refused:
            log.warning(
                "shard %s: %d originals weren't stored because they have been erased", self._shard.id, refused
            )
        result = ShardResult(
            shard=self._shard.number,
            parts=parts,
            packs=self._packs,
            totals=self._totals.rows(),
            failures=dict(sorted(self._failures.items())),
            duplicates=self._added - refused - sum(pack.originals for pack in self._packs),
            refused=refused,
            unproved=self._unproved,
        )
        return self._put_done(result)

    def _put_done(self, result: ShardResult) -> ShardResult:
        name = done_name(self._shard.id)
        stored = ShardResult.from_json(
            self._output.put_or_get(name, result.to_json()), f"{self._output.root}/{name}"
        )
        # Another worker may have finished the shard first. A library of another version may compress packs
        # to other bytes and names, but the parts must be equal.
        if [part._replace(packs=()) for part in stored.parts] != [
            part._replace(packs=()) for part in result.parts
        ]:
            raise StoreError(
                f"{self._output.root}/{name}: another worker has made other parts of the same shard"
            )
        return stored


class _LongLine:
    """A line that is too long and is being stored in pieces."""

    def __init__(self) -> None:
        self.hashes: list[str] = []
        self.length = 0


class _PartWriter:
    """A compacted part in progress, with the digest of the source bytes that it replaces."""

    def __init__(self, output: Objects, span: Span, *, in_memory: bool) -> None:
        self.span = span
        self.records = 0
        self.failures = 0
        self._file = FileWriter(output, span.part, in_memory=in_memory)
        self._start: int | None = None
        self._source_bytes = 0
        self._source_digest = hashlib.sha256()

    def write(self, compacted: bytes, *, source: bytes, offset: int) -> None:
        """Takes the next compacted bytes, with the source bytes that they replace and their offset."""
        if self._start is None:
            self._start = offset
        self._source_bytes += len(source)
        self._source_digest.update(source)
        self._file.write(compacted)

    def publish(self, packs: list[str]) -> CompactedPart:
        """Makes the part visible. Its packs must be durable already."""
        self._file.publish()
        # If no line starts in the range, the part is empty, and any position will do.
        start = self.span.start if self._start is None else self._start
        return CompactedPart(
            part=self.span.part,
            source=self.span.source.name,
            start=start,
            stop=start + self._source_bytes,
            source_digest=self._source_digest.hexdigest(),
            compacted_digest=self._file.digest,
            compacted_bytes=self._file.size_bytes,
            records=self.records,
            failures=self.failures,
            packs=packs,
        )

    def close(self) -> None:
        """Drops the part, unless it was published."""
        self._file.close()
