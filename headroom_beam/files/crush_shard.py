"""Crushes one shard, from its input to its published compacted parts.

The order of writes makes originals durable first. The store writes and verifies the packs, and reads them
back. Then come the lists of failures and explanations, then the parts, and last the done-record. A shard that
was interrupted is crushed again, with the same names and bytes.
"""

import functools
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from types import TracebackType

import pyarrow as pa
import pyarrow.compute as pc

from headroom_beam import _core
from headroom_beam.crush.explanations import explanations
from headroom_beam.errors import InvalidPayload, LimitExceeded
from headroom_beam.files.archives import ArchiveMember, TarCopy, ZipCopy
from headroom_beam.files.blocks import Block
from headroom_beam.files.content import Content
from headroom_beam.files.detect import detect_chunks
from headroom_beam.files.file_budget import budget_note, measure_file, rereadable
from headroom_beam.files.manifest import (
    ShardResult,
    StoredPack,
    Totals,
    explanations_name,
    failures_name,
)
from headroom_beam.files.members import Refused
from headroom_beam.files.parquet_files import ParquetCopy
from headroom_beam.files.part_writer import PartWriter
from headroom_beam.files.plan import Run
from headroom_beam.files.reading import (
    Item,
    RecordPiece,
    SourceError,
    TextResult,
    read_items,
    read_source,
    reading,
)
from headroom_beam.files.recognition import RecognitionCounter
from headroom_beam.files.rows_writer import RowsWriter
from headroom_beam.files.shard_results import finished_shard, put_result
from headroom_beam.files.shards import Shard
from headroom_beam.files.sources import Framing, LeftOut, Source, Span, check_version, read_chunks
from headroom_beam.objects.open import open_objects
from headroom_beam.records import Failure, Original, failure_rows, original_batch
from headroom_beam.store.pack import read_pack
from headroom_beam.store.store import OriginalStore

__all__ = ["crush_shard"]

log = logging.getLogger(__name__)

# Bytes of originals that the pack builder gets in one call, since a call costs as much as a thousand rows.
_BUILDER_BYTES = 4 << 20


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


