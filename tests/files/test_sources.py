"""Input files: read as they were when the run was planned, or with a note that they weren't."""

import gzip
from pathlib import Path

import pytest
from helpers.generators import lines_of

from headroom_beam.errors import IntegrityError, StoreError
from headroom_beam.files.sources import Source, check_version, head_of, read_chunks
from headroom_beam.objects.open import open_objects


def source_of(path: Path, *, named: bool = False) -> Source:
    info = open_objects(path.parent).info(path.name)
    assert info is not None
    return Source(str(path.parent), path.name, info.size_bytes, info.version, named=named)


def read(source: Source, first: int = 0) -> bytes:
    chunks = list(read_chunks(source, first=first))
    assert [chunk.offset for chunk in chunks[:1]] == [first] * bool(chunks)
    return b"".join(chunk.data for chunk in chunks)


@pytest.mark.parametrize("named", [True, False])
def test_a_file_is_read_from_any_byte_on(tmp_path: Path, named: bool) -> None:
    data = lines_of(300)
    (tmp_path / "a").write_bytes(data)
    source = source_of(tmp_path / "a", named=named)
    for first in (0, 1, 1_500_000 % len(data), len(data)):
        assert read(source, first) == data[first:]


def test_a_file_of_a_folder_that_grows_is_read_as_far_as_it_went(tmp_path: Path) -> None:
    for name in ("a", "b.jsonl.gz"):
        path = tmp_path / name
        data = gzip.compress(lines_of(2)) if name.endswith("gz") else lines_of(2)
        path.write_bytes(data)
        source = source_of(path)
        notes: list[str] = []
        check_version(source, notes)
        assert notes == []
        path.write_bytes(data + data)
        assert read(source) == lines_of(2)
        check_version(source, notes)
        assert f"its first {len(data)} bytes" in notes[0]
        with pytest.raises(StoreError, match="has changed since"):
            check_version(source._replace(named=True), notes)


def test_a_file_that_was_rewritten_or_went_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    source = source_of(path)
    notes: list[str] = []
    path.write_bytes(b"12")
    check_version(source, notes)
    path.unlink()
    check_version(source, notes)
    assert all("what was read is taken" in note for note in notes)
    assert len(notes) == 2
    with pytest.raises(StoreError):
        read(source)


def test_the_head_of_a_file_that_became_shorter_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123")
    assert head_of(open_objects(tmp_path), "a", 3) == b"123"
    with pytest.raises(StoreError, match="changed while"):
        head_of(open_objects(tmp_path), "a", 4)


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(lines_of(9))[:-9])
    with pytest.raises(IntegrityError, match=r"a\.gz"):
        read(source_of(tmp_path / "a.gz")._replace(compression="gzip"))
