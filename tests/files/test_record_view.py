"""One record of a run is shown before and after, or the error says why not."""

import json
from pathlib import Path

import pytest
from helpers.record_runs import LINES, LISTING, RecordRun

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
