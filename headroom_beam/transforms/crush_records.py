"""`CrushRecords` crushes a PCollection of records.

Beam spends several microseconds on each record. For files, `CrushFiles` avoids that. `crush_batch` does all
the work on records. This module decides which records form a batch, and when the batch is emitted.

A batch is the unit of durability. Its originals become a pack, and the pack is written and verified. Only
then does the same step emit the compacted records. If a bundle fails before that, the runner repeats it. The
repeat writes the same pack, or another pack with the same originals. Both do no harm, since packs are named
by content.
"""

import datetime as dt
import functools
import time
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam import coders
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms import userstate
from apache_beam.transforms.window import GlobalWindow, GlobalWindows
from apache_beam.typehints import typehints
from apache_beam.typehints.decorators import no_annotations
from apache_beam.utils.timestamp import Timestamp

from headroom_beam import _core
from headroom_beam.crush.batch import CrushedBatch, crush_batch
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.trace_formats import AUTO, TraceFormat, resolve
from headroom_beam.objects.open import open_objects
from headroom_beam.records import Compacted, Failure, Original, original_rows
from headroom_beam.transforms.bundles import BundleDoFn
from headroom_beam.transforms.crush_result import CrushResult
from headroom_beam.transforms.envelope import Envelope, Place, close_envelope, open_envelope, row_type, typed
from headroom_beam.transforms.metrics import count, observe
from headroom_beam.transforms.payload_watch import shared_watch
from headroom_beam.transforms.schemas import register_schemas
from headroom_beam.transforms.shared_store import SharedStore

__all__ = ["CrushRecords"]

register_schemas()

_RECORD_OVERHEAD_BYTES = 128
"""Memory that a record takes beside its text. Batches count it, so that tiny records are bounded as well."""


class _Collected(NamedTuple):
    """A record that waits for its batch, with the envelope and place that its row needs."""

    envelope: Envelope
    record: bytes
    place: Place

    def answer(self, row: Compacted | Failure) -> Any:
        return self.place.put(close_envelope(self.envelope, row))


class _CrushStep:
    """Crushes a batch and makes its originals durable. Only then does it return the rows to emit."""

    def __init__(
        self,
        make_options: Callable[[], _core.Options],
        originals: str | None,
        run_date: dt.date | None,
        source: str,
    ) -> None:
        # Native options can't be pickled, so workers get a function that makes them.
        self._make_options = make_options
        self._store = None if originals is None else SharedStore(originals, create=True)
        self._run_date = run_date
        self._source = source

    def setup(self) -> None:
        self._options = self._make_options()
        self._watch = shared_watch(self._source, self._options.fingerprint())

    def run(self, collected: Sequence[_Collected]) -> list[Any]:
        """Returns the windowed and tagged rows of a batch. With a store, their originals are durable."""
        batch = crush_batch([one.record for one in collected], self._options, source=self._source)
        if self._store is not None:
            run_date = self._run_date or dt.datetime.now(dt.timezone.utc).date()
            count("packs", len(self._store.open().put_many(batch.originals, run_date=run_date)))
        originals = {row.digest: row for part in batch.originals for row in original_rows(part)}
        self._count(batch, originals.values())
        rows: list[Any] = [collected[at].answer(row) for at, row in batch.compacted]
        rows += [TaggedOutput("failures", collected[at].answer(row)) for at, row in batch.failures]
        # An original may belong to several records of the batch. It gets the place of the first.
        first = batch.first_positions()
        rows += [
            TaggedOutput("originals", collected[first[row.hash]].place.put(row)) for row in originals.values()
        ]
        return rows

    def _count(self, batch: CrushedBatch, originals: Collection[Original]) -> None:
        rows = [row for _, row in batch.compacted]
        count("records", len(rows) + len(batch.failures))
        count("failures", len(batch.failures))
        payloads = sum(len(row.payloads) for row in rows)
        count("payloads", payloads)
        count("unrecognised", batch.unrecognised)
        count("likely", batch.likely)
        for kind, failures in Counter(row.kind for _, row in batch.failures).items():
            count(f"failures_{kind}", failures)
        for name in ("bytes_before", "bytes_after", "tokens_before", "tokens_after"):
            count(name, sum(getattr(row, name) for row in rows))
        count(
            "rows_dropped",
            sum(payload.rows_total - payload.rows_kept for row in rows for payload in row.payloads),
        )
        count("originals", len(originals))
        count("originals_bytes", sum(row.size_bytes for row in originals))
        count("duplicates", sum(part.num_rows for part in batch.originals) - len(originals))
        count("unproved", batch.unproved)
        records = len(rows) + len(batch.failures)
        observe("batch_records", records)
        self._watch.add(records, payloads=payloads, failures=len(batch.failures), likely=batch.likely)


