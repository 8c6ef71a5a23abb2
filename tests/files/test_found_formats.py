"""What is found in a file is what crushing takes, and what only looks like a result is named beside it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.estimates import LISTING, LOG, message, reply
from helpers.mixed import mixed_folder, packed_tar, packed_zip

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.errors import IntegrityError, PayloadNotFound
from headroom_beam.files.found_formats import check_found, find_formats
from headroom_beam.files.found_formats_report import format_found
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.run import run_shards

STEP = {"tool": "grep", "args": {"for": "x"}, "result": LOG}
LIKELY = {"tool": "t", "result": "x y z " * 300}
"""The name of a tool is the only sign of a result."""

EMPTY: dict[str, Any] = {"files": [], "files_without_records": 0, "left_out": []}


def lines(*records: object) -> bytes:
    """One record a line."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def found_in(folder: Path, name: str, data: bytes, **options: Any) -> dict[str, Any]:
    """What is found in one file of a folder."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    (file,) = find_formats([str(folder / name)], **options)["files"]
    return dict(file)


def test_what_a_format_finds_has_its_name_and_tools(tmp_path: Path) -> None:
    file = found_in(tmp_path, "a.log", message(LOG) + message("ok", name="cat") + reply(LOG) + b"broken\n")
    assert (file["kind"], file["records"], file["failures"], file["contents"]) == ("lines", 4, 1, 1)
    first, second = file["paths"]
    assert {first["formats"][0], second["formats"][0]} == {"openai", "anthropic"}
    row = first if first["formats"] == ["openai"] else second
    assert (row["results"], row["tools"], row["is_sure"], row["select"]) == (2, ["cat", "ls"], True, None)
    assert row["tokens"] == _core.estimate_tokens(json.dumps(LOG)) + _core.estimate_tokens('"ok"')
    assert 0 < first["share"] < 1
    assert file["records_by_shape"] == 0


def test_what_is_known_by_its_shape_says_how_sure_and_why(tmp_path: Path) -> None:
    file = found_in(tmp_path, "a.jsonl", lines({"steps": [STEP, STEP]}, LIKELY, {"role": "user"}))
    sure, likely = file["paths"]
    assert (sure["formats"], sure["is_sure"], sure["results"]) == (["by shape"], True, 2)
    assert (sure["tools"], sure["reason"]) == (["grep"], "the name of a tool stands beside it")
    assert (likely["is_sure"], likely["results"], likely["tools"]) == (False, 1, ["t"])
    assert likely["select"] == likely["path"]
    # The path that is to be confirmed selects it.
    options = _core.Options(paths=[likely["select"]])
    (payload,) = _core.crush_block(lines(LIKELY), options).records().column("payloads").to_pylist()[0]
    assert payload["tokens_before"] == likely["tokens"]
    assert file["records_by_shape"] >= 2


def test_a_short_likely_result_is_no_reason_to_confirm_its_path(tmp_path: Path) -> None:
    (row,) = found_in(tmp_path, "a.jsonl", lines({"tool": "t", "result": "short"}))["paths"]
    assert (row["is_sure"], row["select"]) == (False, None)


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.tar", "a.eval"])
def test_the_same_is_found_however_the_file_holds_it(tmp_path: Path, name: str) -> None:
    text = json.dumps({"steps": [STEP, STEP], "messages": [json.loads(message(LISTING))]}, indent=1).encode()
    data = {
        "a.json": text,
        "a.json.gz": gzip.compress(text),
        "a.tar": packed_tar({"b.json": text, "c.txt": b"no JSON"}),
        "a.eval": packed_zip({"b.json": text, "c.txt": b"no JSON"}),
    }[name]
    alone, file = found_in(tmp_path / "alone", "a.json", text), found_in(tmp_path, name, data)
    assert file["paths"] == alone["paths"]
    assert (file["records"], file["tokens"]) == (1, alone["tokens"])
    assert file["contents"] == (2 if "." in name and name.endswith(("tar", "eval")) else 1)


def test_a_text_that_is_cut_has_the_paths_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [{**STEP, "result": f"{at} {LOG}"} for at in range(40)]
    text = json.dumps({"run": 1, "steps": steps}, indent=1).encode()
    whole = found_in(tmp_path, "a.json", text)
    monkeypatch.setattr("headroom_beam.files.reading.DOCUMENT_BYTES", 4000)
    cut = found_in(tmp_path, "a.json", text)
    assert cut["records"] > whole["records"] == 1
    assert [(row["path"], row["results"]) for row in cut["paths"]] == [
        (row["path"], row["results"]) for row in whole["paths"]
    ]
    assert whole["paths"][0]["results"] == 40


def test_what_is_sure_is_what_a_run_takes(tmp_path: Path) -> None:
    mixed_folder(tmp_path / "in", 20)
    (tmp_path / "in" / "shape.json").write_text(json.dumps({"steps": [STEP]}))
    found = find_formats([str(tmp_path / "in")])
    settings = RunSettings(str(tmp_path / "out"), str(tmp_path / "originals"), "auto", SmartCrusherConfig())
    summary = run_shards([str(tmp_path / "in")], settings).summary
    rows = [row for file in found["files"] for row in file["paths"] if row["is_sure"]]
    assert sum(row["results"] for row in rows) == summary["payloads"]
    assert sum(row["tokens"] for row in rows) == summary["tokens_before"]
    copied = [file for file in found["files"] if file["notes"] and not file["records"]]
    assert len(found["files"]) + found["files_without_records"] >= summary["files"] - 1
    assert {Path(file["file"]).name: file["notes"] for file in copied} == {
        "cut.gz": ["it is damaged, so it is copied"],
        "cut.parquet": ["it is damaged, so it is copied"],
        "numbers.parquet": ["none of its columns holds texts, so it is copied"],
    }


def test_a_text_file_beside_a_session_is_one_result(tmp_path: Path) -> None:
    (tmp_path / "tool-results").mkdir()
    (tmp_path / "tool-results" / "a.txt").write_text(LOG)
    (file,) = find_formats([str(tmp_path)])["files"]
    (row,) = file["paths"]
    assert (file["kind"], row["path"], row["results"]) == ("text", "(text file)", 1)
    assert (row["formats"], row["share"]) == ([], 1.0)


def test_results_that_no_path_selects_are_counted(tmp_path: Path) -> None:
    record = {"5f0c8e0e-3f3c-4a51-9a56-0b7b6ff1d1aa": {"role": "tool", "content": LOG}}
    file = found_in(tmp_path, "a.jsonl", lines(record, record))
    assert (file["unreachable"], file["paths"]) == (2, [])
    assert "2 results can't be selected by a path" in format_found({**EMPTY, "files": [file]})


def test_nothing_found_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines({"role": "user"}))
    (tmp_path / "b.md").write_text("# Notes")
    found = find_formats([str(tmp_path)])
    assert (found["files"][0]["paths"], found["files_without_records"]) == ([], 1)
    with pytest.raises(PayloadNotFound, match=r"nothing in 1 records .* --select PATH"):
        check_found(found)
    (tmp_path / "a.jsonl").write_bytes(b"\n")
    check_found(find_formats([str(tmp_path)]))


def test_a_damaged_file_that_was_named_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(message(LOG) * 9)[:-9])
    with pytest.raises(IntegrityError):
        find_formats([str(tmp_path / "a.gz")])


def test_a_sample_reads_a_part_and_says_so(tmp_path: Path) -> None:
    seen: list[tuple[int, int, int]] = []
    data = message(LOG) * 2000
    file = found_in(tmp_path, "a.jsonl", data, size=300_000, on_progress=lambda *now: seen.append(now))
    assert not file["complete"]
    assert file["bytes_read"] < len(data) / 2
    assert seen == sorted(seen)
    assert seen[-1] == (file["bytes_read"], file["records"], 0)
