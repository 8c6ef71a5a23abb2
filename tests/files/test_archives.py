"""Archives: members are crushed and come back, hostile ones are copied, and nothing is extracted."""

import io
import struct
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from helpers.generators import lines_of, record
from helpers.mixed import (
    contents,
    document,
    many_members,
    packed_tar,
    packed_zip,
    quietly_duplicated_zip,
    zstandard_zip,
)

from headroom_beam.files.manifest import Manifest
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.restore_file import restore_run
from headroom_beam.files.run import run_shards


def run(data: bytes, name: str, settings: RunSettings) -> tuple[Manifest, bytes]:
    """Crushes and restores one archive; gives the manifest and the compacted archive."""
    folder = Path(settings.output).parent / "in"
    folder.mkdir()
    (folder / name).write_bytes(data)
    manifest = run_shards([str(folder)], settings)
    restored = Path(settings.output).parent / "restored"
    _, unresolved = restore_run(settings.output, settings.originals, str(restored))
    assert unresolved == []
    assert contents(restored) == contents(folder)
    assert {path.name for path in folder.parent.iterdir()} == {"in", "out", "originals", "restored"}
    return manifest, (Path(settings.output) / name).read_bytes()


@pytest.mark.parametrize("style", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_members_of_a_tar_archive_are_crushed_and_all_else_is_kept(settings: RunSettings, style: int) -> None:
    members = many_members(1)
    data = packed_tar(members, style=style)
    manifest, compacted = run(data, "a.tar", settings)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        before = archive.getmembers()
    with tarfile.open(fileobj=io.BytesIO(compacted)) as archive:
        after = archive.getmembers()
        assert [(info.name, info.type, info.mtime) for info in after] == [
            (info.name, info.type, info.mtime) for info in before
        ]
        picture = archive.extractfile("picture.png")
        assert picture is not None
        assert picture.read() == members["picture.png"]
    sizes = {info.name: info.size for info in after}
    assert all(
        sizes[name] < len(data) / 2
        for name, data in members.items()
        if name.endswith("json") and "header" not in name and "broken" not in name
    )
    (part,) = manifest.parts
    framings = [(member.name, member.framing) for member in part.members]
    assert framings[:2] == [("header.json", "lines"), ("samples/1_epoch_1.json", "document")]
    assert part.records == sum(member.records for member in part.members)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_of_a_zip_archive_are_crushed_and_the_archive_comes_back(
    settings: RunSettings, method: int
) -> None:
    members = many_members(1)
    data = packed_zip(members, method=method)
    manifest, compacted = run(data, "a.eval", settings)
    with zipfile.ZipFile(io.BytesIO(compacted)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == list(members)
        assert archive.comment == b"a comment"
        assert archive.read("picture.png") == members["picture.png"]
        assert len(archive.read("samples/2.jsonl")) < len(members["samples/2.jsonl"]) / 2
    assert manifest.parts[0].framing == "zip"
    assert manifest.summary["records"] > 5


def test_members_that_are_compressed_with_zstandard_are_read(settings: RunSettings) -> None:
    manifest, compacted = run(zstandard_zip("a.json", document(1)), "a.eval", settings)
    assert [member.framing for member in manifest.parts[0].members] == ["document"]
    with zipfile.ZipFile(io.BytesIO(compacted)) as archive:
        assert len(archive.read("a.json")) < len(document(1)) / 2


def test_two_members_of_one_name_stay_two(settings: RunSettings) -> None:
    manifest, compacted = run(quietly_duplicated_zip(), "a.zip", settings)
    assert [member.name for member in manifest.parts[0].members] == ["a.jsonl", "a.jsonl"]
    assert len(zipfile.ZipFile(io.BytesIO(compacted)).infolist()) == 2


def encrypted() -> bytes:
    data = bytearray(packed_zip({"a.json": document(1)}))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + at] |= 1
    return bytes(data)


def claims_too_much() -> bytes:
    data = bytearray(packed_zip({"a.json": document(1)}))
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(magic) + at, 0xF0000000)
    return bytes(data)


def unknown_method() -> bytes:
    data = bytearray(packed_zip({"a.json": document(1)}))
    for magic, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(magic) + at, 77)
    return bytes(data)


def wrong_checksum() -> bytes:
    data = bytearray(packed_zip({"a.json": document(1)}, method=zipfile.ZIP_STORED))
    data[data.index(b"messages")] ^= 1
    return bytes(data)


def long_header() -> bytes:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 32
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(10_000)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("encrypted.zip", encrypted()),
        ("claims too much.zip", claims_too_much()),
        ("unknown method.zip", unknown_method()),
        ("wrong checksum.zip", wrong_checksum()),
        ("directory gone.zip", packed_zip({"a.json": document(1)})[:-200]),
        ("long header.tar", long_header()),
        ("cut.tar", packed_tar({"a.json": document(1)})[:3000]),
    ],
)
def test_archives_that_cannot_be_taken_apart_are_copied(
    settings: RunSettings, name: str, data: bytes
) -> None:
    manifest, compacted = run(data, name, settings)
    assert compacted == data
    (part,) = manifest.parts
    assert (part.framing, part.records) == ("copied", 0)
    assert "copied" in part.note


def test_a_sparse_member_and_one_whose_size_stands_elsewhere_stay_as_they_are(settings: RunSettings) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("pax.json")
        info.size, info.pax_headers = len(document(1)), {"size": str(len(document(1)))}
        archive.addfile(info, io.BytesIO(document(1)))
        info = tarfile.TarInfo("plain.json")
        info.size = len(document(2))
        archive.addfile(info, io.BytesIO(document(2)))
    manifest, compacted = run(file.getvalue(), "a.tar", settings)
    assert [member.name for member in manifest.parts[0].members] == ["plain.json"]
    with tarfile.open(fileobj=io.BytesIO(compacted)) as archive:
        kept = archive.extractfile("pax.json")
        assert kept is not None
        assert kept.read() == document(1)


def test_a_member_that_decompresses_to_much_takes_little_memory(settings: RunSettings) -> None:
    data = packed_zip({"zeros": bytes(300_000_000), "a.jsonl": lines_of(2)})
    folder = Path(settings.output).parent / "in"
    folder.mkdir()
    (folder / "a.zip").write_bytes(data)
    tracemalloc.start()
    try:
        manifest = run_shards([str(folder)], settings)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert manifest.parts[0].framing == "zip"
    assert peak < 60_000_000


def test_failures_of_members_name_archive_and_member(settings: RunSettings) -> None:
    data = packed_tar({"a.jsonl": record(1) + b"\nnot JSON\n" + record(2)})
    manifest, _ = run(data, "logs.tar", settings)
    assert manifest.summary["failures"] == {"invalid_json": 1}
    (line,) = (Path(settings.output) / "_failures" / "00000.jsonl").read_text().splitlines()
    assert '"source":"logs.tar/a.jsonl"' in line
