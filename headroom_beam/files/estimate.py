r"""Estimates what crushing would save, from a sample of the input or all of it. Nothing is written.

Files are read as crushing reads them: JSON of any layout, compressed, in archives. Other files are counted.

Memory holds one block and what the options make of it, the counts, and 8 bytes for each text that may be
copied.

>>> import pathlib, tempfile
>>> from headroom_beam.files.sample import plan_sample
>>> from headroom_beam.files.inputs import find_inputs
>>> file = pathlib.Path(tempfile.mkdtemp(), "trace.jsonl")
>>> _ = file.write_text('{"result": [%s]}\n' % ",".join('{"id": 1, "name": "a"}' for _ in range(99)))
>>> sources = find_inputs([str(file)], max_bytes=1 << 20, left_out=[])
>>> estimate = estimate_files(sources, plan_sample(sources, None), trace_format=".result", budgets=[512])
>>> estimate["records"], [(row["kind"], row["payloads"]) for row in estimate["kinds"]]
(1, [('value', 1)])
"""

import functools
import itertools
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.crush.format_names import FormatNames
from headroom_beam.crush.measure import MeasuredBlock, PayloadMeter, Records, WholeText, crush_any
from headroom_beam.crush.path_formats import matching_formats
from headroom_beam.crush.trace_formats import AUTO, TraceFormat, resolve
from headroom_beam.errors import InvalidPayload, LimitExceeded
from headroom_beam.files.blocks import Block, Chunk
from headroom_beam.files.estimate_sums import COUNTS, LARGEST, TEXT_FILE, Integers, SeenTexts, Sums, Tally
from headroom_beam.files.members import Refused
from headroom_beam.files.payload_check import check_counts
from headroom_beam.files.reading import Item, RecordPiece, SourceContent, SourceError, TextResult
from headroom_beam.files.record_lines import RecordLines
from headroom_beam.files.sample import Piece, read_piece
from headroom_beam.files.shards import Source
from headroom_beam.files.sources import LeftOut

__all__ = ["BUDGETS", "SAMPLE_BYTES", "check_payloads", "estimate_files"]

BUDGETS = (512, 1024, 4096)
"""The budgets that an estimate tries."""

SAMPLE_BYTES = 32 << 20
"""Bytes that an estimate reads, unless it is told otherwise."""

# Files for which other trace formats are tried.
_FILES_WITH_HINTS = 20

# A marker of usual length; its hash is the digest of nothing.
_MARKER = '"<<ccr:e3b0c44298fc1c149afbf4c8,text,10.0KB>>"'

# Threads crush the same block with different options.
_THREADS = 4


def estimate_files(
    sources: Sequence[Source],
    pieces: Sequence[Piece],
    *,
    trace_format: str | Sequence[str] | TraceFormat = AUTO,
    config: SmartCrusherConfig | None = None,
    budgets: Sequence[int] = BUDGETS,
    left_out: Sequence[LeftOut] = (),
    on_progress: Callable[[int, int, int], None] | None = None,
) -> dict[str, Any]:
    """Estimates what crushing would save.

    Args:
        sources: all input files, from `headroom_beam.files.inputs.find_inputs`.
        pieces: what to read of them, from `headroom_beam.files.sample.plan_sample`.
        trace_format: where payloads are, as `headroom_beam.crush.trace_formats.resolve` takes it.
        config: the options of crushing; None for the defaults. `max_tokens` doesn't count.
        budgets: values of `max_tokens` to try.
        left_out: what stands in a folder and can't be read, for the notes.
        on_progress: called after each block with the bytes, records and failures so far.

    Returns:
        The fields that `docs/operations.md` explains in "What would I save?".

    Raises:
        ValueError: a format is unknown, or a budget or an option is out of its range.
        IntegrityError: a file that was named is truncated or damaged.
        StoreError: an input file can't be read.
    """
    config = config or SmartCrusherConfig()
    budgets = sorted(set(budgets))
    work = _Estimation(trace_format, config, budgets)
    with ThreadPoolExecutor(min(len(budgets) + 2, os.cpu_count() or 1, _THREADS)) as executor:
        for source, of_source in itertools.groupby(pieces, key=lambda piece: piece.source):
            work.add_file(source, of_source, executor.map, on_progress)
    readable = [source for source in sources if source.framing != "copied"]
    return {
        "files": len(sources),
        "files_read": len({(piece.source.root, piece.source.name) for piece in pieces}),
        "files_without_records": len(sources) - len(readable),
        "input_bytes": sum(source.size_bytes for source in sources),
        "bytes_without_records": sum(source.size_bytes for source in sources if source.framing == "copied"),
        "bytes_read": work.total.bytes_read,
        "complete": list(pieces) == [Piece(source, 0, None) for source in readable],
        "exact_tokens": config.exact_tokens,
        "budgets": budgets,
        **work.results(),
        "notes": [*([one.name, f"{one.note}; left out"] for one in left_out), *work.notes],
    }


