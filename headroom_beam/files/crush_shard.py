"""Crushes one shard, from its input to its published compacted parts.

The order of writes makes originals durable first. The store writes and verifies the packs, and reads them
back. Then come the lists of failures and explanations, then the parts, and last the done-record. A shard that
was interrupted is crushed again, with the same names and bytes.
"""

import hashlib
import io
import json
import logging
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from headroom_beam import _core
from headroom_beam.errors import FormatError, IntegrityError, StoreError
from headroom_beam.files.archives import ArchiveMember, Refused, TarCopy, ZipCopy
from headroom_beam.files.blocks import Block, Chunk, LinePiece, cut_blocks
from headroom_beam.files.codecs import FileWriter
from headroom_beam.files.content import MAX_OPENED, Content, Cut, cut_document
from headroom_beam.files.detect import detect_chunks
from headroom_beam.files.manifest import (
    CompactedPart,
    PartMember,
    ShardResult,
    StoredPack,
    Totals,
    done_name,
    explanations_name,
    failures_name,
)
from headroom_beam.files.parquet_files import ParquetCopy
from headroom_beam.files.plan import Run
from headroom_beam.files.shards import Shard, read_span
from headroom_beam.files.sources import Framing, LeftOut, Source, Span, check_version, read_chunks
from headroom_beam.objects.base import ObjectNotFound, Objects, ObjectWriter
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


class _SourceError(Exception):
    """A file of a folder can't be taken as it was planned."""

    def __init__(self, note: str, *, gone: bool = False) -> None:
        super().__init__(note)
        self.note = note
        self.gone = gone


_Item = TypeVar("_Item")


def _reading(source: Source, items: Iterable[_Item]) -> Iterator[_Item]:
    """Passes on what is read of a source, and tells its own errors from those of the output and the store."""
    try:
        yield from items
    except ObjectNotFound as error:
        if source.named:
            raise
        raise _SourceError("it is gone since the run was planned", gone=True) from error
    except IntegrityError as error:
        if source.named:
            raise
        raise _SourceError("it is damaged, so it is copied") from error


