"""Measures the speed from files to files: the pipeline, a bare loop, and a naive pipeline with headroom-ai.

    python benchmarks/pipeline.py --peer .venv-peer/bin/python [DATA…]

* `bare` reads blocks, crushes them, and writes the compacted lines and the packs. It reads nothing back, and
  has no fsync, no manifest and no Beam. Its imports of this package count.
* `ours` is `pipelines.crush`, which has all of these. It runs on FnApiRunner, to which DirectRunner falls
  back where Prism isn't installed. Imports don't count.
* `ours_on_all_cores` is the same without the limit to one core.
* `naive` is `peer_pipeline.py`. Imports don't count.

Each run is a process of its own. Small inputs are copied until they are large enough to measure. All runs
read the same files.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import arguments, files_of, lines_of, megabytes_per_second, one_core, show

from headroom_beam.crush.trace_formats import resolve

WORKER = Path(__file__).resolve().parent / "peer_pipeline.py"
FORMATS = (".result @ .tool", *resolve("openai"), *resolve("anthropic"))


def bare(source: Path, target: Path) -> None:
    """Crushes files without Beam and without any guarantee."""
    from headroom_beam import SmartCrusherConfig, _core
    from headroom_beam.crush.config import options_for
    from headroom_beam.files.blocks import Block, chunks_of, cut_blocks
    from headroom_beam.store.pack_builder import PackBuilder

    options = options_for(SmartCrusherConfig(), FORMATS)
    builder = PackBuilder(run_date=dt.datetime.now(dt.timezone.utc).date())
    packs = 0

    def write_packs(encoded: Any) -> None:
        nonlocal packs
        for data in encoded:
            (target / f"{packs}.parquet").write_bytes(data)
            packs += 1

    for path in sorted(source.glob("*.jsonl")):
        with path.open("rb") as file, (target / path.name).open("wb") as compacted:
            for block in cut_blocks(chunks_of(iter(lambda file=file: file.read(1 << 20), b""))):
                assert isinstance(block, Block)
                crushed = _core.crush_block(block.data, options)
                compacted.write(crushed.lines())
                write_packs(builder.add(crushed.originals()))
    write_packs(builder.finish())


def ours(source: Path, target: Path) -> None:
    """Runs the pipeline of the command line."""
    from headroom_beam.cli import crush

    roots = [
        "--input",
        f"{source}/*.jsonl",
        "--output",
        f"{target}/out",
        "--originals",
        f"{target}/originals",
    ]
    exit_code = crush.main([*roots, "--trace_format", *FORMATS])
    if exit_code:
        raise SystemExit(exit_code)


CHILDREN: dict[str, Callable[[Path, Path], None]] = {"bare": bare, "ours": ours}


def run_child(name: str, source: Path, target: Path) -> None:
    """Runs one way in this process, and prints its seconds and its peak of memory in bytes."""
    if name == "ours":
        # Importing Beam takes seconds, and must not count.
        import headroom_beam.cli.crush  # noqa: F401
    start = time.perf_counter()
    with contextlib.redirect_stdout(sys.stderr):
        CHILDREN[name](source, target)
    seconds = time.perf_counter() - start
    print(
        json.dumps(
            {"seconds": seconds, "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
        )
    )


def measure(name: str, command: list[str], target: Path, repeats: int) -> tuple[list[float], int]:
    """Runs a command several times, each time with an empty target folder.

    Returns:
        The seconds of each run, and the largest peak of memory in bytes: 0 if the command prints none.
    """
    seconds: list[float] = []
    peak_bytes = 0
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    for number in range(repeats):
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        print(f"{name} {number + 1} of {repeats} …", file=sys.stderr)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
        answer = json.loads(done.stdout.splitlines()[-1])
        if isinstance(answer, dict):
            peak_bytes = max(peak_bytes, answer["peak_bytes"])
            answer = answer["seconds"]
        seconds.append(answer)
    return seconds, peak_bytes


def prepare(data: list[Path], folder: Path, min_bytes: int) -> tuple[int, int]:
    """Writes the input files, decompressed. Returns their size in bytes and the copies of each."""
    files = files_of(data)
    size_bytes = 0
    for path in files:
        name = path.name.removesuffix(".zst")
        with (folder / name).open("wb") as file:
            for line in lines_of(path):
                file.write(line)
        size_bytes += (folder / name).stat().st_size
    copies = max(1, -(-min_bytes // size_bytes))
    for path in sorted(folder.iterdir()):
        for number in range(1, copies):
            shutil.copyfile(path, folder / f"copy{number:03}-{path.name}")
    return size_bytes * copies, copies


def main() -> None:
    """Measures all ways on the same files."""
    parser = arguments(__doc__)
    parser.add_argument(
        "--min-bytes", type=int, default=64_000_000, help="copy the input until it has this size"
    )
    parser.add_argument(
        "--child", choices=CHILDREN, help="internal: run one way from folder DATA[0] to folder DATA[1]"
    )
    options = parser.parse_args()
    if options.child:
        run_child(options.child, *options.data)
        return
    with tempfile.TemporaryDirectory(prefix="headroom-beam-") as folder:
        source, target = Path(folder, "in"), Path(folder, "out")
        source.mkdir()
        size_bytes, copies = prepare(options.data, source, options.min_bytes)
        itself = [sys.executable, __file__, "--peer", options.peer, str(source), str(target)]
        commands = {
            "bare": [*itself, "--child", "bare"],
            "ours": [*itself, "--child", "ours"],
            "ours_on_all_cores": [*itself, "--child", "ours"],
            "naive": [options.peer, str(WORKER), f"{source}/*.jsonl", f"{target}/compacted"],
        }
        result: dict[str, Any] = {
            "benchmark": "pipeline",
            "bytes": size_bytes,
            "copies": copies,
            "repeats": options.repeats,
        }
        for name, command in commands.items():
            with contextlib.nullcontext() if name.endswith("_on_all_cores") else one_core():
                seconds, peak_bytes = measure(name, command, target, options.repeats)
            result[name] = {
                "mb_per_s": megabytes_per_second(size_bytes, seconds),
                "seconds": [round(s, 3) for s in seconds],
            }
            if peak_bytes:
                result[name]["peak_bytes"] = peak_bytes
    result["ours_to_bare"] = round(result["ours"]["mb_per_s"] / result["bare"]["mb_per_s"], 3)
    result["ours_to_naive"] = round(result["ours"]["mb_per_s"] / result["naive"]["mb_per_s"], 1)
    show(result)


if __name__ == "__main__":
    main()
