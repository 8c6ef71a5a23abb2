"""Runs over folders as people have them: the same tree comes out, and comes back byte for byte."""

import dataclasses
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.generators import DROPPING, RUN_DATE, lines_of, record
from helpers.mixed import contents, document, mixed_folder, packed_tar, packed_zip
from helpers.oracles import tree

from headroom_beam.cli.main import main
from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.errors import StoreError
from headroom_beam.files import crush_shard
from headroom_beam.files.manifest import CompactedPart, Manifest
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.restore_file import restore_run
from headroom_beam.files.run import run_shards


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "in"


def run(folder: Path, settings: RunSettings) -> tuple[Manifest, dict[str, bytes]]:
    """Crushes and restores a folder; gives the manifest and the restored files."""
    manifest = run_shards([str(folder)], settings)
    restored = folder.parent / "restored"
    _, unresolved = restore_run(settings.output, settings.originals, str(restored))
    assert unresolved == []
    return manifest, contents(restored)


def part_of(manifest: Manifest, name: str) -> CompactedPart:
    (part,) = (part for part in manifest.parts if part.source == name)
    return part


@pytest.mark.parametrize("trace_format", ["json", ".messages[*]{role=tool}.content"])
def test_a_mixed_folder_comes_out_as_the_same_tree_and_comes_back(
    folder: Path, settings: RunSettings, trace_format: str
) -> None:
    settings = dataclasses.replace(settings, trace_format=trace_format)
    mixed_folder(folder)
    manifest, restored = run(folder, settings)
    before = contents(folder)
    assert len(before) > 100
    assert restored == before
    compacted = {name for name in tree(Path(settings.output)) if not name.startswith("_")}
    assert compacted == set(before)
    framings = {Path(part.source).name: part.framing for part in manifest.parts}
    for name in ("picture.png", "notes.md", "store.db", "empty", "cut.gz"):
        assert framings[name] == "copied"
    for name in ("lines", "lines.ndjson", "session.log.gz", "awkward.traj", "one line.json", "blank.json"):
        assert framings[name] == "lines", name
    for name in ("indented.json", "tabs.json", "concatenated.json", "no.suffix", "byte order mark.json"):
        assert framings[name] == "document", name
    assert framings["rows.parquet"] == "parquet"
    assert framings["cut.parquet"] == framings["numbers.parquet"] == "copied"
    assert framings["run.eval"] == framings["zstd.eval"] == "zip"
    assert framings["logs.tar"] == framings["logs.tar.gz"] == "tar"
    assert manifest.summary["copied"] == sum(framing == "copied" for framing in framings.values()) * 5
    assert manifest.summary["bytes_after"] < manifest.summary["bytes_before"] * 0.8
    assert main(["check", "--originals", settings.originals, "--input", settings.output]) == 0


def test_whole_file_json_is_one_record_however_it_is_laid_out(folder: Path, settings: RunSettings) -> None:
    folder.mkdir()
    (folder / "a.json").write_bytes(document(1, indent=4))
    (folder / "b.json").write_bytes(document(1) + document(2))
    manifest, _ = run(folder, settings)
    assert [(part.records, part.failures) for part in manifest.parts] == [(1, 0), (2, 0)]
    assert manifest.summary["failures"] == {}
    compacted = (Path(settings.output) / "a.json").read_bytes()
    assert list(json.loads(compacted)) == ["id", "messages", "tags"]
    assert len(compacted) < len(document(1, indent=4)) / 2


def test_a_long_text_is_crushed_element_by_element_to_the_same_bytes(
    folder: Path, settings: RunSettings
) -> None:
    folder.mkdir()
    data = document(1, messages=40)
    (folder / "long.json").write_bytes(data)
    settings = dataclasses.replace(settings, trace_format=".messages[*]{role=tool}.content")
    whole, restored = run(folder, settings)
    config = dataclasses.replace(DROPPING, max_record_bytes=10_000)
    other = dataclasses.replace(
        settings, output=settings.output + "2", originals=settings.originals + "2", config=config
    )
    cut = run_shards([str(folder)], other)
    assert restored == {"long.json": data}
    assert (whole.parts[0].framing, cut.parts[0].framing) == ("document", "elements")
    assert len(cut.parts[0].opened) == 2
    assert cut.summary["records"] > 40
    assert tree(Path(other.output))["long.json"] == tree(Path(settings.output))["long.json"]
    files, unresolved = restore_run(other.output, other.originals, str(folder.parent / "restored2"))
    assert ([file.name for file in files], unresolved) == (["long.json"], [])
    assert contents(folder.parent / "restored2") == {"long.json": data}


