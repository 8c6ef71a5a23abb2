"""A record is printed so that it can't drive a terminal, and described as JSON."""

import json
import re

from helpers.record_runs import BLOB, HOSTILE, LOG, RecordRun

from headroom_beam.files.record_report import describe_record, format_record


def test_lines_without_payloads_say_what_they_are(record_run: RecordRun) -> None:
    texts = [
        format_record(record_run.view(f"{record_run.name}:{number}"), width=80) for number in (2, 3, 6, 9)
    ]
    assert "a blank line" in texts[0]
    assert "failure invalid_utf8" in texts[1]
    assert "headroom-beam get " in texts[1]
    assert "no payload" in texts[2]
    assert "failure too_large: " in texts[3]


def test_nothing_of_a_record_can_drive_a_terminal(record_run: RecordRun) -> None:
    view = record_run.view(f"{record_run.name}:8")
    for width in (20, 80, 160):
        for full in (False, True):
            text = format_record(view, width=width, full=full)
            assert all(letter.isprintable() or letter == "\n" for letter in text)
            assert "\\x1b" in text.replace("\n", "")
    assert json.loads(json.dumps(describe_record(view)))["payloads"][0]["before"] == HOSTILE + LOG


def test_texts_stand_side_by_side_where_there_is_room(record_run: RecordRun) -> None:
    view = record_run.view(f"{record_run.name}:4")
    narrow, wide = (format_record(view, width=width) for width in (80, 140))
    assert "── before\n" in narrow
    assert narrow.index("── before") < narrow.index("── after")
    assert re.search(r"^── before +│ ── after$", wide, re.MULTILINE)
    assert max(map(len, wide.splitlines())) <= 140


def test_long_texts_are_cut_unless_all_is_asked_for(record_run: RecordRun) -> None:
    view = record_run.view(f"{record_run.name}:4")
    short, full = (format_record(view, width=80, full=full) for full in (False, True))
    assert f"… cut here; --full shows all {len(LOG):,} characters" in short
    assert "cut here" not in full
    assert full.count("a line of a log") >= 400


def test_a_view_is_described_with_all_its_fields(record_run: RecordRun) -> None:
    described = describe_record(record_run.view(f"{record_run.name}:7"))
    (payload,) = described["payloads"]
    assert set(payload) > {"path", "tool", "strategy", "explanation", "place", "before", "after"}
    assert payload["before"] == BLOB


def test_a_payload_known_by_its_shape_says_why(record_run: RecordRun) -> None:
    view = record_run.view(f"{record_run.name}:8")
    assert "by shape" not in format_record(view, width=80)
    first, *others = view.payloads
    reason = "the id of a call stands beside it"
    known = first._replace(payload=first.payload._replace(recognised_by=reason))
    text = format_record(view._replace(payloads=[known, *others]), width=80)
    assert f"known   by shape: {reason}" in text