class _ShardWork:
    """A shard in progress.

    Only packs are visible before `publish`. Leaving the `with` block drops everything that isn't published.
    """

    def __init__(self, run: Run, shard: Shard, store: OriginalStore) -> None:
        self._shard = shard
        self._config = run.settings.config
        self._explain = run.settings.explain
        self._options = run.settings.options()
        self._row_options = run.settings.row_options()
        self._output = open_objects(run.settings.output)
        self._store = store
        self._builder = store.pack_builder(run_date=run.run_date)
        self._packs: list[StoredPack] = []
        self._added = 0
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_bytes = 0
        self._parts: list[_PartWriter] = []
        self._left_out: list[LeftOut] = []
        self._totals = Totals()
        self._failures: Counter[str] = Counter()
        self._unproved = 0
        self._stack = ExitStack()
        self._failure_rows = _Rows(self._output, failures_name(shard.id), self._stack)
        self._explanation_rows = _Rows(self._output, explanations_name(shard.id), self._stack)

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
        except _SourceError as error:
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
        part = _PartWriter(self._output, span, framing, notes, in_memory=len(self._shard.spans) > 1)
        self._stack.callback(part.close)
        if framing == "lines":
            items = read_span(span, max_record_bytes=self._config.max_record_bytes, notes=notes)
            self._crush_lines(_reading(source, items), part)
        elif framing in ("tar", "zip"):
            self._crush_archive(source, framing, part)
            check_version(source, notes)
        elif framing == "parquet":
            self._crush_rows(source, part)
            check_version(source, notes)
        else:
            self._crush_chunks(_reading(source, read_chunks(source)), framing, part, notes)
            check_version(source, notes)
        self._parts.append(part)

    def _crush_chunks(
        self, chunks: Iterable[Chunk], framing: Framing, content: Content, notes: list[str]
    ) -> None:
        if framing == "lines":
            self._crush_lines(cut_blocks(chunks, max_record_bytes=self._config.max_record_bytes), content)
        elif framing == "document":
            self._crush_cuts(cut_document(chunks, self._config, notes), content)
        else:
            for chunk in chunks:
                content.write(chunk.data, source=chunk.data, offset=chunk.offset)

    def _crush_lines(self, items: Iterable[Block | LinePiece], content: Content) -> None:
        line = _LongRecord()
        for item in items:
            if isinstance(item, Block):
                crushed = _core.crush_block(item.data, self._options, content.calls)
                self._take(crushed, item.data, item.offset, content)
                continue
            self._store_piece(item.data, item.offset, content, line)
            if item.line_end is not None:
                self._end_pieces(line, item.line_end, "too_large", self._too_large(), content)
                line = _LongRecord()

    def _crush_cuts(self, cuts: Iterable[Cut], content: Content) -> None:
        value = _LongRecord()
        for cut in cuts:
            if isinstance(cut, _core.CutBlock):
                crushed = _core.crush_elements(cut, self._options, content.calls)
                self._take(crushed, cut.data, cut.offset, content)
                continue
            if not value.hashes:
                value.offset = cut.offset
                if cut.rest:
                    content.tail = content.size_bytes
            self._store_piece(cut.data, value.offset, content, value)
            if cut.last:
                self._end_pieces(value, b"", cut.kind, self._why_in_pieces(cut), content)
                value = _LongRecord()

    def _crush_archive(self, source: Source, framing: Framing, part: "_PartWriter") -> None:
        """Crushes an archive member by member."""
        archive: TarCopy | ZipCopy
        if framing == "tar":
            archive = TarCopy(lambda: _reading(source, read_chunks(source)), part, self._keep)
        else:
            archive = ZipCopy(source, part, self._keep)
        for member in _reading(source, archive.members()):
            self._crush_member(source, member)
        archive.finish()
        part.take_archive(archive.described(), archive.kept)

    def _crush_member(self, source: Source, member: ArchiveMember) -> None:
        framing, chunks = detect_chunks(member.content.source, _reading(source, member.chunks))
        notes: list[str] = []
        self._crush_chunks(chunks, framing, member.content, notes)
        member.framing = framing
        member.note = "; ".join(notes)

    def _crush_rows(self, source: Source, part: "_PartWriter") -> None:
        """Crushes the texts in the columns of a Parquet file. Offsets are numbers of rows."""
        copy = ParquetCopy(source, part, self._keep)
        for batch in _reading(source, copy.batches()):
            crushed = copy.crush(batch, self._row_options, part.calls)
            self._take(crushed, None, batch.first, part)
        part.kept = copy.kept

    def _keep(self, data: bytes) -> str:
        """Puts bytes into the store as they are, and returns their hash."""
        digest = hashlib.sha256(data).digest()
        self._add_originals(
            original_batch([Original(digest.hex()[:24], digest, "raw", len(data), 0, data, "")])
        )
        return digest.hex()

    def _take(self, crushed: _core.CrushedBlock, source: bytes | None, offset: int, content: Content) -> None:
        """Takes a crushed block, and the bytes that it stands for; None for rows, written elsewhere."""
        self._add_originals(crushed.originals())
        if source is not None:
            content.opened.extend(content.size_bytes + at for at in crushed.opened())
            content.write(crushed.lines(), source=source, offset=offset)
        content.records += crushed.record_count
        self._unproved += crushed.unproved_count
        for row in crushed.totals().to_pylist():
            self._totals.add(row)
        if self._explain:
            self._explain_payloads(crushed.records(), content, offset)
        if crushed.failure_count:
            rows = failure_rows(
                crushed.failures(), source=content.source, part=content.part, block_offset=offset
            )
            for failure in rows:
                self._add_failure(failure, content)

    def _store_piece(self, data: bytes, offset: int, content: Content, record: "_LongRecord") -> None:
        """Puts one piece of a record away that is too long, or of a rest that is broken."""
        digest = self._keep(data)
        digits = self._config.hash_digits
        marker = _core.raw_marker(bytes.fromhex(digest), len(data), digits).encode()
        record.offset = offset
        content.write(marker if record.hashes else b'"' + marker, source=data, offset=offset + record.length)
        record.hashes.append(digest[:digits])
        record.length += len(data)

    def _end_pieces(
        self, record: "_LongRecord", line_end: bytes, kind: str, message: str, content: Content
    ) -> None:
        content.write(b'"' + line_end, source=line_end, offset=record.offset + record.length)
        content.records += 1
        place = (content.source, content.part, record.offset, record.length, record.hashes)
        self._add_failure(Failure(kind, message, *place), content)

    def _too_large(self) -> str:
        # The same message as the native crusher's, which checks the lines that fit in a block.
        return f"record size in bytes (max_record_bytes) is over its limit of {self._config.max_record_bytes}"

    def _why_in_pieces(self, piece: _core.CutPiece) -> str:
        if piece.kind == "too_large":
            return self._too_large()
        if piece.kind == "too_deep":
            limit = min(self._config.max_depth, MAX_OPENED)
            return f"more than {limit} values are nested, each too long to be a record"
        return f"{piece.problem}; the file is kept as it was from there on"

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

    def _explain_payloads(self, records: pa.RecordBatch, content: Content, block_offset: int) -> None:
        self._explanation_rows.write(b"")
        for record in records.select(["offset", "payloads"]).to_pylist():
            place = {"source": content.source, "offset": block_offset + record["offset"]}
            for payload in record["payloads"]:
                row = json.dumps({**place, **payload}, ensure_ascii=False, separators=(",", ":"))
                self._explanation_rows.write(row.encode() + b"\n")

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


