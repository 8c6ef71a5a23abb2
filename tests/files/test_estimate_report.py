"""Estimates are printed as tables, with what to do about files without payloads."""

import json
from pathlib import Path

import pytest
from helpers.estimates import LOG, estimate_of, message
from helpers.mixed import packed_zip

from headroom_beam.errors import PayloadNotFound
from headroom_beam.files import estimate_sums as module
from headroom_beam.files.estimate import check_payloads
from headroom_beam.files.estimate_report import format_estimate


def test_a_file_of_something_else_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"a": 1}) + "\n" + "not JSON\n" * 9)
    estimate = estimate_of(tmp_path)
    assert "9 of 10 lines are no records: is it JSON?" in format_estimate(estimate)
    with pytest.raises(PayloadNotFound, match="failures"):
        check_payloads(estimate)


def test_names_from_the_input_are_printed_as_escapes(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(message(LOG, name="\x1b]0;owned\x07\u202e"))
    text = format_estimate(estimate_of(tmp_path))
    assert "\\x1b]0;owned\\x07\\u202e" in text
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_an_empty_input_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\n")
    estimate = estimate_of(tmp_path)
    check_payloads(estimate)
    assert "records   0" in format_estimate(estimate)


def test_in_the_middle_of_a_file_a_payload_has_an_offset_and_no_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(message("x") * 10_000 + b"".join(message(LOG) for _ in range(3000)))
    estimate = estimate_of(tmp_path, sample=600_000)
    assert not estimate["complete"]
    assert estimate["bytes_read"] < 700_000
    place = next(row for row in estimate["largest"] if row["line"] is None)
    assert (tmp_path / "a.jsonl").read_bytes()[place["offset"] :].startswith(b'{"role"')
    assert f"a.jsonl@{place['offset']}" in format_estimate(estimate)
    assert estimate == estimate_of(tmp_path, sample=600_000)


def test_a_file_without_payloads_is_named_with_what_to_do(logs: Path) -> None:
    estimate = estimate_of(logs, trace_format=".content[*].content")
    hints = {row["file"]: row["formats"] for row in estimate["without_payloads"]}
    assert hints == {"a.jsonl": ["openai"], "c.jsonl.zst": []}
    text = format_estimate(estimate)
    assert "try --trace_format openai" in text
    assert "headroom-beam formats shows what is in them" in text
    check_payloads(estimate)


def test_texts_beyond_the_memory_are_said_not_to_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REMEMBERED_TEXTS", 10)
    texts = [message(f"{at} " + LOG) for at in range(20)]
    (tmp_path / "a.jsonl").write_bytes(b"".join(texts * 2))
    estimate = estimate_of(tmp_path)
    assert not estimate["copies_complete"]
    assert "there may be more copies" in format_estimate(estimate)


def test_whole_records_have_an_empty_path(logs: Path) -> None:
    estimate = estimate_of(logs, trace_format="json")
    assert [(row["path"], row["formats"], row["payloads"]) for row in estimate["paths"]] == [
        ("", ["json"], 6)
    ]
    assert estimate["all"]["copies"] == 1
    assert "json  (whole record)" in format_estimate(estimate)


def test_files_without_records_and_damaged_ones_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(message(LOG))
    (tmp_path / "b.zip").write_bytes(packed_zip({"a.jsonl": message(LOG)})[:-30])
    (tmp_path / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n" * 300)
    text = format_estimate(estimate_of(tmp_path))
    assert "others    1 files without records, 2.3 KB; a run copies them" in text
    assert "note: b.zip: it is no whole zip archive, so it is copied" in text
