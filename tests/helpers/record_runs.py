"""A finished run over one file with records, and lines that are none, in several parts."""

import json
from pathlib import Path
from typing import Any

from helpers.generators import compress

from headroom_beam import OriginalStore, SmartCrusherConfig
from headroom_beam.files.find_record import parse_place
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.record_view import RecordView, view_record
from headroom_beam.files.run import run_shards

LOG = "a line of a log, number {}\n" * 400
LISTING = [{"id": at, "name": f"file {at * 7919 % 1000}", "mode": "rw"} for at in range(80)]
BLOB = "0123456789abcdef" * 2000
HOSTILE = "\x1b]0;owned\x07 \x1b[2J\r\u202e\x9b31m "


def line_of(*results: object, **more: object) -> bytes:
    """A record with a payload for each result."""
    return json.dumps(
        {"steps": [{"tool": f"tool {at}", "out": one} for at, one in enumerate(results)], **more}
    ).encode()


LINES = [
    line_of(json.dumps(LISTING), LISTING, "ok", {"log": LOG, "rows": LISTING}, id=1),
    b"",
    b"broken \xff\x1b[2J",
    b"\xef\xbb\xbf" + line_of(LOG, id=2) + b"\r",
    line_of("ok"),
    json.dumps({"none": 1}).encode(),
    line_of(BLOB),
    line_of(HOSTILE + LOG, LOG + HOSTILE, HOSTILE * 3),
    line_of("x " * 60_000),
]
FILE = b"\n".join(LINES)


class FolderRun:
    """A run over a folder of any files, whose records can be viewed."""

    def __init__(self, root: Path, files: dict[str, bytes], **options: Any) -> None:
        self.input = root / "in"
        for name, data in files.items():
            (self.input / name).parent.mkdir(parents=True, exist_ok=True)
            (self.input / name).write_bytes(data)
        config = SmartCrusherConfig(**{"max_tokens": 200, **options.pop("config", {})})
        options = {"trace_format": "auto", **options}
        self.settings = RunSettings(str(root / "out"), str(root / "originals"), config=config, **options)
        self.manifest = run_shards([str(self.input)], self.settings)
        self.store = OriginalStore.open(self.settings.originals)

    def view(self, place: str) -> RecordView:
        """The record at a place, as the command line names it."""
        return view_record(self.settings.output, parse_place(place))


class RecordRun:
    """A run over `FILE`, in several parts, whose records can be viewed."""

    def __init__(self, root: Path, suffix: str = ".jsonl", data: bytes = FILE, **options: Any) -> None:
        self.name = f"deep/trace{suffix}"
        self.input = root / "in" / self.name
        self.input.parent.mkdir(parents=True)
        self.input.write_bytes(compress(data, suffix))
        options = {"trace_format": ".steps[*].out @ .tool", "shard_bytes": 20_000, **options}
        config = {"max_tokens": 200, "max_record_bytes": 100_000, **options.pop("config", {})}
        self.settings = RunSettings(
            output=str(root / "out"),
            originals=str(root / "originals"),
            config=SmartCrusherConfig(**config),
            **options,
        )
        self.manifest = run_shards([str(root / "in")], self.settings)
        self.store = OriginalStore.open(self.settings.originals)

    def view(self, place: str) -> RecordView:
        """The record at a place, as the command line names it."""
        return view_record(self.settings.output, parse_place(place))