class _LongRecord:
    """A record whose pieces are being put away."""

    def __init__(self) -> None:
        self.hashes: list[str] = []
        self.offset = 0
        self.length = 0


class _Rows:
    """An object of JSON Lines that is made when its first line is written."""

    def __init__(self, output: Objects, name: str, stack: ExitStack) -> None:
        self._make: Callable[[], ObjectWriter] = lambda: output.create(name)
        self._stack = stack
        self._writer: ObjectWriter | None = None
        self._held: tempfile.SpooledTemporaryFile[bytes] | None = None

    def hold(self) -> None:
        """Lets what is written from now on wait until it is settled."""
        self._held = tempfile.SpooledTemporaryFile(8 << 20)  # noqa: SIM115

    def settle(self, *, keep: bool) -> None:
        """Keeps or drops what has waited."""
        held, self._held = self._held, None
        if held is not None:
            with held:
                if keep and held.tell():
                    held.seek(0)
                    while data := held.read(io.DEFAULT_BUFFER_SIZE):
                        self.write(data)

    def write(self, data: bytes) -> None:
        """Takes the next bytes."""
        if self._held is not None:
            self._held.write(data)
            return
        if self._writer is None:
            self._writer = self._make()
            self._stack.callback(self._writer.close)
        self._writer.write(data)

    def commit(self) -> None:
        """Makes the object visible, if it has a line."""
        if self._writer is not None:
            self._writer.commit()


class _PartWriter(Content):
    """A compacted part on its way, with the digest of the source bytes that it stands for."""

    def __init__(
        self, output: Objects, span: Span, framing: Framing, notes: list[str], *, in_memory: bool
    ) -> None:
        super().__init__(span.source.name, span.part)
        self.span = span
        self._framing = framing
        self._notes = notes
        self._codec = "plain" if framing in ("copied", "zip", "parquet") else span.source.codec
        self._members: list[PartMember] = []
        self.kept: list[str] = []
        self._file = FileWriter(output, span.part, self._codec, in_memory=in_memory)

    def put(self, compacted: bytes) -> None:
        self._file.write(compacted)

    def take_archive(self, members: list[PartMember], kept: list[str]) -> None:
        """Takes what the members of an archive have come to, and the hashes of what it is put together of."""
        self._members = members
        self.kept = kept
        self.records = sum(member.records for member in members)
        self.failures = sum(member.failures for member in members)

    def publish(self, packs: list[str]) -> CompactedPart:
        """Makes the part visible. Its packs must be durable already."""
        self._file.publish()
        # If no line starts in the range, the part is empty, and any position will do.
        start = self.span.start if self.start is None else self.start
        return CompactedPart(
            part=self.span.part,
            source=self.span.source.name,
            start=start,
            stop=start + self.source_bytes,
            **self.described(),
            packs=packs,
            framing="elements" if self._framing == "document" and self.opened else self._framing,
            codec=self._codec,
            members=self._members,
            kept=self.kept,
            note="; ".join(self._notes),
        )

    def close(self) -> None:
        """Drops the part, unless it was published."""
        self._file.close()