def check_payloads(estimate: dict[str, Any]) -> None:
    """Raises PayloadNotFound if an estimate found no payload at all, or mostly failures, as a run does."""
    check_counts(
        estimate["records"], estimate["failures"], estimate["all"]["payloads"], estimate["without_payloads"]
    )


class _Estimation:
    """An estimate in progress."""

    def __init__(
        self,
        trace_format: str | Sequence[str] | TraceFormat,
        config: SmartCrusherConfig,
        budgets: Sequence[int],
    ) -> None:
        self.formats = FormatNames(trace_format)
        self.meter = PayloadMeter(config, self.formats.paths, budgets)
        self.config = config
        self.columns = len(COUNTS) + len(budgets)
        self.marker_tokens = _core.estimate_tokens(_MARKER)
        self.total = Tally(self.columns)
        self._budgets = budgets
        self._without: list[dict[str, Any]] = []
        self.notes: list[list[str]] = []

    def add_file(
        self,
        source: Source,
        pieces: Iterable[Piece],
        run: Callable[..., Iterable[Any]],
        on_progress: Callable[[int, int, int], None] | None,
    ) -> None:
        """Adds the pieces of a file. Of a damaged file in a folder nothing counts, since it is copied."""
        file = _FileEstimate(self)
        notes: list[str] = []
        try:
            for piece in pieces:
                for content in read_piece(piece, self.config, notes):
                    file.begin(content, from_start=piece.start == 0)
                    for item in content.items:
                        file.add(item, run)
                        if on_progress is not None:
                            self._tell(file.tally, on_progress)
        except (Refused, SourceError) as error:
            notes.append(error.note)
        else:
            self._add(source, file)
        self.notes += [[source.name, note] for note in notes]

    def _tell(self, tally: Tally, on_progress: Callable[[int, int, int], None]) -> None:
        totals = (self.total, tally)
        on_progress(
            sum(one.bytes_read for one in totals),
            sum(one.records for one in totals),
            sum(one.failures.total() for one in totals),
        )

    def _add(self, source: Source, file: "_FileEstimate") -> None:
        tally = file.tally
        self.total.merge(tally)
        if tally.records and not tally.payloads:
            self._without.append(
                {
                    "file": source.name,
                    "records": tally.records,
                    "failures": tally.failures.total(),
                    "formats": self._matching_formats(file.first_block),
                }
            )

    def _matching_formats(self, block: Records | None) -> list[str]:
        """Returns the other trace formats that find payloads in a block, for the first files."""
        has_all = self.formats.has_all(resolve(AUTO))
        if block is None or has_all or len(self._without) >= _FILES_WITH_HINTS:
            return []
        return matching_formats(functools.partial(crush_any, block), max_depth=self.config.max_depth)

    def results(self) -> dict[str, Any]:
        """Returns the results, without what the caller knows."""
        rows = {f"{name}s": self._rows(sums, name) for name, sums in self.total.by.items()}
        for row in rows["paths"]:
            row["formats"] = [] if row["path"] == TEXT_FILE else self.formats.of(row["path"])
        total = self._rows(self.total.all, "name") or [self._row(np.zeros(self.columns, np.int64))]
        total[0].pop("name", None)
        return {
            "records": self.total.records,
            "failures": dict(sorted(self.total.failures.items())),
            "tokens": self.total.tokens,
            "all": total[0],
            **rows,
            "largest": self.total.largest,
            "without_payloads": self._without,
            "copies_complete": self.total.copies_complete,
        }

    def _rows(self, sums: Sums, name: str) -> list[dict[str, Any]]:
        rows = [{name: text, **self._row(counts)} for text, counts in sums.rows()]
        return sorted(rows, key=lambda row: (-row["tokens"], row[name]))

    def _row(self, counts: Integers) -> dict[str, Any]:
        row: dict[str, Any] = dict(zip(COUNTS, counts.tolist(), strict=False))
        raw_tokens, tokens = row.pop("raw_tokens"), self.total.tokens
        # The tokens of a whole are estimated a little lower than those of its parts.
        row["share"] = round(min(raw_tokens / tokens, 1.0), 4) if tokens else 0.0
        sizes = counts[len(COUNTS) :].tolist()
        row["saved"] = {str(size): saved for size, saved in zip(self._budgets, sizes, strict=True)}
        return row


