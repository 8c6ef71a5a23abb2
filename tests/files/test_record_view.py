"""One record of a run is shown before and after, or the error says why not."""

import json
from pathlib import Path

import pytest
from helpers.mixed import packed_zip
from helpers.record_runs import LINES, LISTING, LOG, FolderRun, RecordRun

from headroom_beam import errors
from headroom_beam.files.find_record import parse_place
from headroom_beam.files.record_report import format_record
from headroom_beam.files.record_view import view_record


def test_payloads_are_shown_before_and_after_with_their_place(record_run: RecordRun) -> None:
    view = record_run.view(f"{record_run.name}:1")
    record = json.loads(LINES[0])
    after = json.loads(view.found.compacted)
    assert [one.payload.tool for one in view.payloads] == [f"tool {at}" for at in range(4)]
    places = [one.place for one in view.payloads]
    assert places == [".steps[0].out", ".steps[1].out", None, ".steps[3].out"]
    table, rows, short, document = view.payloads
    assert table.before == record["steps"][0]["out"]
    assert table.after == after["steps"][0]["out"]
    assert rows.before == json.dumps(LISTING)
    assert rows.after == after["steps"][1]["out"]
    assert (short.before, short.after) == (None, None)
    assert document.before == json.dumps(record["steps"][3]["out"])
    assert json.loads(document.after or "") == after["steps"][3]["out"]
    assert "rows kept" in table.payload.explanation


def test_a_whole_record_is_one_payload(tmp_path: Path) -> None:
    run = RecordRun(tmp_path, trace_format="json")
    (one,) = run.view(f"{run.name}:1").payloads
    assert (one.place, one.before) == ("", LINES[0].decode())
    assert one.after
    assert one.after != one.before
    (same,) = run.view(f"{run.name}:6").payloads
    assert (same.before, same.after) == (LINES[5].decode(), LINES[5].decode())


def test_a_line_that_was_stored_in_pieces_is_not_read_as_a_whole(tmp_path: Path) -> None:
    long = b'"' + b"x " * (5 << 20) + b'"'
    run = RecordRun(tmp_path, data=b"\n".join([LINES[4], long + b"\r", LINES[5]]))
    view = run.view(f"{run.name}:2")
    assert (view.bytes_before, view.payloads) == (None, ())
    assert view.failure is not None
    assert view.failure.kind == "too_large"
    assert len(view.failure.hashes) == 2
    assert run.view(view.failure.hashes[1]).found.line == 2
    assert "? → " in format_record(view, width=80)
    last = run.view(f"{run.name}@{len(LINES[4]) + len(long) + 3}")
    assert (last.found.line, last.found.compacted) == (3, LINES[5])


def test_an_unfinished_run_is_an_error(record_run: RecordRun) -> None:
    Path(record_run.settings.output, "_manifest.json").unlink()
    with pytest.raises(errors.StoreError, match="incomplete"):
        record_run.view(f"{record_run.name}:1")


def test_a_folder_without_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(errors.StoreError, match="no run"):
        view_record(str(tmp_path), parse_place("a:1"))


def test_a_store_elsewhere_may_be_named(record_run: RecordRun, tmp_path: Path) -> None:
    Path(record_run.settings.originals).rename(tmp_path / "moved")
    with pytest.raises(errors.StoreError, match="no store"):
        record_run.view(f"{record_run.name}:1")
    place = parse_place(f"{record_run.name}:1")
    view = view_record(record_run.settings.output, place, originals=str(tmp_path / "moved"))
    assert len(view.payloads) == 4


def test_a_damaged_pack_is_an_error(record_run: RecordRun) -> None:
    for pack in Path(record_run.settings.originals).glob("packs/*"):
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:-9])
    with pytest.raises(errors.IntegrityError):
        record_run.view(f"{record_run.name}:7")


def test_a_part_that_the_run_did_not_write_is_an_error(record_run: RecordRun) -> None:
    view = record_run.view(f"{record_run.name}:5")
    part = Path(record_run.settings.output, view.found.part)
    part.chmod(0o644)
    part.write_bytes(part.read_bytes().replace(b'"ok"', b'{"rows":[{"a":"<<ccr:lit>>x"}]}'))
    with pytest.raises(errors.IntegrityError, match="gives another record"):
        record_run.view(f"{record_run.name}:5")


def turn(content: object) -> dict[str, object]:
    """A message of `openai` with a tool's result."""
    return {"role": "tool", "name": "ls", "content": content}


