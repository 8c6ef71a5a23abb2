"""Archives are read member by member, and hostile ones are refused."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from helpers.mixed import many_members, packed_tar, packed_zip, zstandard_zip

from headroom_beam.errors import IntegrityError
from headroom_beam.files import members as module
from headroom_beam.files.blocks import chunks_of
from headroom_beam.files.members import Reader, Refused, list_tar, open_zip, read_members, zip_members
from headroom_beam.files.sources import Framing, Source


def source_of(path: Path, framing: Framing, data: bytes) -> Source:
    """A source that was found at a path, with these bytes."""
    path.write_bytes(data)
    return Source(str(path.parent), path.name, len(data), "1", framing, "plain")


def test_members_have_their_names_and_bytes(tmp_path: Path) -> None:
    members = many_members(1)
    for framing, data in (("zip", packed_zip(members)), ("tar", packed_tar(members))):
        source = source_of(tmp_path / "a", framing, data)  # type: ignore[arg-type]
        read = {name: b"".join(chunk.data for chunk in chunks) for name, chunks in read_members(source)}
        assert read == {name: content for name, content in members.items() if content or framing == "zip"}


def test_members_that_are_not_read_are_passed_over(tmp_path: Path) -> None:
    for framing, data in (("zip", packed_zip(many_members(1))), ("tar", packed_tar(many_members(1)))):
        source = source_of(tmp_path / "a", framing, data)  # type: ignore[arg-type]
        names = []
        for at, (name, chunks) in enumerate(read_members(source)):
            if at % 2:
                next(chunks, None)
            names.append(name)
        assert names == [name for name, content in many_members(1).items() if content or framing == "zip"]


def test_a_member_of_zstandard_is_read(tmp_path: Path) -> None:
    source = source_of(tmp_path / "a", "zip", zstandard_zip("b.json", b"[1]" * 999))
    read = [(name, b"".join(chunk.data for chunk in chunks)) for name, chunks in read_members(source)]
    assert read == [("b.json", b"[1]" * 999)]


def test_archives_with_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MEMBERS", 3)
    with pytest.raises(Refused, match="more than 3 members"):
        list_tar(chunks_of([packed_tar(many_members(1))]))
    data = packed_zip(many_members(1))
    with pytest.raises(Refused, match="more than 3 members"):
        open_zip(io.BytesIO(data), len(data))


def test_an_archive_that_claims_to_hold_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FREE_BYTES", 1000)
    data = packed_zip({"a.json": b" " * 9_000_000})
    with pytest.raises(Refused, match="claims to hold 9000000 bytes"):
        open_zip(io.BytesIO(data), len(data))


def test_damage_is_an_error() -> None:
    data = packed_tar({"a": b"x" * 5000})
    with pytest.raises(Refused, match="no whole tar"):
        list_tar(chunks_of([data[:3000]]))
    stored = bytearray(packed_zip({"a.json": b"[1]" * 99}, method=zipfile.ZIP_STORED))
    stored[stored.index(b"[1][1]")] = ord("x")
    with pytest.raises(IntegrityError, match="damaged"):
        for chunks in zip_members(io.BytesIO(stored)):
            list(chunks)
    with pytest.raises(IntegrityError, match="shorter"):
        Reader(chunks_of([b"ab"])).exactly(3)


def test_only_plain_files_are_listed() -> None:
    places = list_tar(chunks_of([packed_tar({"a": b"x", "b": b""}, style=tarfile.GNU_FORMAT)]))
    assert [(place.name, place.size_bytes) for place in places] == [("a", 1)]
