"""Parts of a run are checked against its manifest: hashes of markers, and changed or missing parts."""

from pathlib import Path

import pytest
from helpers.generators import AWKWARD, lines_of
from helpers.oracles import output_of

from headroom_beam import _core
from headroom_beam.errors import StoreError
from headroom_beam.files.check_parts import marker_hashes
from headroom_beam.files.manifest import MANIFEST
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.run import run_shards
from headroom_beam.objects.open import open_objects
from headroom_beam.store.check import Problem


@pytest.fixture
def output(tmp_path: Path, settings: RunSettings) -> Path:
    """The output folder of a run over two files."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "records.jsonl").write_bytes(lines_of(20))
    (folder / "awkward.jsonl").write_bytes(AWKWARD)
    run_shards([str(folder)], settings)
    return output_of(settings)


def checked(output: Path) -> tuple[list[str], list[Problem]]:
    problems: list[Problem] = []
    return list(marker_hashes(open_objects(output), problems)), problems


def hashes_in(*parts: Path) -> list[str]:
    return [hash_ for part in parts for hash_ in _core.markers(part.read_bytes()).column("hash").to_pylist()]


def test_every_marker_of_every_part_is_given(output: Path) -> None:
    hashes, problems = checked(output)
    assert len(hashes) > 20
    assert sorted(hashes) == sorted(hashes_in(*output.glob("*.jsonl")))
    assert problems == []


def test_a_missing_part_is_lost_and_the_others_are_read(output: Path) -> None:
    (output / "records.jsonl").unlink()
    hashes, (problem,) = checked(output)
    assert (problem.kind, problem.name) == ("lost", f"{output}/records.jsonl")
    assert hashes == hashes_in(output / "awkward.jsonl")


def test_a_part_with_other_bytes_is_corrupt_and_its_hashes_are_given(output: Path) -> None:
    part = output / "awkward.jsonl"
    part.write_bytes(part.read_bytes().replace(b'"return"', b'"RETURN"'))
    hashes, (problem,) = checked(output)
    assert (problem.kind, problem.name) == ("corrupt", f"{output}/awkward.jsonl")
    assert sorted(hashes) == sorted(hashes_in(*output.glob("*.jsonl")))


def test_a_marker_of_an_unknown_form_makes_its_part_corrupt(output: Path) -> None:
    part = output / "records.jsonl"
    part.write_bytes(part.read_bytes().replace(b"<<ccr:", b"<<ccr:?", 1))
    _, (problem,) = checked(output)
    assert (problem.kind, problem.name) == ("corrupt", f"{output}/records.jsonl")


def test_a_run_without_a_manifest_is_refused(output: Path) -> None:
    (output / MANIFEST).unlink()
    with pytest.raises(StoreError, match="incomplete"):
        checked(output)