class _ShardWork:
    """A shard in progress.

    Only packs are visible before `publish`. Leaving the `with` block drops everything that isn't published.
    """

    def __init__(self, run: Run, shard: Shard, store: OriginalStore) -> None:
        self._shard = shard
        self._config = run.settings.config
        self._explains = run.settings.explain
        self._pad_lines = run.settings.pad_lines
        self._max_file_tokens = run.settings.max_file_tokens
        self._options = run.settings.options()
        self._row_options = run.settings.row_options()
        self._output = open_objects(run.settings.output)
        self._store = store
        self._builder = store.pack_builder(run_date=run.run_date)
        self._packs: list[StoredPack] = []
        self._added = 0
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_bytes = 0
        self._parts: list[PartWriter] = []
        self._left_out: list[LeftOut] = []
        self._totals = Totals()
        self._failures: Counter[str] = Counter()
        self._recognition = RecognitionCounter(run.settings.formats, self._config.max_depth)
        self._unproved = 0
        self._stack = ExitStack()
        self._failure_rows = RowsWriter(self._output, failures_name(shard.id), self._stack)
        self._explanation_rows = RowsWriter(self._output, explanations_name(shard.id), self._stack)

    def __enter__(self) -> "_ShardWork":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def crush_span(self, span: Span) -> None:
        """Crushes a file, or the lines of a range, into its part."""
        source = span.source
        notes = [source.note] if source.note else []
        may_fail = source.framing in ("tar", "zip", "parquet") or (
            source.codec != "plain" and not source.named
        )
        try:
            (self._crush_or_undo if may_fail else self._crush_source)(span, source.framing, notes)
        except Refused as error:
            self._copy(span, [*notes, error.note])
        except SourceError as error:
            if error.gone:
                self._left_out.append(LeftOut(source.name, error.note))
            else:
                self._copy(span, [*notes, error.note])

    def _copy(self, span: Span, notes: list[str]) -> None:
        source = span.source._replace(framing="copied", compression="plain")
        self._crush_source(span._replace(source=source), "copied", notes)

    def _crush_or_undo(self, span: Span, framing: Framing, notes: list[str]) -> None:
        """Crushes a file that may turn out to be damaged, and then leaves nothing of it but originals."""
        totals, failures, unproved = Totals(self._totals.rows()), self._failures.copy(), self._unproved
        parts = len(self._parts)
        self._failure_rows.hold()
        self._explanation_rows.hold()
        kept = False
        try:
            self._crush_source(span, framing, notes)
            kept = True
        finally:
            self._failure_rows.settle(keep=kept)
            self._explanation_rows.settle(keep=kept)
            if not kept:
                self._totals, self._failures, self._unproved = totals, failures, unproved
                del self._parts[parts:]

    def _crush_source(self, span: Span, framing: Framing, notes: list[str]) -> None:
        source = span.source
        # A shard may have many small files, so their parts wait in memory instead of in open files. The part
        # of a single file may be too large for that.
        part = PartWriter(self._output, span, framing, notes, in_memory=len(self._shard.spans) > 1)
        self._stack.callback(part.close)
        part.padded = framing == "lines" and self._pad_lines
        if framing in ("tar", "zip"):
            self._crush_archive(source, framing, part)
            check_version(source, notes)
        elif framing == "parquet":
            self._crush_rows(source, part)
            check_version(source, notes)
        else:
            self._measure(lambda: read_source(span, self._config, []), framing, part, notes)
            self._crush_items(read_source(span, self._config, notes), part)
        self._parts.append(part)

    def _measure(
        self, read: Callable[[], Iterable[Item]], framing: Framing, content: Content, notes: list[str]
    ) -> None:
        """Shares the budget of a file, if it has one, out among its payloads."""
        if self._max_file_tokens and framing in ("lines", "document"):
            content.budget = measure_file(read, self._options, self._max_file_tokens)
            notes += filter(None, [budget_note(content.budget)])

    def _crush_items(self, items: Iterable[Item], content: Content) -> None:
        record: _LongRecord | None = None
        for item in items:
            if isinstance(item, Block):
                self._take(functools.partial(_core.crush_block, item.data), item, content)
            elif isinstance(item, _core.CutBlock):
                self._take(functools.partial(_core.crush_elements, item), item, content)
            elif isinstance(item, TextResult):
                self._crush_text(item, content)
            elif isinstance(item, RecordPiece):
                if record is None:
                    record = _LongRecord(item.offset)
                    content.tail = content.size_bytes if item.is_rest else None
                self._store_piece(item.data, content, record)
                if item.end is not None:
                    self._end_pieces(record, item.end, item.kind, item.message, content)
                    record = None
            else:
                content.write(item.data, source=item.data, offset=item.offset)

    def _crush_text(self, text: TextResult, content: Content) -> None:
        """Crushes a file that is the text of one result."""
        try:
            self._take(lambda options, *_: _core.crush_text_file(text.data, options), text, content)
        except (InvalidPayload, LimitExceeded) as error:
            raise Refused(f"it is a result of a tool, but {error}; it is copied") from None

    def _crush_archive(self, source: Source, framing: Framing, part: PartWriter) -> None:
        """Crushes an archive member by member."""
        archive: TarCopy | ZipCopy
        if framing == "tar":
            archive = TarCopy(lambda: reading(source, read_chunks(source)), part, self._keep)
        else:
            archive = ZipCopy(source, part, self._keep)
        for member in reading(source, archive.members()):
            self._crush_member(source, member)
        archive.finish()
        part.take_archive(archive.described(), archive.kept)

    def _crush_member(self, source: Source, member: ArchiveMember) -> None:
        framing, chunks = detect_chunks(member.content.source, reading(source, member.chunks))
        notes: list[str] = []
        read = rereadable(chunks) if self._max_file_tokens else lambda: chunks
        self._measure(lambda: read_items(read(), framing, self._config, []), framing, member.content, notes)
        self._crush_items(read_items(read(), framing, self._config, notes), member.content)
        member.framing = framing
        member.note = "; ".join(notes)

    def _crush_rows(self, source: Source, part: PartWriter) -> None:
        """Crushes the texts in the columns of a Parquet file. Offsets are numbers of rows."""
        copy = ParquetCopy(source, part, self._keep)
        for batch in reading(source, copy.batches()):
            crushed = copy.crush(batch, self._row_options, part.calls)
            again = functools.partial(_crush_as_lines, batch.rows)
            self._note(crushed, part, batch.first, again, batch.rows.nbytes)
        part.kept = copy.kept

    def _keep(self, data: bytes) -> str:
        """Puts bytes into the store as they are, and returns their hash."""
        digest = hashlib.sha256(data).digest()
        self._add_originals(
            original_batch([Original(digest.hex()[:24], digest, "raw", len(data), 0, data, "")])
        )
        return digest.hex()

    def _take(
        self,
        crush: Callable[..., _core.CrushedBlock],
        block: Block | _core.CutBlock | TextResult,
        content: Content,
    ) -> None:
        crushed = crush(self._options, content.calls, content.budget)
        content.opened.extend(content.size_bytes + at for at in crushed.opened())
        content.write(crushed.lines(padded=content.padded), source=block.data, offset=block.offset)
        self._note(crushed, content, block.offset, crush, len(block.data))

    def _note(
        self,
        crushed: _core.CrushedBlock,
        content: Content,
        offset: int,
        crush: Callable[..., _core.CrushedBlock],
        size_bytes: int,
    ) -> None:
        """Stores the originals of a block, and counts what it came to. `crush` crushes it again."""
        self._add_originals(crushed.originals())
        content.records += crushed.record_count
        self._unproved += crushed.unproved_count
        totals = crushed.totals().to_pylist()
        for row in totals:
            self._totals.add(row)
        payloads = sum(row["payloads"] for row in totals)
        self._recognition.add(content.recognition, crushed, payloads, crush, size_bytes)
        if self._explains:
            self._explain(crushed, content, offset)
        if crushed.failure_count:
            rows = failure_rows(
                crushed.failures(), source=content.source, part=content.part, block_offset=offset
            )
            for failure in rows:
                self._add_failure(failure, content)

    def _store_piece(self, data: bytes, content: Content, record: "_LongRecord") -> None:
        """Puts one piece of a record away that is too long, or of a rest that is broken."""
        digest = self._keep(data)
        digits = self._config.hash_digits
        marker = _core.raw_marker(bytes.fromhex(digest), len(data), digits).encode()
        if not record.hashes:
            record.start = content.size_bytes
            marker = b'"' + marker
        content.write(marker, source=data, offset=record.offset + record.length)
        record.hashes.append(digest[:digits])
        record.length += len(data)

    def _end_pieces(
        self, record: "_LongRecord", line_end: bytes, kind: str, message: str, content: Content
    ) -> None:
        closing = b'"'
        if content.padded:
            closing = closing.ljust(record.length - (content.size_bytes - record.start))
        content.write(closing + line_end, source=line_end, offset=record.offset + record.length)
        content.records += 1
        place = (content.source, content.part, record.offset, record.length, record.hashes)
        self._add_failure(Failure(kind, message, *place), content)

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

    def _add_failure(self, failure: Failure, content: Content) -> None:
        content.failures += 1
        self._failures[failure.kind] += 1
        row = {**failure._asdict(), "hashes": list(failure.hashes)}
        self._failure_rows.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")

    def _explain(self, crushed: _core.CrushedBlock, content: Content, block_offset: int) -> None:
        self._explanation_rows.write(b"")
        for row in explanations(crushed, self._recognition.path_formats):
            place = {"source": content.source, "offset": block_offset + row.pop("offset")}
            line = json.dumps({**place, **row}, ensure_ascii=False, separators=(",", ":"))
            self._explanation_rows.write(line.encode() + b"\n")

    def publish(self) -> ShardResult:
        """Makes the packs durable, then publishes everything that names them."""
        self._build()
        for pack in self._builder.finish():
            self._put_pack(pack)
        self._failure_rows.commit()
        self._explanation_rows.commit()
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
            left_out=[list(row) for row in self._left_out],
        )
        return put_result(self._output, self._shard, result)


def _crush_as_lines(rows: pa.RecordBatch, options: _core.Options) -> _core.CrushedBlock:
    """Crushes the rows of a table as JSON Lines, which prints them first; few batches need it."""
    return _core.crush_block(_core.row_lines(rows), options)


class _LongRecord:
    """A record whose pieces are being put away."""

    def __init__(self, offset: int) -> None:
        self.hashes: list[str] = []
        self.offset = offset
        self.length = 0
        self.start = 0
        """Where its markers begin in the compacted bytes."""
