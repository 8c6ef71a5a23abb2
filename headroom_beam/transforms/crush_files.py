"""Files to files: `CrushFiles` and `RestoreFiles`.

The transforms only spread the work: a shard is crushed by `headroom_beam.files.crush_shard.crush_shard`, a file restored by
`headroom_beam.files.restore_file.restore_file`, and both write what they make. What moves between steps is small: shards, and what
became of them. No payload is shuffled.
"""

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.typehints.decorators import no_annotations

from headroom_beam.crush.smart_crusher import SmartCrusherConfig
from headroom_beam.crush.trace_formats import TraceFormat, resolve
from headroom_beam.files.crush_shard import crush_shard, finished_shard, read_failures
from headroom_beam.files.manifest import CompactedPart, ShardResult, StoredPack, Totals
from headroom_beam.files.plan import Run, RunSettings, start_run, verify_run
from headroom_beam.files.restore_file import RestoredFile, SourceParts, Unresolved, restore_file, source_parts
from headroom_beam.files.run import INDEX_SHARDS, finish_run, index_packs
from headroom_beam.files.shards import SHARD_BYTES, Shard
from headroom_beam.objects.open import open_objects
from headroom_beam.records import Failure, register_schemas
from headroom_beam.store.store import OriginalStore
from headroom_beam.transforms.crush_records import CrushResult
from headroom_beam.transforms.envelope import METRICS_NAMESPACE, typed

__all__ = ["CrushFiles", "RestoreFiles", "RestoreFilesResult"]

register_schemas()


