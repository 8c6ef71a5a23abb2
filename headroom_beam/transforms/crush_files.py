"""`CrushFiles` crushes files into compacted files and a store.

The transform only distributes the work: `crush_shard` crushes a shard and writes its parts. Only shards and
their results move between steps. No payload is shuffled.
"""

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.crush.trace_formats import AUTO, TraceFormat, resolve
from headroom_beam.files.crush_shard import crush_shard
from headroom_beam.files.manifest import CompactedPart, ShardResult, StoredPack, Totals
from headroom_beam.files.plan import Run, RunSettings, start_run, verify_run
from headroom_beam.files.run import INDEX_SHARDS, finish_run, index_packs
from headroom_beam.files.shard_results import finished_shard, read_failures
from headroom_beam.files.shards import SHARD_BYTES, Shard
from headroom_beam.objects.open import open_objects
from headroom_beam.records import Failure
from headroom_beam.store.store import OriginalStore
from headroom_beam.transforms.crush_result import CrushResult
from headroom_beam.transforms.envelope import typed
from headroom_beam.transforms.metrics import count, observe
from headroom_beam.transforms.schemas import register_schemas

__all__ = ["CrushFiles"]

register_schemas()


class CrushFiles(beam.PTransform):
    """Crushes files into compacted files, and keeps in a store what it leaves out.

    Apply it to a pipeline. Input files hold JSON Lines or JSON of any layout, plain or compressed, by
    themselves or in tar and zip archives, or are Parquet; other files are copied. `docs/operations.md`, "What
    goes in", has the rules. A compacted file has the path and codec of its input, and its records in the same
    order. A big file of lines becomes several parts.
    The output also has:

    * `_run.json`: the plan;
    * `_shards/`: the result of each finished shard;
    * `_failures/`: the records that couldn't be processed, as JSONL;
    * `_summary.json`: the counts;
    * `_manifest.json`: the list of the parts, which is written last. `RestoreFiles` follows it.

    Records in which nothing is recognised are copied, and counted in the summary. A run without payloads is
    no error here, only on the command line: `headroom_beam.files.payload_check.check_summary` tells.

    To finish an interrupted run, start it again with the same arguments. Finished shards are skipped. An
    output that holds another run is refused.

    The result is a `CrushResult`:

    * `.compacted`: a `CompactedPart` row for each compacted file, emitted when the whole run is complete;
    * `.originals`: a `StoredPack` row for each pack that the run has written, emitted at the same time;
    * `.failures`: `Failure` rows, emitted when their shard is durable.

    Args:
        inputs: one or several files, directories and patterns; see `headroom_beam.files.shards.find_sources`.
        output: root of the compacted files, a local directory or `gs://bucket/prefix`.
        originals: root of the store.
        trace_format: where payloads are: `auto` (all known formats, and results known by their shape), `json`
            (the whole record), the name of a format, a path, a file of formats (`.toml`), several of these,
            or a `TraceFormat`.
        config: the options of crushing; None for the defaults.
        shard_bytes: approximate input bytes of a shard, the unit of work.
        run_date: date stored with each original, such as `2026-01-31`; None for the day (UTC) on which the
            run starts.
        max_file_tokens: budget of all payloads of a file together, in tokens, where the file is one
            conversation; 0 for none. Files with a budget aren't divided, and are read several times.
        explain: write what was decided for each payload, and why, to `_explanations/` below the output.
        pad_lines: pad each compacted line of a file of JSON Lines with blanks to its old length, for programs
            that remember in bytes how far they have read a file.

    Raises:
        ValueError: an argument is out of range, a root has another scheme, or the trace format is unknown.

    At run time, these fail the pipeline: a truncated compressed file, an input that has changed, an output
    that holds another run, and a store that can't be written.

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
        trace_format: str | Sequence[str] | TraceFormat = AUTO,
        config: SmartCrusherConfig | None = None,
        shard_bytes: int = SHARD_BYTES,
        run_date: str | None = None,
        max_file_tokens: int = 0,
        explain: bool = False,
        pad_lines: bool = False,
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
            max_file_tokens=max_file_tokens,
            explain=explain,
            pad_lines=pad_lines,
        )

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> CrushResult:
        """Plans the run, distributes and crushes its shards, and completes the run when all are done."""
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
        """Returns what a runner shows about this step."""
        return {
            "inputs": " ".join(self._inputs),
            "output": self._settings.output,
            "originals": self._settings.originals,
            "paths": " ".join(resolve(self._settings.trace_format)) or "$",
            "options": self._settings.options().fingerprint(),
            "shard_bytes": self._settings.shard_bytes,
        }


class _PlanRun(beam.DoFn):
    """Plans the run on a worker, so that the plan of a template is made when the template runs."""

    def __init__(self, settings: RunSettings) -> None:
        self._settings = settings

    def process(self, element: Sequence[str]) -> Iterator[tuple[Run, Shard]]:
        run, shards = start_run(element, self._settings)
        for shard in shards:
            yield run, shard


class _CrushShard(beam.DoFn):
    def setup(self) -> None:
        self._run_id = ""

    def process(self, element: tuple[Run, Shard]) -> Iterator[Any]:
        run, shard = element
        if self._run_id != run.id:
            verify_run(run)
            self._store = OriginalStore.open(run.settings.originals)
            self._run_id = run.id
        start_s = time.monotonic()
        resumed = finished_shard(run, shard) is not None
        result = crush_shard(run, shard, self._store)
        _count(result, resumed=resumed, elapsed_s=time.monotonic() - start_s)
        for failure in read_failures(run, result):
            yield beam.pvalue.TaggedOutput("failures", failure)
        yield run, result


def _count(result: ShardResult, *, resumed: bool, elapsed_s: float) -> None:
    """Updates the counters that `CrushRecords` has as well, and those of shards and packs."""
    totals = Totals(result.totals)
    source_bytes = sum(part.stop - part.start for part in result.parts)
    count("records", sum(part.records for part in result.parts))
    count("failures", sum(result.failures.values()))
    for kind, failures in result.failures.items():
        count(f"failures_{kind}", failures)
    count("payloads", totals.sum("payloads"))
    count("unrecognised", sum(part.unrecognised for part in result.parts))
    count("likely", sum(part.likely for part in result.parts))
    count("bytes_before", source_bytes)
    count("bytes_after", sum(part.compacted_bytes for part in result.parts))
    count("tokens_before", totals.sum("tokens_before"))
    count("tokens_after", totals.sum("tokens_after"))
    count("rows_dropped", totals.sum("rows_total") - totals.sum("rows_kept"))
    count("originals", sum(pack.originals for pack in result.packs))
    count("originals_bytes", sum(pack.original_bytes for pack in result.packs))
    count("duplicates", result.duplicates)
    count("unproved", result.unproved)
    count("packs", len(result.packs))
    count("shards_resumed" if resumed else "shards_crushed")
    observe("shard_bytes", source_bytes)
    if not resumed:
        observe("shard_ms", round(elapsed_s * 1000))
    for pack in result.packs:
        observe("pack_bytes", pack.pack_bytes)


class _IndexPacks(beam.DoFn):
    def process(
        self, element: tuple[int, Iterable[tuple[Run, ShardResult]]]
    ) -> Iterator[tuple[Run, ShardResult]]:
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
