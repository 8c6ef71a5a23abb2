"""What a run did: its summary as JSON and as a table, and a line of progress on a terminal.

>>> run = RunSummary(records=2, bytes_before=900, bytes_after=300, failures={"too_deep": 1})
>>> RunSummary.from_dict(run.to_dict()) == run
True
"""

import dataclasses
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from headroom_beam.errors import FormatError

if TYPE_CHECKING:
    from headroom_beam import _core

__all__ = ["Progress", "RunSummary", "Totals", "format_bytes", "format_table"]

SUMMARY_VERSION = 1


class Totals(NamedTuple):
    """Sums over all payloads of one tool that were crushed by one strategy."""

    tool: str
    strategy: str
    payloads: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    tokens_before: int = 0
    tokens_after: int = 0
    rows_total: int = 0
    rows_kept: int = 0

    def plus(self, other: "Totals") -> "Totals":
        """Adds the numbers of another; tool and strategy stay."""
        return Totals(*self[:2], *(mine + theirs for mine, theirs in zip(self[2:], other[2:], strict=True)))


@dataclass(frozen=True)
class RunSummary:
    """What was read, written and put away; summaries of parts add up to that of the run.

    Args:
        records: records seen, whether compacted or failed.
        bytes_before: bytes of the input, decompressed, line ends included.
        bytes_after: bytes of the compacted output, decompressed, line ends included.
        originals: originals written into packs.
        original_bytes: their bytes before compression.
        duplicates: originals met again, and not written again, within their shard.
        failures: failed records by kind.
        totals: sums by tool and strategy, sorted by them.
    """

    records: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    originals: int = 0
    original_bytes: int = 0
    duplicates: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    totals: tuple[Totals, ...] = ()

    @classmethod
    def of_block(cls, block: "_core.CrushedBlock", *, bytes_before: int, bytes_after: int) -> "RunSummary":
        """Sums up a crushed block; its originals aren't counted before they are written."""
        kinds = Counter(block.failures().column("kind").to_pylist())
        totals = tuple(Totals(**row) for row in block.totals().to_pylist())
        return cls(block.record_count, bytes_before, bytes_after, failures=dict(sorted(kinds.items())), totals=totals)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "RunSummary":
        """Gives back what `to_dict` gave, as JSON or not.

        Raises:
            FormatError: a summary of another version, or none at all.
        """
        if value.get("summary_version") != SUMMARY_VERSION:
            raise FormatError(f"a run summary has summary_version {SUMMARY_VERSION}")
        try:
            return cls(
                **{name: value[name] for name in _COUNTS},
                failures=dict(value["failures"]),
                totals=tuple(Totals(**row) for row in value["totals"]),
            )
        except (KeyError, TypeError) as error:
            raise FormatError(f"a run summary lacks a field or has one too many: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """Gives the summary as plain values, with the sums that follow from it for readers that only look."""
        return {
            "summary_version": SUMMARY_VERSION,
            **{name: getattr(self, name) for name in _COUNTS},
            "compacted": self.compacted,
            "tokens_before": self.tokens_before,
            "tokens_after": self.tokens_after,
            "rows_dropped": self.rows_dropped,
            "failures": dict(sorted(self.failures.items())),
            "totals": [row._asdict() for row in self.totals],
        }

    def __add__(self, other: "RunSummary") -> "RunSummary":
        """Adds up; the order of summaries doesn't matter."""
        return RunSummary(
            **{name: getattr(self, name) + getattr(other, name) for name in _COUNTS},
            failures=dict(sorted((Counter(self.failures) + Counter(other.failures)).items())),
            totals=_merge([*self.totals, *other.totals], lambda row: row[:2]),
        )

    @property
    def compacted(self) -> int:
        """Records compacted: records = compacted + failures, always."""
        return self.records - sum(self.failures.values())

    @property
    def tokens_before(self) -> int:
        """Tokens of all payloads as they were."""
        return sum(row.tokens_before for row in self.totals)

    @property
    def tokens_after(self) -> int:
        """Tokens of all payloads after crushing."""
        return sum(row.tokens_after for row in self.totals)

    @property
    def rows_dropped(self) -> int:
        """Rows that stand in the store only."""
        return sum(row.rows_total - row.rows_kept for row in self.totals)

    def by_tool(self) -> tuple[Totals, ...]:
        """Gives one row per tool with strategy `all`, most tokens first."""
        rows = _merge([row._replace(strategy="all") for row in self.totals], lambda row: row[:1])
        return tuple(sorted(rows, key=lambda row: (-row.tokens_before, row.tool)))

    def table(self, *, tools: int = 20) -> str:
        """Gives the summary as text for people.

        Args:
            tools: how many tools have a line of their own; the others share one, so that the columns still add up.
        """
        rows = self.by_tool()
        shown, rest = list(rows[:tools]), rows[tools:]
        if len(rest) == 1:
            shown += rest
        elif rest:
            shown.append(_sum(rest, f"({len(rest)} other tools)"))
        lines = [_cells(row) for row in [*shown, _sum(rows, "all")]]
        failures = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.failures.items())) or "0"
        return "\n".join(
            [
                format_table([_HEAD, *lines]),
                "",
                f"records    {self.records:,} ({self.compacted:,} compacted)",
                f"bytes      {format_bytes(self.bytes_before)} → {format_bytes(self.bytes_after)}",
                f"originals  {self.originals:,} ({format_bytes(self.original_bytes)}), duplicates {self.duplicates:,}",
                f"failures   {failures}",
            ]
        )


