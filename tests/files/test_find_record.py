"""A line of a run is found by number, offset or hash."""

from pathlib import Path
from typing import Any

import pytest
from helpers.generators import bury
from helpers.record_runs import BLOB, FILE, LINES, RecordRun

from headroom_beam import errors
from headroom_beam.files.find_record import RecordPlace, parse_place


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst"])
def test_each_line_is_found_by_number_and_by_any_byte_of_it(tmp_path: Path, suffix: str) -> None:
    run = RecordRun(tmp_path, suffix)
    assert len(run.manifest.parts) == (1 if suffix != ".jsonl" else -(-len(FILE) // 20_000))
    start = 0
    for number, line in enumerate(LINES, 1):
        view = run.view(f"{run.name}:{number}")
        assert (view.found.source, view.found.line, view.found.offset) == (run.name, number, None)
        content = line.removesuffix(b"\r")
        assert view.bytes_before == len(content)
        for offset in {start, start + len(line) // 2, start + len(line) - (number == 9)}:
            place = run.view(f"{run.name}@{offset}").found
            assert (place.line, place.offset, place.part) == (number, start, view.found.part)
        start += len(line) + 1


@pytest.mark.parametrize(
    "options", [{}, {"hash_digits": 64}, {"exact_tokens": True}, {"with_compaction": False}]
)
def test_a_record_is_found_by_the_hash_of_each_marker_whatever_the_options(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    run = RecordRun(tmp_path, config=options)
    hashes: dict[str, int] = {}
    for number in (1, 4, 7):
        for one in run.view(f"{run.name}:{number}").payloads:
            # The first record that has a marker is shown.
            hashes.update({hash_: number for hash_ in one.payload.hashes if hash_ not in hashes})
    assert len(hashes) >= 3
    for hash_, number in hashes.items():
        assert run.view(hash_).found.line == number
        assert run.view(hash_[:24]).found.line == number
        assert run.view(f"<<ccr:{hash_},text,1.0KB>>").found.line == number
    assert run.view(run.view(f"{run.name}:3").failure.hashes[0]).found.line == 3  # type: ignore[union-attr]


def test_a_file_may_be_named_by_its_full_path(record_run: RecordRun, monkeypatch: pytest.MonkeyPatch) -> None:
    assert record_run.view(f"{record_run.input}:5").found.line == 5
    monkeypatch.chdir(record_run.input.parent)
    assert record_run.view(f"{record_run.input.name}:5").found.source == record_run.name


@pytest.mark.parametrize(
    ("place", "error", "message"),
    [
        ("deep/trace.jsonl:10", ValueError, "has 9 lines"),
        ("deep/trace.jsonl:0", ValueError, "counted from 1"),
        (f"deep/trace.jsonl@{len(FILE)}", ValueError, "no line is at byte"),
        ("other.jsonl:1", ValueError, "no input file"),
        ("trace.jsonl", ValueError, "names no record"),
        ("", ValueError, "names no record"),
        ("0" * 24, errors.OriginalNotFound, "no marker of the run"),
        ("0" * 23, errors.InvalidHash, "24 or 64"),
        ("ABCDEF", errors.InvalidHash, "24 or 64"),
    ],
)
def test_a_place_that_is_not_there_is_an_error(
    record_run: RecordRun, place: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        record_run.view(place)


def test_places_are_read_from_the_right() -> None:
    assert parse_place("gs://b/a@2:b.jsonl@7") == RecordPlace("gs://b/a@2:b.jsonl", offset=7)
    assert parse_place("a@7:3") == RecordPlace("a@7", line=3)


def test_an_erased_original_is_named(record_run: RecordRun) -> None:
    bury(record_run.store, BLOB.encode(), "erased")
    with pytest.raises(errors.OriginalExpired, match="erased"):
        record_run.view(f"{record_run.name}:7")
    assert record_run.view(f"{record_run.name}:1").found.line == 1
    with pytest.raises(errors.OriginalExpired):
        record_run.view(f"{record_run.name}@{FILE.index(LINES[6])}")