@pytest.mark.parametrize("limit", [400, 3000, 1 << 20])
def test_a_file_cut_off_anywhere_comes_back(folder: Path, settings: RunSettings, limit: int) -> None:
    data = document(3, messages=2)
    folder.mkdir()
    for stop in range(1, len(data), len(data) // 150):
        (folder / f"{stop:06}.json").write_bytes(data[:stop])
    config = SmartCrusherConfig(max_record_bytes=limit, max_tokens=300)
    manifest, restored = run(folder, dataclasses.replace(settings, config=config))
    assert restored == contents(folder)
    documents = [part for part in manifest.parts if part.framing in ("document", "elements")]
    assert len(documents) > 140
    assert all(part.note for part in documents)
    assert all(part.tail is not None or part.failures == 0 for part in documents)
    assert main(["check", "--originals", settings.originals, "--input", settings.output]) == 0


def test_a_long_broken_rest_and_long_strings_go_to_the_store_in_pieces(
    folder: Path, settings: RunSettings
) -> None:
    folder.mkdir()
    long = b'"' + b"x" * 20_000_000 + b'"'
    data = b'{\n"a": [1, ' + long + b"],\n" + document(1)[1:-1] + b"]}\n" + b"garbage " * 3_000_000
    (folder / "a.json").write_bytes(data)
    settings = dataclasses.replace(settings, config=SmartCrusherConfig(max_record_bytes=100_000))
    manifest, restored = run(folder, settings)
    assert restored == {"a.json": data}
    (part,) = manifest.parts
    assert manifest.summary["failures"] == {"too_large": 1, "invalid_json": 1}
    assert part.tail is not None
    lines = (Path(settings.output) / "_failures" / "00000.jsonl").read_text().splitlines()
    for failure in map(json.loads, lines):
        assert len(failure["hashes"]) == 3
        assert data[failure["offset"] : failure["offset"] + failure["length"]] in (
            long,
            data[failure["offset"] :],
        )


def test_links_pipes_and_files_without_a_usable_name_are_named(folder: Path, settings: RunSettings) -> None:
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(record(1))
    (folder / "to a file").symlink_to("a.jsonl")
    (folder / "to a folder").symlink_to(folder.parent)
    (folder / "to nothing").symlink_to("gone")
    os.mkfifo(folder / "pipe")
    (folder / "line\nbreak").write_bytes(b"x")
    (folder / ".tmp-1").write_bytes(b"x")
    manifest, restored = run(folder, settings)
    assert restored == {"a.jsonl": record(1), "to a file": record(1)}
    left_out = dict(manifest.left_out)
    assert set(left_out) == {"to a folder", "to nothing", "pipe", "line\nbreak", ".tmp-1"}
    assert "isn't followed" in left_out["to a folder"]
    assert manifest.summary["left_out"] == 5
    assert "was a link" in part_of(manifest, "to a file").note


def after_the_plan(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Changes the input when the plan is made and nothing is read."""
    crush = crush_shard.crush_shard

    def changing(*arguments: object) -> object:
        change()
        return crush(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("headroom_beam.files.run.crush_shard", changing)


def test_a_file_that_grows_is_taken_as_it_was(
    folder: Path, settings: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    path, other = folder / "live.jsonl", folder / "live.json"
    path.write_bytes(lines_of(2))
    other.write_bytes(document(1)[:-3])
    before = contents(folder)

    def grow() -> None:
        for name in (path, other):
            with name.open("ab") as file:
                file.write(lines_of(1))

    after_the_plan(monkeypatch, grow)
    manifest, restored = run(folder, settings)
    assert restored == before
    assert all("has grown" in part.note for part in manifest.parts)


def test_a_file_that_goes_or_cannot_be_read_is_left_out_and_the_others_are_crushed(
    folder: Path, settings: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    for name in ("a.jsonl", "b.json", "c.jsonl"):
        (folder / name).write_bytes(record(1))
    after_the_plan(monkeypatch, (folder / "b.json").unlink)
    detected = "headroom_beam.files.detect.detected"
    from headroom_beam.files.detect import detected as detect

    def refuse(objects: object, source: object) -> object:
        if getattr(source, "name", "") == "c.jsonl":
            raise StoreError("read c.jsonl: Permission denied")
        return detect(objects, source)  # type: ignore[arg-type]

    monkeypatch.setattr(detected, refuse)
    manifest, restored = run(folder, settings)
    assert set(restored) == {"a.jsonl"}
    assert dict(manifest.left_out) == {
        "b.json": "it is gone since the run was planned",
        "c.jsonl": "it can't be read",
    }


def test_a_damaged_file_of_a_folder_is_copied_and_leaves_no_counts(
    folder: Path, settings: RunSettings
) -> None:
    import gzip

    folder.mkdir()
    (folder / "a.jsonl").write_bytes(record(1))
    damaged = gzip.compress(b"not JSON\n" + lines_of(400))[:-30]
    (folder / "b.jsonl.gz").write_bytes(damaged)
    broken_zip = packed_zip({"a.json": document(1), "b.json": os.urandom(1000)})
    middle = broken_zip.index(b"b.json") + 100
    (folder / "c.zip").write_bytes(broken_zip[:middle] + b"XX" + broken_zip[middle + 2 :])
    manifest = run_shards([str(folder)], settings)
    assert (manifest.summary["records"], manifest.summary["failures"]) == (1, {})
    assert [part.framing for part in manifest.parts] == ["lines", "copied", "copied"]
    assert (Path(settings.output) / "b.jsonl.gz").read_bytes() == damaged
    assert all("damaged" in part.note for part in manifest.parts[1:])
    assert not (Path(settings.output) / "_failures").exists()


def test_the_same_folder_gives_the_same_output(folder: Path, settings: RunSettings) -> None:
    mixed_folder(folder, 20)
    settings = dataclasses.replace(settings, run_date=RUN_DATE)
    run_shards([str(folder)], settings)
    other = dataclasses.replace(settings, output=settings.output + "2")
    run_shards([str(folder)], other)
    assert tree(Path(settings.output)) == tree(Path(other.output))


@pytest.mark.parametrize("at", range(1, 9))
def test_a_run_over_a_mixed_folder_that_is_killed_is_finished_by_the_next(
    folder: Path, settings: RunSettings, at: int
) -> None:
    mixed_folder(folder, 20)
    settings = dataclasses.replace(settings, run_date=RUN_DATE, shard_bytes=600_000)
    expected = dataclasses.replace(settings, output=settings.output + "2")
    run_shards([str(folder)], expected)
    if (process := os.fork()) == 0:
        link, made = os.link, 0

        def dying_link(source: str, target: str, **options: bool) -> None:
            nonlocal made
            link(source, target, **options)
            made += str(target).startswith(settings.output)
            if made == at * 4:
                os.kill(os.getpid(), signal.SIGKILL)

        os.link = dying_link  # type: ignore[assignment]
        try:
            run_shards([str(folder)], settings)
        finally:
            os._exit(0)
    os.waitpid(process, 0)
    _, restored = run(folder, settings)
    assert restored == contents(folder)
    assert tree(Path(settings.output)) == tree(Path(expected.output))


def test_names_of_a_runs_own_files_and_a_store_inside_are_refused(
    folder: Path, settings: RunSettings
) -> None:
    folder.mkdir()
    (folder / "_manifest.json").write_bytes(b"{}")
    with pytest.raises(ValueError, match="rename"):
        run_shards([str(folder)], settings)
    (folder / "_manifest.json").unlink()
    (folder / "a.jsonl").write_bytes(record(1))
    inside = dataclasses.replace(settings, originals=str(folder / "originals"))
    with pytest.raises(ValueError, match="folder outside"):
        run_shards([str(folder)], inside)


def test_archives_that_were_named_and_are_none_are_copied(tmp_path: Path, settings: RunSettings) -> None:
    (tmp_path / "a.tar").write_bytes(packed_tar({"a.json": document(1)})[:-9000])
    manifest = run_shards([str(tmp_path / "a.tar")], settings)
    assert [(part.framing, bool(part.note)) for part in manifest.parts] == [("copied", True)]