_COUNTS = tuple(each.name for each in dataclasses.fields(RunSummary) if each.name not in ("failures", "totals"))
_HEAD = ("tool", "payloads", "tokens before", "after", "saved", "bytes before", "after", "rows dropped")


def _merge(rows: Iterable[Totals], key: Callable[[Totals], tuple[str, ...]]) -> tuple[Totals, ...]:
    merged: dict[tuple[str, ...], Totals] = {}
    for row in sorted(rows):
        merged[key(row)] = merged[key(row)].plus(row) if key(row) in merged else row
    return tuple(merged.values())


def _sum(rows: Iterable[Totals], name: str) -> Totals:
    total = Totals(name, "all")
    for row in rows:
        total = total.plus(row)
    return total


def _cells(row: Totals) -> tuple[str, ...]:
    saved = f"{100 - 100 * row.tokens_after / row.tokens_before:.1f} %" if row.tokens_before else "-"
    return (
        _printable(row.tool) or "(no name)",
        f"{row.payloads:,}",
        f"{row.tokens_before:,}",
        f"{row.tokens_after:,}",
        saved,
        format_bytes(row.bytes_before),
        format_bytes(row.bytes_after),
        f"{row.rows_total - row.rows_kept:,}",
    )


def _printable(name: str, width: int = 48) -> str:
    # Tool names come from the input: one with escape sequences must not steer the terminal.
    name = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
    return name if len(name) <= width else name[: width - 1] + "…"


def format_table(rows: Iterable[Iterable[str]]) -> str:
    """Lays out rows of cells, the first column to the left and the others to the right.

    >>> print(format_table([("tool", "tokens"), ("ls", "1,024")]))
    tool  tokens
    ls     1,024
    """
    lines = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def format_bytes(size_bytes: int) -> str:
    """Spells a size with a unit, 1 KB being 1024 bytes.

    >>> format_bytes(2048), format_bytes(3 << 30), format_bytes(17)
    ('2.0 KB', '3.0 GB', '17 B')
    """
    if size_bytes < 1024:
        return f"{size_bytes} B"
    size = float(size_bytes)
    for unit in ("KB", "MB", "GB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TB"


class Progress:
    """A line of progress, on a terminal only: anywhere else nothing is ever written.

    Args:
        total_bytes: bytes of the whole work; 0 when unknown.
        stream: where to write; standard error unless given.
        interval_s: shortest time between two updates of the line.
        clock: seconds from any start.

    >>> with Progress(100) as progress:
    ...     progress.update(50, records=3)
    """

    def __init__(
        self,
        total_bytes: int,
        *,
        stream: TextIO | None = None,
        interval_s: float = 0.2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total_bytes = total_bytes
        self._stream = sys.stderr if stream is None else stream
        self._interval_s = interval_s
        self._clock = clock
        self._start_s = clock()
        self._written_s = self._start_s - interval_s
        self._shown = self._stream.isatty()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def update(self, done_bytes: int, *, records: int, failures: int = 0) -> None:
        """Says how far the work is: bytes of input done, records and failures so far."""
        now_s = self._clock()
        if not self._shown or now_s - self._written_s < self._interval_s:
            return
        self._written_s = now_s
        line = _progress(done_bytes, self._total_bytes, now_s - self._start_s, records, failures)
        self._stream.write(f"\r\x1b[K{line}")
        self._stream.flush()


def _progress(done_bytes: int, total_bytes: int, elapsed_s: float, records: int, failures: int) -> str:
    speed = done_bytes / elapsed_s if elapsed_s > 0 else 0.0
    parts = [f"{records:,} records", f"{format_bytes(done_bytes)}", f"{format_bytes(int(speed))}/s"]
    if failures:
        parts.append(f"{failures:,} failures")
    if total_bytes:
        parts.insert(0, f"{100 * done_bytes // total_bytes:3d} %")
        if speed:
            left_s = int((total_bytes - done_bytes) / speed)
            parts.append(f"{left_s // 3600}:{left_s // 60 % 60:02d}:{left_s % 60:02d} left")
    return "  ".join(parts)
