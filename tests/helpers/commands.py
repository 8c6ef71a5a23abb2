"""Arguments of commands, and the file that their tests crush."""

import json
from pathlib import Path
from typing import NamedTuple

DATAFLOW = [
    "--runner=DataflowRunner",
    "--dry_run=True",
    "--no_auth",
    "--project=some-project",
    "--region=us-central1",
    "--temp_location=gs://some-bucket/temp",
    "--staging_location=gs://some-bucket/staging",
]
"""Options that translate a pipeline for Dataflow without a network."""

NOT_TEXT = b'{"broken": "\xff\xfe'
BLOB = "0123456789" * 100_000
LINES = [
    json.dumps(
        {
            "tool": "ls",
            "result": [{"name": f"file {n}", "size_bytes": n * 37, "mode": "rw"} for n in range(80)],
        }
    ),
    "",
    json.dumps({"tool": "cat", "result": {"path": "a", "text": BLOB}}),
]
TRACE = "\n".join(LINES).encode() + b"\n" + NOT_TEXT
"""A file with a payload that becomes a table, one that goes to the store, and a line that is no text."""

TRACE_FORMAT = ("--trace_format", ".result @ .tool")
"""The options that name the payloads of `TRACE`."""


def crush_arguments(inputs: Path, *more: str) -> list[str]:
    """Returns arguments that crush whole records into folders beside the inputs."""
    root = inputs.parent
    return [
        *("--input", str(inputs), "--output", str(root / "out"), "--originals", str(root / "originals")),
        *("--max_tokens", "300", "--trace_format", "json"),
        *more,
    ]


def restore_arguments(inputs: Path, *more: str) -> list[str]:
    """Returns arguments that restore the run of `crush_arguments`."""
    root = inputs.parent
    return [
        *("--input", str(root / "out"), "--originals", str(root / "originals")),
        *("--output", str(root / "restored")),
        *more,
    ]


class CrushedTrace(NamedTuple):
    """A run over `TRACE`: the paths of its input, its output and its store."""

    input: Path
    output: Path
    originals: Path

    def arguments(self, *more: str) -> list[str]:
        files = ["--input", str(self.input), "--output", str(self.output)]
        return [*files, "--originals", str(self.originals), *more]

    def check(self, *more: str) -> list[str]:
        return ["check", "--input", str(self.output), "--originals", str(self.originals), *more]

    def pack(self) -> Path:
        (pack,) = self.originals.glob("packs/*.parquet")
        return pack
