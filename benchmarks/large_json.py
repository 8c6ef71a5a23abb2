"""Speed and memory of one large JSON text, beside the same messages as JSON Lines.

    python benchmarks/large_json.py [--bytes N] [--indent N] [DATA…]

The messages of the conversations in DATA are repeated until they have N bytes: once as the member `messages`
of one object, once with a message in each line. Each file is crushed, and restored, in a process of its own
on one core, without Beam. The program prints one object of JSON: for both, megabytes per second and the most
memory that the process had, in bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from common import files_of, lines_of, show

MEBIBYTE = 1 << 20
PATHS = [
    root + path
    for root in ("", ".message", ".messages[*]", ".messages[*].message")
    for path in (
        "{role=tool}.content @ .name",
        ".content[*]{type=tool_result}.content:string",
        ".content[*]{type=tool_result}.content[*]{type=text}.text:string",
    )
]


def messages_of(paths: list[Path]) -> list[object]:
    """Returns the messages of all conversations."""
    found: list[object] = []
    for path in paths:
        for line in lines_of(path):
            record = json.loads(line)
            messages = record.get("messages") if isinstance(record, dict) else record
            found += messages if isinstance(messages, list) else []
    if not found:
        raise SystemExit("no conversations with messages")
    return found


def repeated(texts: list[bytes], size_bytes: int) -> Iterator[bytes]:
    """Yields the texts again and again, until they have so many bytes."""
    written = 0
    while written < size_bytes:
        for text in texts:
            yield text
            written += len(text)
            if written >= size_bytes:
                return


def write_files(folder: Path, messages: list[object], size_bytes: int, indent: int | None) -> None:
    """Writes the two files."""
    texts = [json.dumps(message, indent=indent).encode() for message in messages]
    with (folder / "whole.json").open("wb") as file:
        file.write(b'{\n"id": "a run",\n"messages": [\n')
        for number, text in enumerate(repeated(texts, size_bytes)):
            file.write(b",\n" + text if number else text)
        file.write(b'\n],\n"usage": {"tokens": 1}\n}\n')
    lines = [json.dumps(message).encode() + b"\n" for message in messages]
    with (folder / "lines.jsonl").open("wb") as file:
        for line in repeated(lines, size_bytes):
            file.write(line)


def peak_bytes() -> int:
    """Returns the most memory that this process has had; what it was forked from doesn't count."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def measure(source: Path, out: Path) -> None:
    """Crushes and restores one file in this process, and prints what it took."""
    from headroom_beam.files.plan import RunSettings
    from headroom_beam.files.restore_file import restore_run
    from headroom_beam.files.run import run_shards

    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    size = source.stat().st_size / MEBIBYTE
    settings = RunSettings(output=str(out / "out"), originals=str(out / "originals"), trace_format=PATHS)
    start_s = time.process_time()
    manifest = run_shards([str(source)], settings)
    crush_s = time.process_time() - start_s
    memory = peak_bytes()
    start_s = time.process_time()
    _, unresolved = restore_run(settings.output, settings.originals, str(out / "restored"))
    restore_s = time.process_time() - start_s
    if unresolved:
        raise SystemExit(f"{len(unresolved)} lines can't be restored")
    sys.stdout.write(
        json.dumps(
            {
                "megabytes": round(size),
                "framing": manifest.parts[0].framing,
                "records": manifest.summary["records"],
                "tokens_saved": round(
                    1 - manifest.summary["tokens_after"] / manifest.summary["tokens_before"], 3
                ),
                "crush_mb_per_processor_s": round(size / crush_s, 1),
                "restore_mb_per_processor_s": round(size / restore_s, 1),
                "crush_peak_bytes": memory,
                "peak_bytes": peak_bytes(),
            }
        )
    )


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "data", nargs="*", type=Path, help="conversations as JSON Lines; examples/traces if none"
    )
    parser.add_argument("--bytes", type=int, default=2 << 30, help="size of each file (%(default)s)")
    parser.add_argument("--indent", type=int, help="spaces that the whole text is indented by")
    parser.add_argument("--measure", nargs=2, type=Path, help=argparse.SUPPRESS)
    known = parser.parse_args()
    if known.measure:
        measure(*known.measure)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_files(folder, messages_of(files_of(known.data)), known.bytes, known.indent)
        figures = {}
        for name in ("lines.jsonl", "whole.json"):
            (folder / f"{name}.out").mkdir()
            command = [sys.executable, __file__, "--measure", folder / name, folder / f"{name}.out"]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            figures[name] = json.loads(done.stdout)
        show(figures)


if __name__ == "__main__":
    main()
