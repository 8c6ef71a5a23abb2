"""Messages with tool results, and estimates of files with them."""

import json
from pathlib import Path
from typing import Any

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.crush.trace_formats import AUTO, side_files_of
from headroom_beam.files.estimate import estimate_files
from headroom_beam.files.inputs import find_inputs
from headroom_beam.files.sample import plan_sample
from headroom_beam.files.sources import LeftOut

LOG = "a line of a log, number {}\n" * 30
LISTING = [{"id": at, "name": f"file {at * 7919 % 1000}", "mode": "rw"} for at in range(80)]


def message(content: object, *, name: str = "ls") -> bytes:
    """A line with a tool message of `openai`."""
    return json.dumps({"role": "tool", "name": name, "content": content}).encode() + b"\n"


def reply(content: str) -> bytes:
    """A line with a tool result of `anthropic`."""
    part = {"type": "tool_result", "tool_use_id": "t", "content": content}
    return json.dumps({"role": "user", "content": [part]}).encode() + b"\n"


def estimate_of(*inputs: Path, **options: Any) -> dict[str, Any]:
    """The estimate of all of these files, or of a sample of so many bytes."""
    left_out: list[LeftOut] = []
    config = options.get("config") or SmartCrusherConfig()
    sources = find_inputs(
        [str(path) for path in inputs],
        side_files=side_files_of(options.get("trace_format", AUTO)),
        max_bytes=config.max_record_bytes,
        left_out=left_out,
    )
    size = options.pop("sample", None)
    return estimate_files(sources, plan_sample(sources, size), left_out=left_out, **options)