class CrushFiles(beam.PTransform):
    """Crushes JSONL files into compacted files that mirror them, and keeps what it takes out of them in a store.

    Applied to a pipeline. Files end in `.jsonl`, `.jsonl.gz` or `.jsonl.zst`. The compacted files have the same paths,
    codecs, lines and order; a big file becomes several parts in order. Beside them stand `_run.json`, the plan;
    `_failures/`, JSONL lists of the records that couldn't be processed; `_summary.json`, the counts; and, written last,
    `_manifest.json`, which `RestoreFiles` follows. A run that was interrupted is finished by starting it again with the
    same arguments; shards that are done are skipped. An output that holds another run is refused.

    Gives a `CrushResult`:

    * `.compacted`: `CompactedPart` rows, one for each compacted file, given out when the whole run is complete;
    * `.originals`: `StoredPack` rows, one for each pack that the run has written, given out at the same time;
    * `.failures`: `Failure` rows, given out when their shard is durable.

    Args:
        inputs: a file, directory or pattern, or several; see `headroom_beam.files.shards.find_sources`.
        output: root of the compacted files, a local directory or `gs://bucket/prefix`.
        originals: root of the store.
        trace_format: where payloads are: a name (`json`, `openai`, `anthropic`), a path, paths, or a `TraceFormat`.
        config: how to crush; None for the defaults.
        shard_bytes: input bytes of a unit of work, about.
        run_date: the day that the originals are filed under, `2026-01-31`; None for that of the run's start, in UTC.
        explain: write what was decided for each payload, and why, to `_explanations/` below the output.

    Raises:
        ValueError: an argument is out of range, a root has another scheme, or the trace format is unknown.

    While running, a truncated compressed file, an input that changed, an output of another run and a store that can't
    be written fail the pipeline.

    >>> import pathlib, tempfile
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (root / "trace.jsonl").write_text('{"id": 1}')
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     crushed = pipeline | CrushFiles(str(root / "*.jsonl"), str(root / "out"), str(root / "originals"))
    ...     _ = crushed.compacted | beam.Map(lambda part: print(part.part, part.records))
    trace.jsonl 1
    """

    def __init__(
        self,
        inputs: str | Sequence[str],
        output: str,
        originals: str,
        *,
        trace_format: str | Sequence[str] | TraceFormat = "json",
        config: SmartCrusherConfig | None = None,
        shard_bytes: int = SHARD_BYTES,
        run_date: str | None = None,
        explain: bool = False,
    ) -> None:
        super().__init__()
        self._inputs = (inputs,) if isinstance(inputs, str) else tuple(inputs)
        if not self._inputs:
            raise ValueError("no input; name a file, a directory or a pattern such as 'logs/**/*.jsonl'")
        for pattern in self._inputs:
            open_objects(pattern)
        self._settings = RunSettings(
            output=output,
            originals=originals,
            trace_format=trace_format,
            config=config or SmartCrusherConfig(),
            shard_bytes=shard_bytes,
            run_date=None if run_date is None else dt.date.fromisoformat(run_date),
            explain=explain,
        )

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> CrushResult:
        """Plans, spreads the shards, crushes them, and completes the run when all are done."""
        crushed = (
            pipeline
            | "Start" >> beam.Create([self._inputs])
            | "Plan" >> beam.ParDo(_PlanRun(self._settings))
            | "Spread" >> beam.Reshuffle()
            | "Crush" >> beam.ParDo(_CrushShard()).with_outputs("failures", main="results")
        )
        finished = (
            crushed.results
            | "Group" >> beam.Map(lambda result: (result[1].shard // INDEX_SHARDS, result))
            | "CollectGroup" >> beam.GroupByKey()
            | "Index" >> beam.ParDo(_IndexPacks())
            | "All" >> beam.Map(lambda result: (None, result))
            | "CollectAll" >> beam.GroupByKey()
            | "Finish" >> beam.ParDo(_FinishRun()).with_outputs("originals", main="compacted")
        )
        return CrushResult(
            typed(finished.compacted, CompactedPart),
            typed(finished.originals, StoredPack),
            typed(crushed.failures, Failure),
        )

    def display_data(self) -> dict[str, Any]:
        """What a runner shows about this step."""
        return {
            "inputs": " ".join(self._inputs),
            "output": self._settings.output,
            "originals": self._settings.originals,
            "paths": " ".join(resolve(self._settings.trace_format)) or "$",
            "options": self._settings.options().fingerprint(),
            "shard_bytes": self._settings.shard_bytes,
        }


class _PlanRun(beam.DoFn):
    """Plans on a worker, not where the pipeline is built: the plan of a template is made when it runs."""

    def __init__(self, settings: RunSettings) -> None:
        self._settings = settings

    def process(self, element: Sequence[str]) -> Iterator[tuple[Run, Shard]]:
        run, shards = start_run(element, self._settings)
        for shard in shards:
            yield run, shard


class _CrushShard(beam.DoFn):
    def setup(self) -> None:
        self._run_id = ""
        self._counters = _Counters()

    def process(self, element: tuple[Run, Shard]) -> Iterator[Any]:
        run, shard = element
        if self._run_id != run.id:
            verify_run(run)
            self._store = OriginalStore.open(run.settings.originals)
            self._run_id = run.id
        start_s = time.monotonic()
        resumed = finished_shard(run, shard) is not None
        result = crush_shard(run, shard, self._store)
        self._counters.count(result, resumed=resumed, elapsed_s=time.monotonic() - start_s)
        for failure in read_failures(run, result):
            yield beam.pvalue.TaggedOutput("failures", failure)
        yield run, result


class _Counters:
    """The counters of `CrushRecords`, by the same names, and what there is to count about shards and packs."""

    def __init__(self) -> None:
        self._counters: dict[str, Any] = {}

    def count(self, result: ShardResult, *, resumed: bool, elapsed_s: float) -> None:
        totals = Totals(result.totals)
        source_bytes = sum(part.stop - part.start for part in result.parts)
        self._add("records", sum(part.records for part in result.parts))
        self._add("failures", sum(result.failures.values()))
        for kind, count in result.failures.items():
            self._add(f"failures_{kind}", count)
        self._add("bytes_before", source_bytes)
        self._add("bytes_after", sum(part.compacted_bytes for part in result.parts))
        self._add("tokens_before", totals.sum("tokens_before"))
        self._add("tokens_after", totals.sum("tokens_after"))
        self._add("rows_dropped", totals.sum("rows_total") - totals.sum("rows_kept"))
        self._add("originals", sum(pack.originals for pack in result.packs))
        self._add("originals_bytes", sum(pack.original_bytes for pack in result.packs))
        self._add("duplicates", result.duplicates)
        self._add("unproved", result.unproved)
        self._add("packs", len(result.packs))
        self._add("shards_resumed" if resumed else "shards_crushed", 1)
        Metrics.distribution(METRICS_NAMESPACE, "shard_bytes").update(source_bytes)
        if not resumed:
            Metrics.distribution(METRICS_NAMESPACE, "shard_ms").update(round(elapsed_s * 1000))
        for pack in result.packs:
            Metrics.distribution(METRICS_NAMESPACE, "pack_bytes").update(pack.pack_bytes)

    def _add(self, name: str, value: int) -> None:
        if name not in self._counters:
            self._counters[name] = Metrics.counter(METRICS_NAMESPACE, name)
        self._counters[name].inc(value)


class _IndexPacks(beam.DoFn):
    def process(self, element: tuple[int, Iterable[tuple[Run, ShardResult]]]) -> Iterator[tuple[Run, ShardResult]]:
        results = list(element[1])
        settings = results[0][0].settings
        index_packs((result for _, result in results), OriginalStore.open(settings.originals))
        yield from results


class _FinishRun(beam.DoFn):
    def process(self, element: tuple[None, Iterable[tuple[Run, ShardResult]]]) -> Iterator[Any]:
        results = list(element[1])
        run = results[0][0]
        manifest = finish_run(run, [result for _, result in results])
        packs = {pack.name: pack for _, result in results for pack in result.packs}
        for name in sorted(packs):
            yield beam.pvalue.TaggedOutput("originals", packs[name])
        yield from manifest.parts


class RestoreFilesResult(NamedTuple):
    """What `RestoreFiles` gives."""

    restored: beam.PCollection
    """`RestoredFile` rows: files that are durable and whose bytes have the digests of the run's input."""
    unresolved: beam.PCollection
    """`Unresolved` rows: lines that can't be restored; their files aren't written."""


class RestoreFiles(beam.PTransform):
    """Restores the files that a run of `CrushFiles` has crushed, byte for byte.

    Applied to a pipeline; follows the run's manifest, one input file at a time. The restored files have the relative
    paths and codecs of the input. For compressed files the decompressed bytes are the same.

    Gives a `RestoreFilesResult`.

    Args:
        compacted: root of the run's output.
        originals: root of the store.
        output: root of the restored files, a local directory or `gs://bucket/prefix`.

    Raises:
        ValueError: a root has another scheme.

    While running, an incomplete run and bytes that aren't what their digest says fail the pipeline.
    """

    def __init__(self, compacted: str, originals: str, output: str) -> None:
        super().__init__()
        self._compacted, self._originals, self._output = (
            open_objects(root).root for root in (compacted, originals, output)
        )
        if self._output == self._compacted:
            raise ValueError(f"compacted and output are both {output!r}; give the restored files a root of their own")

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> RestoreFilesResult:
        """Reads the manifest, spreads the files and restores them."""
        outputs = (
            pipeline
            | "Start" >> beam.Create([self._compacted])
            | "Files" >> beam.FlatMap(source_parts)
            | "Spread" >> beam.Reshuffle()
            | "Restore"
            >> beam.ParDo(_RestoreFile(self._compacted, self._originals, self._output)).with_outputs(
                "unresolved", main="restored"
            )
        )
        return RestoreFilesResult(typed(outputs.restored, RestoredFile), typed(outputs.unresolved, Unresolved))

    def display_data(self) -> dict[str, Any]:
        """What a runner shows about this step."""
        return {"compacted": self._compacted, "originals": self._originals, "output": self._output}


class _RestoreFile(beam.DoFn):
    def __init__(self, compacted: str, originals: str, output: str) -> None:
        self._compacted = compacted
        self._originals = originals
        self._output = output

    def setup(self) -> None:
        self._store = OriginalStore.open(self._originals, create=False)

    def process(self, element: SourceParts) -> Iterator[Any]:
        result = restore_file(element, self._compacted, self._store, self._output)
        if isinstance(result, RestoredFile):
            Metrics.counter(METRICS_NAMESPACE, "restored_files").inc()
            Metrics.counter(METRICS_NAMESPACE, "restored_bytes").inc(result.size_bytes)
            yield result
            return
        Metrics.counter(METRICS_NAMESPACE, "unresolved_lines").inc(len({(row.part, row.offset) for row in result}))
        for row in result:
            yield beam.pvalue.TaggedOutput("unresolved", row)
