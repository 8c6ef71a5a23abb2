"""Measures the store alone, as JSON: writing, cold and warm lookups, and point reads against a scan.

    python benchmarks/lookup.py [--root gs://BUCKET/PREFIX] [--megabytes 200]

The originals are the lines of `examples/traces`, each with a running number before it, repeated until there
are enough. The costs in `headroom_beam.store.lookup` come from `many` in the output.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator

import pyarrow as pa
from common import files_of, show

from headroom_beam import OriginalStore
from headroom_beam.store.lookup import lookup_many, plan_lookup
from headroom_beam.store.resolution import Resolution

RUN_DATE = dt.date(2026, 1, 31)


def batches(original_bytes: int) -> Iterator[pa.RecordBatch]:
    """Yields different originals, as large and as repetitive as real ones, of at least this many bytes."""
    lines = [line for file in files_of([]) for line in file.read_bytes().splitlines()]
    made = number = 0
    while made < original_bytes:
        texts = [b"%d %s" % (number + at, line) for at, line in enumerate(lines)]
        number += len(lines)
        made += sum(map(len, texts))
        yield pa.record_batch(
            {
                "digest": pa.array([hashlib.sha256(text).digest() for text in texts], pa.binary(32)),
                "kind": ["text"] * len(texts),
                "item_count": [0] * len(texts),
                "original": pa.array(texts, pa.large_binary()),
                "tool": ["trace"] * len(texts),
            }
        )


def seconds(work: Callable[[], object]) -> float:
    """Returns the wall-clock time of one call, in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cpu_seconds(work: Callable[[], object]) -> float:
    """Returns the processor time of one call in seconds, the lesser of two.

    Other programs on the machine disturb it less than wall-clock time.
    """
    times = []
    for _ in range(2):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def measure(root: str, original_bytes: int, seed: int) -> dict[str, object]:
    """Returns all figures of one store, which it makes under `root`."""
    rows = list(batches(original_bytes))
    total = sum(batch.column("original").nbytes for batch in rows)
    hashes = [digest.hex()[:24] for batch in rows for digest in batch.column("digest").to_pylist()]
    source = random.Random(seed)
    store = OriginalStore.open(root)
    names: list[str] = []
    put_s = seconds(lambda: names.extend(store.put_many(rows, run_date=RUN_DATE)))
    uncovered = [seconds(lambda: store.get(hash_)) * 1000 for hash_ in source.choices(hashes, k=200)][20:]
    index_s = seconds(store.write_index)
    cold = []
    for hash_ in source.choices(hashes, k=7):
        fresh = OriginalStore.open(root, create=False)
        cold.append(seconds(lambda: fresh.get(hash_)) * 1000)
    warm = OriginalStore.open(root, create=False)
    warm.get(hashes[0])
    singles = [seconds(lambda: warm.get(hash_)) * 1000 for hash_ in source.choices(hashes, k=1000)][100:]
    missing = [seconds(lambda: warm.contains(f"{number:024x}")) * 1000 for number in range(50)]
    size = warm.size()
    curve = []
    for count in sorted(
        {count for count in (1, 10, 30, 100, 300, 1000, 3000, 10000) if count < len(hashes)} | {len(hashes)}
    ):
        asked = source.sample(hashes, count)
        curve.append(
            {
                "hashes": count,
                "points_cpu_s": round(cpu_seconds(lambda: warm.get_many(asked)), 4),
                "scan_cpu_s": round(cpu_seconds(lambda: warm.scan(Resolution(asked))), 4),
                "chosen_s": round(seconds(lambda: lookup_many(warm, asked)), 4),
                "plan": plan_lookup(count, size, request_s=store.objects.request_s)._asdict(),
            }
        )
    cpu_ms = [cpu_seconds(lambda: warm.get(hash_)) * 1000 for hash_ in source.choices(hashes, k=300)]
    return {
        "benchmark": "lookup",
        "root": root.partition("://")[0] if "://" in root else "local",
        "originals": len(hashes),
        "original_bytes": total,
        "packs": size.pack_count,
        "pack_file_bytes": size.pack_file_bytes,
        "row_groups": size.group_count,
        "put_megabytes_per_s": round(total / put_s / 1e6, 1),
        "index_s": round(index_s, 3),
        "cold_ms": round(statistics.median(cold), 2),
        "warm_ms": round(statistics.median(singles), 3),
        "warm_ms_99": round(statistics.quantiles(singles, n=100)[98], 3),
        "uncovered_ms": round(statistics.median(uncovered), 3),
        "missing_ms": round(statistics.median(missing), 3),
        "warm_cpu_ms": round(statistics.median(cpu_ms), 3),
        "many": curve,
    }


def main() -> None:
    """Measures one store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", help="empty root of the store; default: a temporary directory")
    parser.add_argument("--megabytes", type=float, default=200, help="originals to store, in 10^6 bytes")
    parser.add_argument("--seed", type=int, default=1, help="seed of the choice of hashes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        show(measure(options.root or folder, int(options.megabytes * 1e6), options.seed))


if __name__ == "__main__":
    main()