def test_a_record_of_an_archive_is_shown_like_one_of_a_file(tmp_path: Path) -> None:
    text = json.dumps({"messages": [turn("ok"), turn(json.dumps(LISTING)), turn(LISTING)]}, indent=1)
    run = FolderRun(tmp_path, {"a.json": text.encode(), "b.eval": packed_zip({"c/a.json": text.encode()})})
    alone, member = run.view("a.json:1"), run.view("b.eval/c/a.json:1")
    assert member.payloads == alone.payloads
    assert (member.bytes_before, member.bytes_after) == (alone.bytes_before, alone.bytes_after)
    short, table, rows = alone.payloads
    assert (short.place, short.before, short.payload.strategy) == (None, None, "unchanged")
    assert (table.place, rows.place) == (".messages[1].content", ".messages[2].content")
    assert table.before == json.dumps(LISTING)
    assert json.loads(rows.before or "") == LISTING
    assert "(at byte 0)" in format_record(member, width=80)
    assert run.view(f"{run.input}/b.eval/c/a.json:1").found.source == "b.eval/c/a.json"


@pytest.mark.parametrize("trace_format", ["auto", "json", ".messages", ".messages[*].content @ .name"])
def test_an_element_of_a_long_text_is_shown_with_its_payloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trace_format: str
) -> None:
    monkeypatch.setattr("headroom_beam.files.reading.DOCUMENT_BYTES", 20_000)
    turns = [turn(f"{at} {LOG}") for at in range(4)]
    text = json.dumps({"id": 1, "messages": turns}, indent=1)
    run = FolderRun(tmp_path, {"a.json": text.encode()}, trace_format=trace_format)
    assert run.manifest.parts[0].framing == "elements"
    offset = text.rindex("\n  {", 0, text.index('"2 a line')) + 3
    view = run.view(f"a.json@{offset}")
    (one,) = view.payloads
    assert (view.found.offset, one.payload.strategy) == (offset, "excerpt")
    assert one.payload.tokens_after < one.payload.tokens_before
    if trace_format in ("json", ".messages"):
        # The element is the payload, and only its long text has changed.
        assert (one.payload.path, one.place) == ("", "")
        assert json.loads(one.before or "") == turns[2]
    else:
        assert (one.place, one.payload.tool) == (".messages[*].content", "ls")
        assert one.before == turns[2]["content"]
        assert one.after == json.loads(view.found.compacted)["content"]


def test_a_text_file_is_shown_as_one_payload(tmp_path: Path) -> None:
    run = FolderRun(tmp_path, {"s/tool-results/a.txt": LOG.encode(), "s/tool-results/b.txt": b"short"})
    view = run.view("s/tool-results/a.txt:3")
    (one,) = view.payloads
    assert (view.found.line, one.place, one.before) == (1, "", LOG)
    assert one.after == view.found.compacted.decode() != LOG
    assert run.view(one.payload.hashes[0]).found.source == "s/tool-results/a.txt"
    (same,) = run.view("s/tool-results/b.txt:1").payloads
    assert same.before == same.after == "short"


def test_padded_lines_are_shown_as_they_were(tmp_path: Path) -> None:
    records = [json.dumps(turn(LOG)).encode() + b"  ", b"oops", json.dumps(turn(LISTING)).encode() + b"\r"]
    run = FolderRun(tmp_path, {"a.jsonl": b"\n".join([*records, b"oops " * 90, b"{}"])}, pad_lines=True)
    assert run.manifest.parts[0].padded
    start = 0
    for number, record in enumerate(records, 1):
        for place in (f"a.jsonl:{number}", f"a.jsonl@{start}", f"a.jsonl@{start + len(record) - 1}"):
            view = run.view(place)
            assert view.found.line == number
            assert view.bytes_before == len(record.removesuffix(b"\r"))
            assert view.failure is None or view.failure.kind == "invalid_json"
        start += len(record) + 1
    assert run.view("a.jsonl:1").payloads[0].before == LOG
    assert run.view(f"a.jsonl@{start + 451}").found.compacted == b"{}"


def test_files_without_records_and_archives_as_such_cannot_be_shown(tmp_path: Path) -> None:
    run = FolderRun(tmp_path, {"a.md": b"# Notes", "b.zip": packed_zip({"c.json": b"[1]", "d.md": b"# x"})})
    for place, message in (
        ("a.md:1", "was copied as it was"),
        ("b.zip:1", "is an archive; name a file in it, such as 'b.zip/c.json'"),
        ("b.zip/d.md:1", "was copied as it was"),
        ("b.zip/none:1", "no input file"),
    ):
        with pytest.raises(ValueError, match=message):
            run.view(place)
