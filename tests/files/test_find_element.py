"""A record of any JSON text is found by its line, by any byte of it, and by the hashes of its markers."""

import gzip
import json
from pathlib import Path

import pytest
from helpers.generators import bury
from helpers.mixed import packed_tar, packed_zip
from helpers.record_runs import BLOB, LISTING, LOG, FolderRun

from headroom_beam import _core, errors
from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.files.blocks import Chunk
from headroom_beam.files.reading import RecordPiece, read_items

RESULTS: list[object] = [LOG, "ok", LISTING, json.dumps(LISTING), BLOB, "x\ny\n" * 900]


def conversation(indent: int | None = 1, count: int = 12) -> bytes:
    """A conversation as one text, whose results stand at any depth."""
    turns = [{"role": "tool", "name": f"t{at}", "content": RESULTS[at % len(RESULTS)]} for at in range(count)]
    return json.dumps({"id": 7, "messages": turns, "tags": ["a", None]}, indent=indent).encode()


def elements_of(text: bytes) -> list[_core.CutBlock]:
    """The records into which a text is cut."""
    items = list(read_items([Chunk(0, text)], "document", SmartCrusherConfig(), []))
    assert not any(isinstance(item, RecordPiece) for item in items)
    return [one for item in items if isinstance(item, _core.CutBlock) for one in item.elements()]


@pytest.mark.parametrize("limit", [16 << 20, 9000, 2000])
@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.tar", "a.eval"])
def test_each_element_is_found_by_line_and_by_any_byte_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, limit: int
) -> None:
    monkeypatch.setattr("headroom_beam.files.reading.DOCUMENT_BYTES", limit)
    text = b'{"first":\n[1, 2]}\n' + conversation() + b"\n\n" + conversation(None, 3)
    data = {
        "a.json": text,
        "a.json.gz": gzip.compress(text),
        "a.tar": packed_tar({"b.jsonl": b"[1]\n", "c.json": text}),
        "a.eval": packed_zip({"b.jsonl": b"[1]\n", "c.json": text}),
    }[name]
    run = FolderRun(tmp_path, {name: data})
    place = name if name.startswith("a.json") else f"{name}/c.json"
    elements = elements_of(text)
    assert (len(elements) == 3) == (limit > 1 << 20)
    lines: dict[int, int] = {}
    for element in elements:
        lines.setdefault(text.count(b"\n", 0, element.offset) + 1, element.offset)
    for at in {*range(0, len(elements), 5), 0, 1, 2, len(elements) - 1} & set(range(len(elements))):
        element = elements[at]
        line = text.count(b"\n", 0, element.offset) + 1
        for offset in {element.offset, element.offset + len(element.data) - 1}:
            found = run.view(f"{place}@{offset}")
            assert (found.found.source, found.found.line, found.found.offset) == (place, line, element.offset)
            assert found.bytes_before == len(element.data)
        assert run.view(f"{place}:{line}").found.offset == lines[line]
        inside = line + element.data.count(b"\n") // 2
        assert inside in lines or run.view(f"{place}:{inside}").found.offset == element.offset


@pytest.mark.parametrize("limit", [16 << 20, 9000])
def test_an_element_is_found_by_each_of_its_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr("headroom_beam.files.reading.DOCUMENT_BYTES", limit)
    text = conversation()
    run = FolderRun(tmp_path, {"a.zip": packed_zip({"b.txt": b"no JSON", "c.json": text})})
    hashes: dict[str, int] = {}
    for element in elements_of(text):
        view = run.view(f"a.zip/c.json@{element.offset}")
        for one in view.payloads:
            hashes.update({hash_: element.offset for hash_ in one.payload.hashes if hash_ not in hashes})
    assert len(hashes) >= 3
    for hash_, offset in hashes.items():
        found = run.view(hash_).found
        assert (found.source, found.offset) == ("a.zip/c.json", offset)
        assert found.line == text.count(b"\n", 0, offset) + 1


def test_an_original_that_is_gone_before_an_element_hides_only_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headroom_beam.files.reading.DOCUMENT_BYTES", 400_000)
    turns = [{"role": "tool", "content": content} for content in (BLOB * 10, LOG * 20)]
    text = json.dumps({"messages": turns}, indent=1).encode()
    run = FolderRun(tmp_path, {"a.json": text})
    offset = text.rindex(b"{")
    (last,) = run.view(f"a.json@{offset}").payloads
    bury(run.store, (BLOB * 10).encode(), "erased")
    with pytest.raises(errors.OriginalExpired):
        run.view(f"a.json@{offset}")
    view = run.view(last.payload.hashes[0])
    assert (view.found.line, view.found.offset) == (None, None)
    assert view.payloads[0].before == LOG * 20


def test_a_place_without_a_record_is_an_error(tmp_path: Path) -> None:
    run = FolderRun(tmp_path, {"a.json": b'{"a":\n1}\n\n\n{"b": 2}\n\n'})
    assert run.view("a.json:2").found.line == 1
    for place, message in (
        ("a.json:3", "no record of a.json is on line 3"),
        ("a.json:99", "has 7 lines"),
        ("a.json@500", "no record at byte 500"),
    ):
        with pytest.raises(ValueError, match=message):
            run.view(place)


def test_what_is_broken_or_too_long_is_shown_as_a_failure(tmp_path: Path) -> None:
    # What the first bytes say counts for the whole file.
    good = b'{"a": "' + b"x" * 500 + b'"},\n'
    text = b"[\n" + good * 200 + b'{"b": [1, nothing]},\n"' + b"long " * 3000 + b'",\n2\n} and more\n'
    run = FolderRun(tmp_path, {"a.json": text}, config={"max_record_bytes": 5000})
    assert run.view("a.json:201").failure is None
    broken, long, rest = (run.view(f"a.json:{line}").failure for line in (202, 203, 205))
    assert broken is not None
    assert (broken.kind, "line 1" in broken.message) == ("invalid_json", True)
    assert run.store.get(broken.hashes[0]) == b'{"b": [1, nothing]}'
    assert long is not None
    assert long.kind == "too_large"
    assert rest is not None
    assert (rest.kind, run.store.get(rest.hashes[0]).strip()) == ("invalid_json", b"} and more")