class _CrushBatches(BundleDoFn):
    """Crushes batches within a bundle, unshuffled. Each row keeps its record's window and timestamp."""

    def __init__(self, step: _CrushStep, batch_bytes: int) -> None:
        super().__init__(batch_bytes=batch_bytes)
        self._step = step

    def setup(self) -> None:
        self._step.setup()

    def collect(self, element: Any, place: Place) -> tuple[_Collected, int]:
        envelope, record = open_envelope(element)
        return _Collected(envelope, record, place), len(record) + _RECORD_OVERHEAD_BYTES

    def flush(self, batch: Sequence[_Collected]) -> list[Any]:
        return self._step.run(batch)


class _CrushCollected(beam.DoFn):
    """Crushes batches across bundles. Records wait in keyed state of the global window, where none is late.

    The runner checkpoints the state together with the progress of the source. So a message that the source
    has acknowledged is either in the state or in the output.
    """

    # (envelope, record, timestamp in microseconds).
    RECORDS = userstate.BagStateSpec("records", coders.FastPrimitivesCoder())
    # (bytes collected, due time in seconds since the epoch, oldest timestamp in microseconds).
    WAITING = userstate.ReadModifyWriteStateSpec("waiting", coders.FastPrimitivesCoder())
    DUE = userstate.TimerSpec("due", userstate.TimeDomain.REAL_TIME)
    # Fires when the pipeline is drained, or when an unbounded input ends after all.
    END = userstate.TimerSpec("end", userstate.TimeDomain.WATERMARK)

    def __init__(self, step: _CrushStep, batch_bytes: int, max_latency_s: float) -> None:
        self._step = step
        self._batch_bytes = batch_bytes
        self._max_latency_s = max_latency_s

    def setup(self) -> None:
        self._step.setup()

    def process(
        self,
        element: tuple[int, Any],
        timestamp: Any = beam.DoFn.TimestampParam,
        records: Any = beam.DoFn.StateParam(RECORDS),
        waiting: Any = beam.DoFn.StateParam(WAITING),
        due: Any = beam.DoFn.TimerParam(DUE),
        end: Any = beam.DoFn.TimerParam(END),
    ) -> list[Any] | None:
        envelope, record = open_envelope(element[1])
        timestamp_us = timestamp.micros
        size_bytes, due_s, oldest_us = waiting.read() or (0, time.time() + self._max_latency_s, None)
        # A timer holds the output watermark at the timestamp of the element that set it, so an older element
        # sets it again. Rows keep the timestamps of their records, and so are never late in later steps.
        if oldest_us is None or timestamp_us < oldest_us:
            oldest_us = timestamp_us
            due.set(due_s)
            end.set(GlobalWindow().max_timestamp())
        size_bytes += len(record) + _RECORD_OVERHEAD_BYTES
        records.add((envelope, record, timestamp_us))
        waiting.write((size_bytes, due_s, oldest_us))
        if size_bytes < self._batch_bytes:
            return None
        due.clear()
        return self._flush(records, waiting)

    @userstate.on_timer(DUE)
    def when_due(
        self, records: Any = beam.DoFn.StateParam(RECORDS), waiting: Any = beam.DoFn.StateParam(WAITING)
    ) -> list[Any]:
        return self._flush(records, waiting)

    @userstate.on_timer(END)
    def at_end(
        self, records: Any = beam.DoFn.StateParam(RECORDS), waiting: Any = beam.DoFn.StateParam(WAITING)
    ) -> list[Any]:
        return self._flush(records, waiting)

    def _flush(self, records: Any, waiting: Any) -> list[Any]:
        collected = [
            _Collected(envelope, record, Place(Timestamp(micros=timestamp_us), (GlobalWindow(),)))
            for envelope, record, timestamp_us in records.read()
        ]
        rows = self._step.run(collected) if collected else []
        records.clear()
        waiting.clear()
        return rows


def _shard(element: Any, shards: int) -> tuple[int, Any]:
    # The key depends on the content, so that a retried bundle collects the same records under the same key.
    return zlib.crc32(open_envelope(element)[1]) % shards, element


