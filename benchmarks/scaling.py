"""Measures how the time of crushing grows with size, columns and depth, on one core, as JSON.

    python benchmarks/scaling.py [DATA…]

Arrays of growing size repeat the rows of the largest array in the data, each row with a running number. Where
time grows in proportion to the size, all speeds of a series are equal. `spread` is the slowest speed divided
by the fastest.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import Any

from common import files_of, megabytes_per_second, one_core, payloads_of, seconds_of, show

from headroom_beam import SmartCrusher, SmartCrusherConfig

LIMIT_BYTES = 256 << 20


def rows_of(data: list[Path]) -> list[dict[str, Any]]:
    """Returns the rows of the largest array of objects in the data."""
    arrays = [
        payload.text for path in files_of(data) for payload in payloads_of(path) if payload.kind == "array"
    ]
    for text in sorted(arrays, key=len, reverse=True):
        rows = json.loads(text)
        if all(isinstance(row, dict) for row in rows):
            return list(rows)
    raise SystemExit("the data holds no array of objects")


def array_of(rows: list[dict[str, Any]], size_bytes: int) -> str:
    """Returns an array of about this many bytes."""
    lines, total = [], 0
    for number, row in enumerate(itertools.cycle(rows)):
        lines.append(json.dumps({"number": number, **row}, ensure_ascii=False))
        total += len(lines[-1].encode()) + 2
        if total >= size_bytes:
            return f"[{', '.join(lines)}]"
    raise AssertionError


def wide(columns: int, size_bytes: int) -> str:
    """Returns an array of rows with this many columns, of about this many bytes."""
    count = max(2, size_bytes // (columns * 20))
    return json.dumps([{f"column_{name}": row * name for name in range(columns)} for row in range(count)])


def deep(depth: int, size_bytes: int) -> str:
    """Returns an object of about this many bytes whose members are nested to this depth."""
    inner: Any = [1, "two", None]
    for level in range(depth):
        inner = {f"level_{level}": inner, "more": level}
    count = max(1, size_bytes // len(json.dumps(inner)))
    return json.dumps({f"member_{number}": inner for number in range(count)})


def series(texts: dict[int, str], repeats: int) -> dict[str, Any]:
    """Returns the speed for each text, by the number that varies, and the spread."""
    config = SmartCrusherConfig(max_record_bytes=LIMIT_BYTES)
    speeds: dict[int, float] = {}
    for value, text in texts.items():
        size_bytes = len(text.encode())
        # Small texts are crushed many times in one pass, so that the clock is fine enough.
        count = max(1, 2_000_000 // size_bytes)

        def crush(text: str = text, count: int = count) -> None:
            for _ in range(count):
                SmartCrusher(config, max_memory_bytes=2 * LIMIT_BYTES).crush(text)

        speeds[value] = megabytes_per_second(size_bytes * count, seconds_of(crush, repeats))
    spread = round(min(speeds.values()) / max(speeds.values()), 3)
    return {"mb_per_s": {f"{value:,}": speed for value, speed in speeds.items()}, "spread": spread}


def main() -> None:
    """Measures the three series."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "data", nargs="*", type=Path, help="*.results.jsonl[.zst] or traces; examples/traces if none"
    )
    parser.add_argument("--repeats", type=int, default=3, help="number of passes; the median is printed")
    parser.add_argument("--max-bytes", type=int, default=100_000_000, help="size of the largest array")
    options = parser.parse_args()
    rows = rows_of(options.data)
    sizes = [10**power for power in range(4, 12) if 10**power <= options.max_bytes]
    with one_core():
        result = {
            "benchmark": "scaling",
            "array_bytes": series({size: array_of(rows, size) for size in sizes}, options.repeats),
            "columns": series(
                {columns: wide(columns, 1_000_000) for columns in (3, 10, 30, 100, 300, 1000)},
                options.repeats,
            ),
            "depth": series({depth: deep(depth, 1_000_000) for depth in (2, 10, 50, 200)}, options.repeats),
        }
    show(result)


if __name__ == "__main__":
    main()
