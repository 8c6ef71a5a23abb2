"""Files beside a session that hold one result each are crushed as one text."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
from helpers.oracles import output_of, tree

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.crush.trace_formats import TraceFormat, read_formats, resolve, side_files_of
from headroom_beam.errors import DigestMismatch
from headroom_beam.files.check_parts import marker_hashes
from headroom_beam.files.manifest import Manifest, read_manifest
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.restore_file import restore_run
from headroom_beam.files.run import run_shards
from headroom_beam.objects.open import open_objects
from headroom_beam.store.check import Problem

ROWS = json.dumps([{"id": number, "name": f"host-{number}", "up": True} for number in range(200)])
LOG = "".join(f"step {number}: wrote block {number * 7919 % 1000} of the archive\n" for number in range(3000))


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    folder = tmp_path / "sessions"
    (folder / "s1" / "tool-results").mkdir(parents=True)
    (folder / "s1.jsonl").write_text('{"sessionId":"s1","type":"user","uuid":"1"}\n')
    for name, text in {
        "a.txt": LOG,
        "b.json": ROWS,
        "c.txt": '<<ccr:of its own\n{"a": [1,',
        "d.txt": "",
    }.items():
        (folder / "s1" / "tool-results" / name).write_text(text)
    (folder / "s1" / "tool-results" / "e.bin").write_bytes(b"\xff\x00" * 900)
    (folder / "s1" / "notes.txt").write_text(LOG)
    return folder


def _run(
    folder: Path, settings: RunSettings, trace_format: str = "claude-code"
) -> tuple[RunSettings, Manifest]:
    settings = RunSettings(settings.output, settings.originals, trace_format=trace_format, explain=True)
    return settings, run_shards([str(folder)], settings)


def test_side_files_are_crushed_and_come_back(sessions: Path, tmp_path: Path, settings: RunSettings) -> None:
    settings, manifest = _run(sessions, settings)
    framings = {part.source: part.framing for part in manifest.parts}
    assert framings == {
        "s1.jsonl": "lines",
        "s1/notes.txt": "copied",
        "s1/tool-results/a.txt": "text",
        "s1/tool-results/b.json": "text",
        "s1/tool-results/c.txt": "text",
        "s1/tool-results/d.txt": "copied",
        "s1/tool-results/e.bin": "copied",
    }
    output = output_of(settings)
    assert (output / "s1/tool-results/b.json").read_text().startswith("[200p]{id,")
    assert len((output / "s1/tool-results/a.txt").read_text()) < len(LOG) / 3
    _, unresolved = restore_run(settings.output, settings.originals, str(tmp_path / "restored"))
    assert unresolved == []
    assert tree(tmp_path / "restored") == tree(sessions)


def test_they_are_counted_explained_and_checked(sessions: Path, settings: RunSettings) -> None:
    settings, manifest = _run(sessions, settings)
    assert manifest.summary["payloads"] == 3
    assert ["s1/tool-results/e.bin", "it is a result of a tool, but"] in [
        [name, note[:29]] for name, note in manifest.summary["notes"]
    ]
    rows = [
        json.loads(line)
        for file in (output_of(settings) / "_explanations").iterdir()
        for line in file.read_text().splitlines()
    ]
    strategies = {row["source"]: row["strategy"] for row in rows}
    assert strategies["s1/tool-results/a.txt"] == "excerpt"
    note = "4 results in it may be cut: the whole ones are in s1/tool-results"
    assert ["s1.jsonl", note] in manifest.summary["notes"]
    problems: list[Problem] = []
    hashes = list(marker_hashes(open_objects(settings.output), problems))
    assert (hashes, problems) == ([hashlib.sha256(LOG.encode()).hexdigest()[:24]], [])


def test_a_changed_compacted_text_is_noticed(sessions: Path, tmp_path: Path, settings: RunSettings) -> None:
    settings, _ = _run(sessions, settings)
    part = output_of(settings) / "s1/tool-results/b.json"
    part.write_text(part.read_text().replace("host-7\n", "host-8\n"))
    with pytest.raises(DigestMismatch):
        restore_run(settings.output, settings.originals, str(tmp_path / "restored"))


@pytest.mark.parametrize("trace_format", ["codex", "json", ".result"])
def test_other_formats_have_no_such_files(sessions: Path, settings: RunSettings, trace_format: str) -> None:
    settings, _ = _run(sessions, settings, trace_format)
    framings = {part.framing for part in read_manifest(open_objects(settings.output)).parts}
    assert "text" not in framings


def test_files_over_the_limit_are_copied(sessions: Path, settings: RunSettings) -> None:
    config = SmartCrusherConfig(max_record_bytes=len(ROWS))
    settings = dataclasses.replace(settings, config=config, side_files=("tool-results/*",))
    manifest = run_shards([str(sessions)], settings)
    texts = [part.source for part in manifest.parts if part.framing == "text"]
    assert texts == ["s1/tool-results/b.json", "s1/tool-results/c.txt"]


def test_patterns_are_those_of_the_given_formats(tmp_path: Path) -> None:
    assert "tool-results/*" in side_files_of("auto")
    assert side_files_of(["codex", "claude-code"]) == ("tool-results/*",)
    assert side_files_of(resolve("auto")) == ()
    own = '[mine]\npaths = [".result"]\nside_files = ["out/*.log"]\n'
    (tmp_path / "own.toml").write_text(own)
    assert side_files_of(str(tmp_path / "own.toml")) == ("out/*.log",)
    assert side_files_of(read_formats(own)["mine"]) == ("out/*.log",)
    assert side_files_of(TraceFormat("mine", (".result",))) == ()