class CrushRecords(beam.PTransform):
    """Crushes records, batch by batch, and keeps the originals of what it leaves out.

    The input is a PCollection of `bytes` or `str`, of `(key, bytes | str)`, or of `PubsubMessage`. Keys pass
    through: the rows of keyed records are `(key, row)`. So do Pub/Sub messages: their rows are `(message,
    row)`, where the message has its attributes, id, publish time and ordering key, and no data.

    Every record comes out as one `Compacted` row or as one `Failure` row. A failed record's bytes are among
    the originals. A store that can't be written fails the bundle. Records in which nothing is recognised come
    out as they were and are counted. A thousand records in a row without a payload log a warning.

    With `originals`, a batch's originals are written to that store and verified before its rows are emitted.
    So the markers of an emitted record resolve. Without it, the caller stores `.originals`. A reader
    may then see a compacted record before `WriteOriginals` has made its originals durable.

    Bounded input is batched within bundles and keeps windows and timestamps. So is unbounded input without a
    store. Unbounded input with a store is collected in keyed state of the global window, by bytes and by
    time. So packs don't become tiny, and no record is late. Its rows are in the global window and have the
    timestamps of their records. If the runner repeats a bundle, its rows may come again.

    The result is a `CrushResult` with `Compacted`, `Original` and `Failure` rows.

    Args:
        originals: root of the store, a local directory or `gs://bucket/prefix`; None to get originals from
            `.originals` alone.
        trace_format: where payloads are: `auto` (all known formats, and results known by their shape), `json`
            (the whole record), the name of a format, a path, a file of formats (`.toml`), several of these,
            or a `TraceFormat`.
        config: the options of crushing; None for the defaults.
        run_date: date stored with each original; None for the day (UTC) on which its batch is crushed.
        source: value of each row's `source`, for example the name of the topic.
        batch_bytes: bytes of input that are collected for a batch. They bound memory and the size of a pack.
        max_latency_s: seconds that a record of unbounded input may wait for its batch.
        shards: number of keys under which unbounded input is collected. It is the number of batches that fill
            at the same time: more shards use more workers, and make more and smaller packs.

    Raises:
        ValueError: an argument is out of range, or the trace format is unknown.

    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     crushed = pipeline | beam.Create([("session-1", '{"id": 1}')]) | CrushRecords()
    ...     _ = crushed.compacted | beam.MapTuple(lambda key, row: print(key, row.record.decode()))
    session-1 {"id": 1}
    """

    def __init__(
        self,
        *,
        originals: str | None = None,
        trace_format: str | Sequence[str] | TraceFormat = AUTO,
        config: SmartCrusherConfig | None = None,
        run_date: dt.date | None = None,
        source: str = "",
        batch_bytes: int = 16 << 20,
        max_latency_s: float = 10.0,
        shards: int = 4,
    ) -> None:
        super().__init__()
        for name, value in (
            ("batch_bytes", batch_bytes),
            ("max_latency_s", max_latency_s),
            ("shards", shards),
        ):
            if value <= 0:
                raise ValueError(f"{name} is {value}; it must be greater than 0")
        if originals is not None:
            open_objects(originals)
        self._make_options = functools.partial(
            options_for,
            config or SmartCrusherConfig(),
            TraceFormat("paths", resolve(trace_format)),
        )
        self._fingerprint = self._make_options().fingerprint()
        self._originals = originals
        self._run_date = run_date
        self._source = source
        self._batch_bytes = batch_bytes
        self._max_latency_s = max_latency_s
        self._shards = shards

    @no_annotations
    def expand(self, records: beam.PCollection) -> CrushResult:
        """Crushes the records."""
        step = _CrushStep(self._make_options, self._originals, self._run_date, self._source)
        element_type = records.element_type
        if records.is_bounded or self._originals is None:
            crush = beam.ParDo(_CrushBatches(step, self._batch_bytes))
        else:
            records = (
                records
                | "GlobalWindow" >> beam.WindowInto(GlobalWindows())
                | "Shard"
                >> beam.Map(_shard, shards=self._shards).with_output_types(typehints.KV[int, element_type])
            )
            crush = beam.ParDo(_CrushCollected(step, self._batch_bytes, self._max_latency_s))
        outputs = records | "Crush" >> crush.with_outputs("originals", "failures", main="compacted")
        return CrushResult(
            typed(outputs.compacted, row_type(element_type, Compacted)),
            typed(outputs.originals, Original),
            typed(outputs.failures, row_type(element_type, Failure)),
        )

    def display_data(self) -> dict[str, Any]:
        """Returns what a runner shows about this step."""
        return {
            "originals": self._originals or "(not stored)",
            "options": self._fingerprint,
            "source": self._source,
            "batch_bytes": self._batch_bytes,
            "max_latency_s": self._max_latency_s,
            "shards": self._shards,
        }
