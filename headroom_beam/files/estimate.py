r"""Estimates what crushing would save, from a sample of the input or all of it. Nothing is written.

Memory holds one block and what the options make of it, the counts, and 8 bytes for each text that may be
copied.

>>> import pathlib, tempfile
>>> from headroom_beam.files.sample import plan_sample
>>> from headroom_beam.files.shards import find_sources
>>> file = pathlib.Path(tempfile.mkdtemp(), "trace.jsonl")
>>> _ = file.write_text('{"result": [%s]}\n' % ",".join('{"id": 1, "name": "a"}' for _ in range(99)))
>>> sources = find_sources([str(file)])
>>> estimate = estimate_files(sources, plan_sample(sources, None), trace_format=".result", budgets=[512])
>>> estimate["records"], [(row["kind"], row["payloads"]) for row in estimate["kinds"]]
(1, [('value', 1)])
"""

import functools
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.crush.measure import MeasuredBlock, PayloadMeter
from headroom_beam.crush.path_formats import PathFormats, matching_formats
from headroom_beam.crush.trace_formats import AUTO, TRACE_FORMATS, TraceFormat, named_formats, resolve
from headroom_beam.files.blocks import Block
from headroom_beam.files.manifest import OTHER_TOOLS, TOOLS
from headroom_beam.files.payload_check import check_found
from headroom_beam.files.sample import Piece, read_piece
from headroom_beam.files.shards import Source

__all__ = [
    "BUDGETS",
    "SAMPLE_BYTES",
    "check_payloads",
    "estimate_files",
]

BUDGETS = (512, 1024, 4096)
"""The budgets that an estimate tries."""

SAMPLE_BYTES = 32 << 20
"""Bytes that an estimate reads, unless it is told otherwise."""

_LARGEST = 10

# Texts of one file that are remembered, 8 bytes each. Beyond this, copies of further texts aren't counted.
_REMEMBERED_TEXTS = 4 << 20

# Files for which other trace formats are tried, since each takes a call for each format.
_FILES_WITH_HINTS = 20

# A marker of usual length; its hash is the digest of nothing.
_MARKER = '"<<ccr:e3b0c44298fc1c149afbf4c8,text,10.0KB>>"'

# Threads crush the same block with different options.
_THREADS = 4

Integers = npt.NDArray[np.int64]


def estimate_files(
    sources: Sequence[Source],
    pieces: Sequence[Piece],
    *,
    trace_format: str | Sequence[str] | TraceFormat = AUTO,
    config: SmartCrusherConfig | None = None,
    budgets: Sequence[int] = BUDGETS,
    on_progress: Callable[[int, int, int], None] | None = None,
) -> dict[str, Any]:
    """Estimates what crushing would save.

    Args:
        sources: all input files, from `headroom_beam.files.shards.find_sources`.
        pieces: what to read of them, from `headroom_beam.files.sample.plan_sample`.
        trace_format: where payloads are, as `headroom_beam.crush.trace_formats.resolve` takes it.
        config: the options of crushing; None for the defaults. `max_tokens` doesn't count.
        budgets: values of `max_tokens` to try.
        on_progress: called after each block with the bytes, records and failures so far.

    Returns:
        The fields that `docs/operations.md` explains in "What would I save?".

    Raises:
        ValueError: a format is unknown, or a budget or an option is out of its range.
        IntegrityError: an input file is truncated or damaged.
        StoreError: an input file can't be read.
    """
    config = config or SmartCrusherConfig()
    budgets = sorted(set(budgets))
    work = _Estimation(trace_format, config, budgets)
    with ThreadPoolExecutor(min(len(budgets) + 2, os.cpu_count() or 1, _THREADS)) as executor:
        for piece in pieces:
            work.begin(piece)
            for item in read_piece(piece, max_record_bytes=config.max_record_bytes):
                if isinstance(item, Block):
                    work.add_block(item, executor.map)
                else:
                    work.add_long_line(item.data, ends=item.line_end is not None)
                if on_progress is not None:
                    on_progress(work.bytes_read, work.records, work.failures.total())
        work.end_file()
    complete = len(pieces) == len(sources) and all(piece.stop is None for piece in pieces)
    return {
        "files": len(sources),
        "files_read": len({(piece.source.root, piece.source.name) for piece in pieces}),
        "input_bytes": sum(source.size_bytes for source in sources),
        "bytes_read": work.bytes_read,
        "complete": complete,
        "exact_tokens": config.exact_tokens,
        "budgets": budgets,
        **work.results(),
    }


