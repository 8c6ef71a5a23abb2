"""What recognising results costs: `auto` beside the one trace format that fits.

    python benchmarks/recognition.py [--format NAME] [--repeats N] [PATH…]

Each PATH is a file of traces, or a folder with files of one kind; the examples if there is none. Its blocks
are crushed with a named format and with `auto`, in turn, on one core and without Beam. Without `--format` it
is the format that finds the most tokens in the first megabyte. The program prints one object of JSON. For
each path it has the processor seconds of both, and of a whole run over the files with the named format.
`ratio` compares the crusher's own seconds; `extra_share` is the part of the whole run by which `auto` takes
longer. All are medians over the passes, the last two of what was measured side by side.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from common import REPOSITORY, lines_of, one_core, show

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.trace_formats import AUTO, TRACE_FORMATS
from headroom_beam.files.blocks import Block, chunks_of
from headroom_beam.files.detect import detect_chunks
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.reading import read_items
from headroom_beam.files.run import run_shards

CONFIG = SmartCrusherConfig()
EXAMPLES = REPOSITORY / "examples"
# The format is chosen by so many bytes.
SAMPLE_BYTES = 1 << 20
# Small files are crushed again and again in one pass, until they are so many bytes.
PASS_BYTES = 8 << 20


class Trace(NamedTuple):
    """One file, cut into blocks."""

    path: Path
    blocks: Sequence[bytes | _core.CutBlock]
    size_bytes: int


def trace_of(path: Path) -> Trace:
    """Reads a file and cuts it as a run does."""
    text = b"".join(lines_of(path))
    framing, chunks = detect_chunks(path.name.removesuffix(".zst"), chunks_of([text]))
    items = read_items(chunks, framing, CONFIG, [])
    blocks = [item.data if isinstance(item, Block) else item for item in items]
    return Trace(path, [block for block in blocks if isinstance(block, bytes | _core.CutBlock)], len(text))


def crush(traces: Sequence[Trace], options: _core.Options) -> list[_core.CrushedBlock]:
    """Crushes files, each with the calls of its earlier records."""
    crushed = []
    for trace in traces:
        calls = _core.CallTable()
        for block in trace.blocks:
            one = _core.crush_block if isinstance(block, bytes) else _core.crush_elements
            crushed.append(one(block, options, calls))
    return crushed


def tokens_found(traces: Sequence[Trace], trace_format: str) -> tuple[int, int]:
    """Returns the tokens and the number of the payloads that a format finds."""
    crushed = crush(traces, options_for(CONFIG, trace_format))
    totals = [row for block in crushed for row in block.totals().to_pylist()]
    return sum(row["tokens_before"] for row in totals), sum(row["payloads"] for row in totals)


def format_of(traces: Sequence[Trace]) -> str:
    """Returns the format that finds the most tokens in the first files."""
    sample: list[Trace] = []
    while len(sample) < len(traces) and sum(trace.size_bytes for trace in sample) < SAMPLE_BYTES:
        sample.append(traces[len(sample)])
    sample = [trace._replace(blocks=trace.blocks[:8]) for trace in sample]
    names = [name for name, one in TRACE_FORMATS.items() if one.paths]
    return max(names, key=lambda name: tokens_found(sample, name)[0])


def seconds_of_run(paths: Sequence[Path], trace_format: str) -> float:
    """Returns the processor seconds of a whole run over files."""
    with tempfile.TemporaryDirectory() as folder:
        settings = RunSettings(
            output=f"{folder}/out", originals=f"{folder}/originals", trace_format=trace_format
        )
        start_s = time.process_time()
        run_shards([str(path) for path in paths], settings)
        return time.process_time() - start_s


def measure(path: Path, trace_format: str | None, repeats: int) -> dict[str, Any]:
    """Measures one file, or the files of a folder together."""
    paths = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    traces = [trace_of(path) for path in paths]
    fixed = trace_format or format_of(traces)
    both = {name: options_for(CONFIG, name) for name in (fixed, AUTO)}
    seconds: dict[str, list[float]] = {name: [] for name in both}
    size_bytes = sum(trace.size_bytes for trace in traces)
    times = max(PASS_BYTES // max(size_bytes, 1), 1)
    for number in range(repeats):
        # Which one goes first changes from pass to pass.
        for name in sorted(both, reverse=number % 2 == 1):
            start_s = time.process_time()
            for _ in range(times):
                crush(traces, both[name])
            seconds[name].append((time.process_time() - start_s) / times)
    run_s = statistics.median(seconds_of_run(paths, fixed) for _ in range(min(repeats, 3)))
    pairs = zip(seconds[AUTO], seconds[fixed], strict=True)
    extra_s = statistics.median(auto - named for auto, named in pairs)
    named_s = statistics.median(seconds[fixed])
    return {
        "path": path.name,
        "files": len(paths),
        "megabytes": round(size_bytes / 1e6, 2),
        "format": fixed,
        "payloads": [tokens_found(traces, name)[1] for name in (fixed, AUTO)],
        "crush_s": [round(named_s, 4), round(statistics.median(seconds[AUTO]), 4)],
        "run_s": round(run_s, 4),
        "ratio": round(1 + extra_s / named_s, 3),
        "extra_share": round(extra_s / run_s, 4),
    }


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files, or folders of files")
    parser.add_argument("--format", choices=[name for name in TRACE_FORMATS if name != "json"])
    parser.add_argument("--repeats", type=int, default=9, help="number of passes; the median is printed")
    args = parser.parse_args()
    examples = [
        *sorted((EXAMPLES / "traces").glob("*.jsonl")),
        *sorted((EXAMPLES / "sessions" / "recorded").iterdir()),
    ]
    with one_core():
        show({"files": [measure(path, args.format, args.repeats) for path in args.paths or examples]})


if __name__ == "__main__":
    main()
