"""Measures records as elements of a pipeline on one core, as JSON: what crushing, steps and Beam cost.

    python benchmarks/records.py [DATA…]

`small` are made-up records of some 110 bytes, `traces` are the lines of DATA. Each is measured in these ways:

* `native`: the crusher alone;
* `crush_batch`: the crusher, and its results as rows;
* `pipeline`: Beam with one step that does nothing;
* `crush`: Beam with `CrushRecords`;
* `crush_and_store`: the same with a store;
* `restore_batch`: the compacted records restored, without Beam;
* `restore`: the same in Beam, by `RestoreRecords`.

Each figure is the median of several passes. Starting a pipeline takes about a second. To learn the rate of a
long run, measure tens of megabytes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
from common import files_of, lines_of, megabytes_per_second, one_core, seconds_of, show

from headroom_beam import CrushRecords, OriginalStore, RestoreRecords, SmartCrusherConfig, _core
from headroom_beam.crush.batch import crush_batch
from headroom_beam.crush.config import options_for
from headroom_beam.crush.trace_formats import resolve
from headroom_beam.restore.batch import restore_batch

RUN_DATE = dt.date(2026, 1, 31)
BLOCK_RECORDS = 500
FORMATS = (".result @ .tool", *resolve("openai"), *resolve("anthropic"))


def small_records(count: int) -> list[bytes]:
    """Returns different records of some 110 bytes, such as a service logs for its requests."""
    return [
        b'{"id":%d,"ts":%d,"msg":"request %d done","level":"info","dur":%d,"path":"/api/v1/items/%d"}'
        % (number, 1_700_000_000 + number, number, number * 37 % 1009, number % 977)
        for number in range(count)
    ]


def trace_records(data: list[Path], min_bytes: int) -> list[bytes]:
    """Returns the lines of the data, repeated until they have at least this many bytes."""
    lines = [line.rstrip(b"\n") for path in files_of(data) for line in lines_of(path) if line.strip()]
    return lines * -(-min_bytes // sum(map(len, lines)))


def in_pipeline(elements: list[Any], step: Callable[[Any], Any]) -> None:
    """Runs a step over elements in this process, and drops its output."""
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        _ = step(pipeline | beam.Create(elements, reshuffle=False)) | "Drop" >> beam.Map(lambda _: None)


def measure(records: list[bytes], paths: tuple[str, ...], folder: str, repeats: int) -> dict[str, Any]:
    """Measures every way on the same records."""
    Path(folder).mkdir()
    options = options_for(SmartCrusherConfig(), paths or "json")
    batch = crush_batch(records, options)
    compacted = [row.record for _, row in batch.compacted]
    store = OriginalStore.open(f"{folder}/restore")
    store.put_many(batch.originals, run_date=RUN_DATE)
    store.write_index()
    if restore_batch(compacted, store) != [records[at] for at, _ in batch.compacted]:
        raise SystemExit("restoring didn't give the records back")

    def native() -> None:
        for start in range(0, len(records), BLOCK_RECORDS):
            block = pa.array(records[start : start + BLOCK_RECORDS], pa.large_binary())
            _core.crush_records(block, options).records()

    def crush(originals: str | None = None) -> None:
        transform = CrushRecords(trace_format=paths or "json", originals=originals, run_date=RUN_DATE)
        in_pipeline(records, lambda pcollection: (pcollection | transform).compacted)

    def crush_and_store() -> None:
        crush(tempfile.mkdtemp(dir=folder))

    ways: dict[str, Callable[[], object]] = {
        "native": native,
        "crush_batch": lambda: crush_batch(records, options),
        "pipeline": lambda: in_pipeline(
            records, lambda pcollection: pcollection | beam.Map(lambda record: record)
        ),
        "crush": crush,
        "crush_and_store": crush_and_store,
        "restore_batch": lambda: restore_batch(compacted, store),
        "restore": lambda: in_pipeline(compacted, lambda rows: (rows | RestoreRecords(store.root)).restored),
    }
    size_bytes = sum(map(len, records))
    result: dict[str, Any] = {"records": len(records), "bytes": size_bytes}
    for name, way in ways.items():
        seconds = seconds_of(way, repeats)
        result[name] = {
            "mb_per_s": megabytes_per_second(size_bytes, seconds),
            "us_per_record": round(statistics.median(seconds) / len(records) * 1e6, 1),
        }
    return result


def main() -> None:
    """Measures small records and traces."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="*", type=Path, help="traces; examples/traces if none")
    parser.add_argument("--repeats", type=int, default=5, help="number of passes; the median is printed")
    parser.add_argument(
        "--max-bytes", type=int, default=8_000_000, help="about how many bytes to measure of each kind"
    )
    options = parser.parse_args()
    kinds = {
        "small": (small_records(max(1, options.max_bytes // 110)), ()),
        "traces": (trace_records(options.data, options.max_bytes), FORMATS),
    }
    result: dict[str, Any] = {"benchmark": "records", "repeats": options.repeats}
    with one_core(), tempfile.TemporaryDirectory(prefix="headroom-beam-") as folder:
        for kind, (records, paths) in kinds.items():
            result[kind] = measure(records, paths, f"{folder}/{kind}", options.repeats)
    show(result)


if __name__ == "__main__":
    main()