def check_payloads(estimate: dict[str, Any]) -> None:
    """Raises PayloadNotFound if an estimate found no payload at all, or mostly failures, as a run does."""
    check_found(
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
        self.bytes_read = 0
        self.records = 0
        self.failures: Counter[str] = Counter()
        paths = resolve(trace_format)
        self._meter = PayloadMeter(config, paths, budgets)
        formats = named_formats(trace_format)
        self._path_formats = PathFormats(formats)
        self._is_auto = set(named_formats(AUTO)) <= {*formats, TRACE_FORMATS["json"]}
        self._config = config
        self._budgets = budgets
        self._marker_tokens = _core.estimate_tokens(_MARKER)
        self._tokens = 0
        self._all = _Sums(len(_COUNTS) + len(budgets))
        self._by = {name: _Sums(len(_COUNTS) + len(budgets)) for name in ("path", "tool", "kind")}
        self._largest: list[dict[str, Any]] = []
        self._without: list[dict[str, Any]] = []
        self._copies_complete = True
        self._source: Source | None = None

    def begin(self, piece: Piece) -> None:
        """Begins a piece, and its file if it is another one."""
        if self._source != piece.source:
            self.end_file()
            self._source, self._name = piece.source, piece.source.name
            self._texts = _SeenTexts()
            self._file_records = self._file_payloads = self._file_failures = 0
            self._first_block = b""
        self._from_start = piece.start == 0
        self._lines = 0

    def end_file(self) -> None:
        """Ends the file at hand."""
        if self._source is None:
            return
        self._copies_complete &= self._texts.complete
        if self._file_records and not self._file_payloads:
            hints = self._matching_formats() if len(self._without) < _FILES_WITH_HINTS else []
            self._without.append(
                {
                    "file": self._name,
                    "records": self._file_records,
                    "failures": self._file_failures,
                    "formats": hints,
                }
            )
        self._source = None

    def _matching_formats(self) -> list[str]:
        """Returns the other trace formats that find payloads in the file's first block."""
        crush = functools.partial(_core.crush_block, self._first_block)
        return [] if self._is_auto else matching_formats(crush, max_depth=self._config.max_depth)

    def add_block(self, block: Block, run: Callable[..., Iterable[Any]]) -> None:
        """Adds the payloads of a block."""
        measured = self._meter.measure(block.data, run=run)
        self._add_bytes(block.data)
        self._add_records(measured.record_count, measured.failures)
        self._file_payloads += len(measured.tokens)
        if not self._file_payloads and not self._first_block:
            self._first_block = block.data
        if len(measured.tokens):
            self._add_payloads(measured)
            self._add_largest(measured, block)
        self._lines += block.data.count(b"\n")

    def add_long_line(self, data: bytes, *, ends: bool) -> None:
        """Adds a piece of a line that is too long to be a record."""
        self._add_bytes(data)
        if ends:
            self._add_records(1, {"too_large": 1})
            self._lines += 1

    def _add_bytes(self, data: bytes) -> None:
        self.bytes_read += len(data)
        self._tokens += _core.estimate_tokens(data.decode(errors="replace"))

    def _add_records(self, count: int, failures: dict[str, int]) -> None:
        self.records += count
        self.failures.update(failures)
        self._file_records += count
        self._file_failures += sum(failures.values())

    def _add_payloads(self, measured: MeasuredBlock) -> None:
        tokens = measured.tokens
        copied = self._texts.add(measured.text_keys)
        counts = np.column_stack(
            [
                np.ones_like(tokens),
                tokens,
                measured.raw_tokens,
                measured.saved_without_loss,
                copied,
                copied * tokens,
                copied * np.maximum(tokens - self._marker_tokens, 0),
                (measured.text_keys == 0) * tokens,
                *measured.saved,
            ]
        )
        self._all.add(pa.repeat(pa.scalar(""), len(tokens)), counts)
        names = {"path": measured.paths, "tool": measured.tools, "kind": measured.kinds}
        for name, sums in self._by.items():
            sums.add(names[name], counts)

    def _add_largest(self, measured: MeasuredBlock, block: Block) -> None:
        least = self._largest[-1]["tokens"] if len(self._largest) == _LARGEST else -1
        order = np.argsort(-measured.tokens, kind="stable")[:_LARGEST]
        for at in order[measured.tokens[order] > least].tolist():
            offset = int(measured.offsets[at])
            lines = self._lines + block.data.count(b"\n", 0, offset) + 1
            self._largest.append(
                {
                    "file": self._name,
                    "line": lines if self._from_start else None,
                    "offset": block.offset + offset,
                    "path": measured.paths[at].as_py(),
                    "tool": measured.tools[at].as_py(),
                    "tokens": int(measured.tokens[at]),
                }
            )
        self._largest.sort(key=lambda row: -row["tokens"])
        del self._largest[_LARGEST:]

    def results(self) -> dict[str, Any]:
        """Returns the results, without what the caller knows."""
        rows = {f"{name}s": self._rows(sums, name) for name, sums in self._by.items()}
        for row in rows["paths"]:
            row["formats"] = self._path_formats.names(row["path"]) or ([] if row["path"] else ["json"])
        total = self._rows(self._all, "name") or [
            self._row(np.zeros(len(_COUNTS) + len(self._budgets), np.int64))
        ]
        total[0].pop("name", None)
        return {
            "records": self.records,
            "failures": dict(sorted(self.failures.items())),
            "tokens": self._tokens,
            "all": total[0],
            **rows,
            "largest": self._largest,
            "without_payloads": self._without,
            "copies_complete": self._copies_complete,
        }

    def _rows(self, sums: "_Sums", name: str) -> list[dict[str, Any]]:
        rows = [{name: text, **self._row(counts)} for text, counts in sums.rows()]
        return sorted(rows, key=lambda row: (-row["tokens"], row[name]))

    def _row(self, counts: Integers) -> dict[str, Any]:
        row: dict[str, Any] = dict(zip(_COUNTS, counts.tolist(), strict=False))
        raw_tokens = row.pop("raw_tokens")
        # The tokens of a whole are estimated a little lower than those of its parts.
        row["share"] = round(min(raw_tokens / self._tokens, 1.0), 4) if self._tokens else 0.0
        sizes = counts[len(_COUNTS) :].tolist()
        row["saved"] = {str(size): saved for size, saved in zip(self._budgets, sizes, strict=True)}
        return row


# Columns of counts; the savings at each budget follow them.
_COUNTS = (
    "payloads",
    "tokens",
    "raw_tokens",
    "saved_without_loss",
    "copies",
    "copy_tokens",
    "saved_by_reference",
    "uncompared_tokens",
)


class _Sums:
    """Sums of columns by name."""

    def __init__(self, columns: int) -> None:
        self._numbers: dict[str, int] = {}
        self._counts = np.zeros((0, columns), np.int64)

    def add(self, names: pa.Array, counts: Integers) -> None:
        """Adds a row of counts for each name."""
        encoded = names.dictionary_encode()
        numbers = np.array([self._number(name) for name in encoded.dictionary.to_pylist()], np.int64)
        more = len(self._numbers) - len(self._counts)
        self._counts = np.vstack([self._counts, np.zeros((more, self._counts.shape[1]), np.int64)])
        np.add.at(self._counts, numbers[encoded.indices.to_numpy()], counts)

    def _number(self, name: str) -> int:
        # Tool names come from the input. An input that never repeats one must not fill the memory.
        if name not in self._numbers and len(self._numbers) >= TOOLS:
            name = OTHER_TOOLS
        return self._numbers.setdefault(name, len(self._numbers))

    def rows(self) -> Iterable[tuple[str, Integers]]:
        """Returns the sums of each name."""
        return zip(self._numbers, self._counts, strict=True)


class _SeenTexts:
    """The texts of a file, as the first 64 bits of their digests, in sorted runs of growing size."""

    def __init__(self) -> None:
        self.complete = True
        self._count = 0
        self._runs: list[npt.NDArray[np.uint64]] = []

    def add(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Adds texts. Returns for each whether it was there before. A key of 0 stands for no text."""
        known = np.zeros(len(keys), np.bool_)
        for run in self._runs:
            known |= run[np.minimum(np.searchsorted(run, keys), len(run) - 1)] == keys
        texts, first = np.unique(keys, return_index=True)
        is_new = ~known[first] & (texts != 0)
        known[np.setdiff1d(np.arange(len(keys)), first)] = True
        new = texts[is_new]
        if self._count + len(new) <= _REMEMBERED_TEXTS:
            self._count += len(new)
            self._merge(new)
        else:
            self.complete = False
        seen: npt.NDArray[np.bool_] = known & (keys != 0)
        return seen

    def _merge(self, run: npt.NDArray[np.uint64]) -> None:
        # Each run is at least twice as long as the next, so few runs are searched and each text moves rarely.
        while self._runs and len(self._runs[-1]) < 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]))
        if len(run):
            self._runs.append(run)
