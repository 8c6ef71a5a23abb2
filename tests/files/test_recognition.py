"""What is recognised is counted for each file, also for members of archives, at any division into shards."""

import dataclasses
import gzip
import json
from pathlib import Path

import pytest
from helpers.mixed import packed_zip

from headroom_beam.crush.trace_formats import TRACE_FORMATS, TraceFormat
from headroom_beam.files.manifest import CompactedPart, Manifest
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.run import run_shards

ROWS = [{"id": at, "name": f"file {at}"} for at in range(40)]
SHAPED = {"call_id": "c1", "tool": "ls", "result": json.dumps(ROWS)}
LIKELY = {"tool": "ls", "result": ROWS}
KNOWN = {"role": "tool", "tool_call_id": "c1", "content": json.dumps(ROWS)}
UNKNOWN = {"notes": [{"title": "nothing"}]}


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def har_of(body: str) -> bytes:
    """A whole archive with one request, whose body is a conversation."""
    request = {"postData": {"mimeType": "application/json", "text": body}}
    return json.dumps({"log": {"version": "1.2", "entries": [{"request": request, "response": {}}]}}).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "found.jsonl").write_bytes(lines(SHAPED, UNKNOWN, KNOWN, LIKELY))
    (folder / "nothing.json").write_bytes(json.dumps(UNKNOWN, indent=1).encode())
    (folder / "notes.txt").write_bytes(b"no JSON")
    (folder / "session.har").write_bytes(har_of(json.dumps({"messages": [KNOWN]})))
    (folder / "members.zip").write_bytes(
        packed_zip({"a.jsonl": lines(KNOWN, UNKNOWN), "b.jsonl": lines(LIKELY), "c.har": har_of("{}")})
    )
    return folder


def run(folder: Path, settings: RunSettings, name: str, **changes: object) -> Manifest:
    root = folder.parent / name
    changed = dataclasses.replace(settings, output=str(root), originals=f"{root}.originals", **changes)
    return run_shards([str(folder)], changed)


def counts(part: CompactedPart) -> tuple[int, ...]:
    return part.records, part.payloads, part.unrecognised, part.likely


def test_payloads_and_unrecognised_records_are_counted_by_file(folder: Path, settings: RunSettings) -> None:
    manifest = run(folder, settings, "auto", trace_format="auto")
    parts = {part.source: part for part in manifest.parts}
    assert {name: counts(part) for name, part in parts.items()} == {
        "found.jsonl": (4, 2, 2, 1),
        "nothing.json": (1, 0, 1, 0),
        "notes.txt": (0, 0, 0, 0),
        "session.har": (1, 1, 0, 0),
        "members.zip": (4, 1, 2, 1),
    }
    assert [(one.payloads, one.unrecognised, one.likely) for one in parts["members.zip"].members] == [
        (1, 1, 0),
        (0, 1, 1),
        (0, 0, 0),
    ]
    assert all(part.formats == [] for part in manifest.parts)
    summary = manifest.summary
    assert (summary["payloads"], summary["unrecognised"], summary["likely"]) == (4, 5, 2)
    assert [file["file"] for file in summary["doubtful_files"]] == [
        "found.jsonl",
        "members.zip",
        "nothing.json",
    ]


def test_files_of_formats_that_must_not_be_put_back_are_named(folder: Path, settings: RunSettings) -> None:
    manifest = run(folder, settings, "auto", trace_format="auto")
    assert manifest.summary["in_place"] == [["session.har", f"har: {TRACE_FORMATS['har'].in_place}"]]
    mine = TraceFormat("mine", (".result",), in_place="its lengths are checked")
    manifest = run(folder, settings, "mine", trace_format=mine)
    assert ["found.jsonl", "mine: its lengths are checked"] in manifest.summary["in_place"]


def test_other_formats_are_tried_where_the_given_one_finds_nothing(
    folder: Path, settings: RunSettings
) -> None:
    manifest = run(folder, settings, "one", trace_format="claude-code")
    formats = {part.source: part.formats for part in manifest.parts}
    assert formats["found.jsonl"] == ["openai", "auto"]
    assert formats["members.zip"] == ["openai"]
    assert formats["session.har"] == ["har"]
    assert formats["nothing.json"] == []
    named = {file["file"]: file["formats"] for file in manifest.summary["doubtful_files"]}
    assert named == {name: found for name, found in formats.items() if name != "notes.txt"}


def test_shards_do_not_matter_to_counts(folder: Path, settings: RunSettings) -> None:
    (folder / "found.jsonl").write_bytes(lines(*[SHAPED, UNKNOWN, KNOWN, LIKELY] * 20))
    summaries = [
        run(folder, settings, f"of {size}", trace_format="auto", shard_bytes=size).summary
        for size in (2_000, 64 << 20)
    ]
    for name in ("payloads", "unrecognised", "likely", "doubtful_files", "in_place"):
        assert summaries[0][name] == summaries[1][name]


def test_a_damaged_file_counts_for_nothing(folder: Path, settings: RunSettings) -> None:
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(lines(*[UNKNOWN] * 9000))[:-9])
    manifest = run(folder, settings, "auto", trace_format="auto")
    (part,) = (part for part in manifest.parts if part.source == "cut.jsonl.gz")
    assert (part.framing, *counts(part)) == ("copied", 0, 0, 0, 0)
    assert manifest.summary["unrecognised"] == 5
