"""Restoring the files of a run: the original bytes, or a typed reason why not."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
from helpers.effort import tries
from helpers.generators import AWKWARD, DROPPING, lines_of, record
from helpers.oracles import tree
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.errors import DigestMismatch, FormatError, StoreError
from headroom_beam.files.manifest import MANIFEST, read_manifest
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.restore_file import restore_run, source_parts
from headroom_beam.files.run import run_shards
from headroom_beam.objects.base import ObjectConflict
from headroom_beam.objects.open import open_objects


@pytest.fixture
def run(tmp_path: Path) -> RunSettings:
    """A finished run over two files."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "records.jsonl").write_bytes(lines_of(20))
    (folder / "awkward.jsonl").write_bytes(AWKWARD)
    settings = RunSettings(
        output=str(tmp_path / "out"),
        originals=str(tmp_path / "originals"),
        trace_format="json",
        shard_bytes=30_000,
        config=DROPPING,
    )
    run_shards([str(folder)], settings)
    return settings


def restore(run: RunSettings, name: str = "restored") -> Path:
    output = Path(run.output).parent / name
    _, unresolved = restore_run(run.output, run.originals, str(output))
    assert unresolved == []
    return output


def test_the_files_of_a_run_come_back(run: RunSettings) -> None:
    assert tree(restore(run)) == {"records.jsonl": lines_of(20), "awkward.jsonl": AWKWARD}


def test_restoring_twice_is_success_and_onto_other_files_an_error(run: RunSettings) -> None:
    output = restore(run)
    assert restore(run) == output
    (output / "records.jsonl").write_bytes(b"mine\n")
    with pytest.raises(ObjectConflict, match=r"records\.jsonl"):
        restore(run)
    assert (output / "records.jsonl").read_bytes() == b"mine\n"


def test_names_of_parts_do_not_matter_to_restore(run: RunSettings) -> None:
    # Only the manifest says which files are parts.
    (Path(run.output) / "records.00009-of-00010.jsonl").write_bytes(b"1\n")
    (Path(run.output) / "another.jsonl").write_bytes(b"1\n")
    assert set(tree(restore(run))) == {"records.jsonl", "awkward.jsonl"}


def test_an_incomplete_run_says_so(run: RunSettings, tmp_path: Path) -> None:
    (Path(run.output) / MANIFEST).unlink()
    with pytest.raises(StoreError, match="incomplete"):
        restore(run)
    with pytest.raises(StoreError, match="no run"):
        source_parts(str(tmp_path / "nowhere"))


def test_a_changed_part_is_found(run: RunSettings) -> None:
    part = Path(run.output) / "awkward.jsonl"
    part.write_bytes(part.read_bytes().replace(b'"return"', b'"RETURN"'))
    with pytest.raises(DigestMismatch, match="isn't what the run wrote"):
        restore(run)
    assert "awkward.jsonl" not in tree(Path(run.output).parent / "restored")


def test_a_part_that_does_not_restore_to_its_source_is_found(run: RunSettings) -> None:
    path = Path(run.output) / MANIFEST
    digest = read_manifest(open_objects(run.output)).parts[0].source_digest
    path.write_text(path.read_text().replace(digest, "0" * 64))
    with pytest.raises(DigestMismatch, match="doesn't restore"):
        restore(run)


def test_a_manifest_that_lacks_a_part_is_found(run: RunSettings) -> None:
    path = Path(run.output) / MANIFEST
    lines = path.read_text().splitlines(keepends=True)
    del lines[2]
    path.write_text("".join(lines))
    with pytest.raises(FormatError, match="no part for bytes"):
        restore(run)


def test_lines_that_cannot_be_restored_are_named_and_their_file_is_not_written(run: RunSettings) -> None:
    for pack in (Path(run.originals) / "packs").iterdir():
        pack.unlink()
    for index in (Path(run.originals) / "index").iterdir():
        index.unlink()
    output = Path(run.output).parent / "restored"
    files, unresolved = restore_run(run.output, run.originals, str(output))
    assert files == []
    assert {row.source for row in unresolved} == {"records.jsonl", "awkward.jsonl"}
    assert {row.kind for row in unresolved} == {"missing"}
    for row in unresolved:
        line = (Path(run.output) / row.part).read_bytes()[row.offset : row.offset + row.length]
        assert row.hash.encode() in line
    assert tree(output) == {}


def test_a_line_of_an_unknown_form_does_not_hide_the_others(run: RunSettings) -> None:
    part = Path(run.output) / "awkward.jsonl"
    bad = part.read_bytes().replace(b"<<ccr:lit>><<ccr:0123456789abcdef01234567 45", b"<<ccr:unknown 45")
    part.write_bytes(bad)
    path = Path(run.output) / MANIFEST
    (old,) = (
        part.compacted_digest
        for part in read_manifest(open_objects(run.output)).parts
        if part.source == "awkward.jsonl"
    )
    path.write_text(path.read_text().replace(old, hashlib.sha256(bad).hexdigest()))
    _, unresolved = restore_run(run.output, run.originals, str(Path(run.output).parent / "restored"))
    assert [(row.source, row.kind) for row in unresolved] == [("awkward.jsonl", "format")]


LINES = st.one_of(
    st.integers(0, 30).map(record),
    st.binary(max_size=30).filter(lambda line: b"\n" not in line),
    st.sampled_from(
        [
            b"",
            b"\r",
            b'"<<ccr:lit>>"',
            b'{"_ccr_dropped":"<<ccr:0123456789abcdef01234567 45_rows_offloaded>>"}',
        ]
    ),
    st.text(max_size=20).map(lambda text: json.dumps([text, "<<ccr:" + text]).encode()),
)


@hypothesis_settings(max_examples=tries(15, 2000))
@given(lines=st.lists(LINES, max_size=12), shard_bytes=st.integers(1, 20_000), limit=st.integers(64, 20_000))
def test_any_file_comes_back(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], shard_bytes: int, limit: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "a.jsonl").write_bytes(b"\n".join(lines))
    settings = RunSettings(
        output=str(folder / "out"),
        originals=str(folder / "originals"),
        trace_format="json",
        shard_bytes=max(shard_bytes, 1 + sum(map(len, lines)) // 8),
        config=SmartCrusherConfig(max_record_bytes=limit, max_tokens=300),
    )
    run_shards([str(folder / "a.jsonl")], settings)
    assert tree(restore(settings)) == {"a.jsonl": b"\n".join(lines)}
    assert dataclasses.asdict(settings.config)["max_record_bytes"] == limit