class _FileEstimate:
    """The estimate of one file in progress."""

    def __init__(self, estimation: _Estimation) -> None:
        self.tally = Tally(estimation.columns)
        self.first_block: Records | None = None
        """The first records of the file, for as long as there is no payload."""
        self._of = estimation
        self._texts = SeenTexts()
        self._calls = estimation.meter.call_tables()

    def begin(self, content: SourceContent, *, from_start: bool) -> None:
        """Begins with the file, a range of it, or a member of an archive."""
        if from_start:
            self._texts = SeenTexts()
            self._calls = self._of.meter.call_tables()
        self._content, self._from_start = content, from_start
        self._lines = RecordLines()

    def add(self, item: Item, run: Callable[..., Iterable[Any]]) -> None:
        """Adds the next bytes."""
        self.tally.bytes_read += len(item.data)
        if not isinstance(item, Chunk):
            self.tally.tokens += _core.estimate_tokens(item.data.decode(errors="replace"))
        if isinstance(item, Block | _core.CutBlock | TextResult):
            self._add_block(item, run)
        elif isinstance(item, RecordPiece) and item.end is not None:
            self.tally.records += 1
            self.tally.failures[item.kind] += 1
        self._lines.leave(item)

    def _add_block(
        self, item: Block | _core.CutBlock | TextResult, run: Callable[..., Iterable[Any]]
    ) -> None:
        block = _records(item)
        try:
            measured = self._of.meter.measure(block, calls=self._calls, run=run)
        except (InvalidPayload, LimitExceeded) as error:
            raise Refused(f"it is a result of a tool, but {error}; it is copied") from None
        self.tally.records += measured.record_count
        self.tally.failures.update(measured.failures)
        if len(measured.tokens):
            self._add_payloads(measured)
            self._add_largest(measured, item)
        elif self.first_block is None and not self.tally.payloads:
            self.first_block = block

    def _add_payloads(self, measured: MeasuredBlock) -> None:
        tokens = measured.tokens
        copied = self._texts.add(measured.text_keys)
        self.tally.copies_complete &= self._texts.complete
        counts = np.column_stack(
            [
                np.ones_like(tokens),
                tokens,
                measured.raw_tokens,
                measured.saved_without_loss,
                copied,
                copied * tokens,
                copied * np.maximum(tokens - self._of.marker_tokens, 0),
                (measured.text_keys == 0) * tokens,
                *measured.saved,
            ]
        )
        self.tally.all.add(pa.repeat(pa.scalar(""), len(tokens)), counts)
        paths = measured.paths
        if self._content.framing == "text":
            paths = pa.repeat(pa.scalar(TEXT_FILE), len(tokens))
        names = {"path": paths, "tool": measured.tools, "kind": measured.kinds}
        for name, sums in self.tally.by.items():
            sums.add(names[name], counts)

    def _add_largest(self, measured: MeasuredBlock, item: Block | _core.CutBlock | TextResult) -> None:
        least = max(self.tally.least(), self._of.total.least())
        order = np.argsort(-measured.tokens, kind="stable")[:LARGEST]
        self.tally.add_largest(
            {
                "file": self._content.name,
                "line": self._lines.line_of(item, int(measured.offsets[at])) if self._from_start else None,
                "offset": item.offset + int(measured.offsets[at]),
                "path": measured.paths[at].as_py(),
                "tool": measured.tools[at].as_py(),
                "tokens": int(measured.tokens[at]),
            }
            for at in order[measured.tokens[order] > least].tolist()
        )


def _records(item: Block | _core.CutBlock | TextResult) -> Records:
    if isinstance(item, TextResult):
        return WholeText(item.data)
    return item.data if isinstance(item, Block) else item
