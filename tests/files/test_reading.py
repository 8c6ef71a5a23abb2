"""Files of any framing: what is read joins to the file, and a long text takes little memory."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.effort import LONG, tries
from helpers.generators import compress, lines_of, record
from helpers.mixed import document, many_members, packed_tar, packed_zip
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.errors import IntegrityError
from headroom_beam.files.blocks import Block, Chunk, chunks_of
from headroom_beam.files.detect import detect_all
from headroom_beam.files.members import Refused
from headroom_beam.files.reading import (
    MAX_OPENED,
    RecordPiece,
    SourceError,
    read_contents,
    read_items,
    reading,
)
from headroom_beam.files.shards import find_sources
from headroom_beam.files.sources import Source, Span
from headroom_beam.objects.base import ObjectNotFound

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=30,
)


@hypothesis_settings(max_examples=tries(100, 20_000))
@given(
    values=st.lists(VALUES, min_size=1, max_size=3),
    indent=st.none() | st.integers(0, 3),
    limit=st.integers(64, 2000),
    size=st.integers(1, 500),
    damage=st.none() | st.integers(0, 500),
)
def test_cuts_of_any_text_join_to_it(
    values: list[object], indent: int | None, limit: int, size: int, damage: int | None
) -> None:
    text = "\n".join(json.dumps(value, indent=indent, ensure_ascii=False) for value in values).encode(
        errors="replace"
    )
    text = text if damage is None else text[:damage]
    notes: list[str] = []
    chunks = (text[at : at + size] for at in range(0, len(text), size))
    config = SmartCrusherConfig(max_record_bytes=limit)
    items = list(read_items(chunks_of(chunks), "document", config, notes))
    assert b"".join(item.data for item in items) == text
    at = record = 0
    for item in items:
        # A piece has the place of its record.
        record = record if isinstance(item, RecordPiece) and record < at else at
        assert item.offset == (record if isinstance(item, RecordPiece) else at)
        at += len(item.data)
        if not isinstance(item, RecordPiece) or item.end is not None:
            record = at
    if damage is None:
        assert notes == []


def test_a_text_within_the_limits_is_one_value() -> None:
    notes: list[str] = []
    (block,) = read_items([Chunk(0, document(1))], "document", SmartCrusherConfig(), notes)
    assert isinstance(block, _core.CutBlock)
    assert _core.crush_elements(block, _core.Options()).record_count == 1
    assert notes == []


def test_deep_texts_are_opened_so_far_and_no_further() -> None:
    notes: list[str] = []
    text = b"[" * 500 + b"1" * 100 + b"]" * 500
    config = SmartCrusherConfig(max_record_bytes=1024)
    assert [type(item) for item in read_items([Chunk(0, text)], "document", config, notes)] == [
        _core.CutBlock
    ]
    text = b"[" * 5000 + b"]" * 5000
    block, piece = read_items([Chunk(0, text)], "document", config, notes)
    assert isinstance(piece, RecordPiece)
    assert (len(block.data), piece.kind) == (MAX_OPENED, "too_deep")
    assert len(notes) == 1


def contents_of(path: Path, notes: list[str] | None = None) -> dict[str, tuple[str, bytes]]:
    """The framing and the bytes of each content of a file that was named, or of the one file of a folder."""
    (source,) = detect_all(find_sources([str(path)]), [])
    span = Span(source, 0, source.size_bytes, source.name)
    found = read_contents(span, SmartCrusherConfig(), [] if notes is None else notes)
    return {one.name: (one.framing, b"".join(item.data for item in one.items)) for one in found}


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.json.zst"])
def test_a_file_is_its_own_content(tmp_path: Path, name: str) -> None:
    for framing, data in (("document", document(1)), ("lines", lines_of(3)), ("copied", b"# Notes\n")):
        (tmp_path / name).write_bytes(compress(data, name.removeprefix("a.json")))
        stored = (tmp_path / name).read_bytes()
        assert contents_of(tmp_path / name) == {name: (framing, stored if framing == "copied" else data)}


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.tar", packed_tar),
        ("a.eval", packed_zip),
        ("a.tgz", lambda members: gzip.compress(packed_tar(members))),
    ],
)
def test_each_member_of_an_archive_is_a_content(tmp_path: Path, name: str, pack: object) -> None:
    members = many_members(1)
    (tmp_path / name).write_bytes(pack(members))  # type: ignore[operator]
    found = contents_of(tmp_path / name)
    wanted = {f"{name}/{member}": data for member, data in members.items() if data or name == "a.eval"}
    assert {member: data for member, (_, data) in found.items()} == wanted
    framings = {member.rpartition(".")[2]: framing for member, (framing, _) in found.items()}
    assert (framings["jsonl"], framings["json"], framings["png"]) == ("lines", "document", "copied")


def test_members_that_are_not_read_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(packed_tar(many_members(1)))
    (source,) = detect_all(find_sources([str(tmp_path / "a.tar")]), [])
    found = read_contents(Span(source, 0, 0, ""), SmartCrusherConfig(), [])
    read = {one.name: next(iter(one.items)) for one in found if one.framing == "lines"}
    assert "a.tar/samples/1_epoch_1.json" not in read
    assert read["a.tar/samples/2.jsonl"].data == lines_of(3, first=1)


def test_a_line_that_is_too_long_comes_in_pieces() -> None:
    data = b"[1]\n" + b'"' + b"x" * (9 << 20) + b'"\r\n[2]'
    items = list(read_items([Chunk(0, data)], "lines", SmartCrusherConfig(max_record_bytes=1 << 20), []))
    assert [type(item) for item in items] == [Block, RecordPiece, RecordPiece, Block]
    first, last = items[1], items[2]
    assert isinstance(first, RecordPiece)
    assert isinstance(last, RecordPiece)
    assert (first.offset, first.end, first.kind) == (4, None, "too_large")
    assert (last.offset, last.end, last.is_rest) == (4, b"\r\n", False)
    assert "max_record_bytes" in last.message


def test_the_rest_of_a_broken_text_says_so() -> None:
    notes: list[str] = []
    data = b"[" + b"[1]," * 600 + b"[1] oops"
    *_, rest = read_items([Chunk(0, data)], "document", SmartCrusherConfig(max_record_bytes=1024), notes)
    assert isinstance(rest, RecordPiece)
    assert (rest.is_rest, rest.kind, data[rest.offset :], rest.end) == (True, "invalid_json", b"oops", b"")
    assert len(notes) == 1


def test_damage_is_an_error_for_a_named_file_and_a_note_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(lines_of(3))[:-9])
    with pytest.raises(IntegrityError):
        contents_of(tmp_path / "a.log.gz")
    with pytest.raises(SourceError, match="damaged"):
        contents_of(tmp_path)
    (tmp_path / "a.log.gz").unlink()
    (tmp_path / "a.zip").write_bytes(packed_zip(many_members(1))[:-40])
    for path in (tmp_path, tmp_path / "a.zip"):
        with pytest.raises(Refused, match="no whole zip"):
            contents_of(path)


def test_a_file_that_is_gone_is_told_from_other_errors() -> None:
    def gone() -> Iterator[int]:
        yield 1
        raise ObjectNotFound("a")

    with pytest.raises(SourceError) as caught:
        list(reading(Source("/", "a", 1, "1", named=False), gone()))
    assert caught.value.gone
    with pytest.raises(ObjectNotFound):
        list(reading(Source("/", "a", 1, "1"), gone()))


MEASURE = """
import sys
from pathlib import Path
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.restore_file import restore_run
from headroom_beam.files.run import run_shards
folder = Path(sys.argv[1])
paths = [".messages[*]{role=tool}.content"]
settings = RunSettings(str(folder / "out"), str(folder / "originals"), paths)
manifest = run_shards([str(folder / "long.json")], settings)
assert manifest.parts[0].framing == "elements" and not manifest.summary["failures"]
_, unresolved = restore_run(settings.output, settings.originals, str(folder / "restored"))
assert unresolved == []
status = Path("/proc/self/status").read_text()
print(status.partition("VmHWM:")[2].split()[0])
"""


def messages(size_bytes: int) -> Iterator[bytes]:
    size, number = 0, 0
    texts = [
        json.dumps({"role": "tool", "content": record(number).decode()}, indent=1).encode()
        for number in range(500)
    ]
    while size < size_bytes:
        yield texts[number % 500]
        size += len(texts[number % 500])
        number += 1


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the memory of a process is Linux's to tell"
)
def test_a_large_text_takes_little_memory_and_comes_back(tmp_path: Path) -> None:
    size_bytes = 2 << 30 if LONG else 40 << 20
    with (tmp_path / "long.json").open("wb") as file:
        file.write(b'{"id": 1,\n"messages": [\n')
        for number, message in enumerate(messages(size_bytes)):
            file.write(b",\n" + message if number else message)
        file.write(b'\n], "end": true}\n')
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path], check=True, stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    assert int(done.stdout) * 1024 < 1 << 30
    assert subprocess.run(["cmp", tmp_path / "long.json", tmp_path / "restored/long.json"]).returncode == 0
