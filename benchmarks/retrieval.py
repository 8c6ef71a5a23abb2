"""Measures lookups in a pipeline on one core, as JSON: by point reads, by a join, and as `auto` chooses.

    python benchmarks/retrieval.py [--megabytes 200]

The store is filled from `examples/traces`, as in `lookup.py`. Figures are seconds of processor time of whole
pipelines on FnApiRunner, each the median of several. `JOIN_S` in
`headroom_beam.transforms.lookup_originals` comes from them.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from typing import Any, get_args

import apache_beam as beam
from common import one_core, show
from lookup import RUN_DATE, batches

from headroom_beam import LookupOriginals, OriginalStore
from headroom_beam.transforms.lookup_originals import Strategy


def refuse(row: Any) -> None:
    """Fails the pipeline: the store has every hash that is looked up."""
    raise AssertionError(f"{row.hash} is {row.reason}")


def look_up(root: str, hashes: Sequence[str], strategy: Strategy) -> float:
    """Looks hashes up in a pipeline, and returns the processor time in seconds."""
    start = time.process_time()
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        result = pipeline | beam.Create(hashes) | LookupOriginals(root, strategy=strategy)
        _ = result.found | "Drop" >> beam.Map(lambda _: None)
        _ = result.missing | "Refuse" >> beam.Map(refuse)
    return time.process_time() - start


def measure(root: str, original_bytes: int, counts: Sequence[int], repeats: int) -> dict[str, Any]:
    """Measures every strategy for every number of hashes, over one store made under `root`."""
    rows = list(batches(original_bytes))
    hashes = [digest.hex()[:24] for batch in rows for digest in batch.column("digest").to_pylist()]
    store = OriginalStore.open(root)
    store.put_many(rows, run_date=RUN_DATE)
    store.write_index()
    result: dict[str, Any] = {
        "benchmark": "retrieval",
        "repeats": repeats,
        **store.size()._asdict(),
        "hashes": {},
    }
    for count in counts:
        asked = random.Random(count).sample(hashes, min(count, len(hashes)))
        result["hashes"][f"{len(asked):,}"] = {
            f"{strategy}_cpu_s": round(
                statistics.median(look_up(root, asked, strategy) for _ in range(repeats)), 3
            )
            for strategy in get_args(Strategy)
        }
    return result


def main() -> None:
    """Measures a store in a temporary directory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=float, default=200, help="originals to store, in 10^6 bytes")
    parser.add_argument(
        "--counts",
        type=int,
        nargs="+",
        default=[1, 100, 300, 1000, 3000, 10_000],
        help="numbers of hashes to look up",
    )
    parser.add_argument("--repeats", type=int, default=3, help="number of passes; the median is printed")
    options = parser.parse_args()
    with one_core(), tempfile.TemporaryDirectory(prefix="headroom-beam-") as folder:
        show(measure(folder, int(options.megabytes * 1e6), options.counts, options.repeats))


if __name__ == "__main__":
    main()
