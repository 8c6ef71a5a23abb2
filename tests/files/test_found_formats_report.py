"""What was found is printed so that it can be copied, and can't drive a terminal."""

import json
import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from helpers.estimates import LOG, message
from helpers.mixed import packed_zip

from headroom_beam.files.found_formats import find_formats
from headroom_beam.files.found_formats_report import format_found

LIKELY = {"tool": "t", "result": "x y z " * 300}


def report(folder: Path) -> str:
    """What is found in a folder, as it is printed."""
    return format_found(find_formats([str(folder)]))


def test_each_file_has_its_kind_and_a_row_for_each_path(tmp_path: Path) -> None:
    (tmp_path / "a.eval").write_bytes(packed_zip({"b.jsonl": message(LOG), "c.png": b"no JSON"}))
    (tmp_path / "d.md").write_text("# Notes")
    lines = report(tmp_path).splitlines()
    assert lines[0] == "a.eval"
    assert lines[1].startswith("  zip archive of 2 files, 1 records, ")
    assert lines[2].split() == ["results", "tokens", "share", "found", "by", "tools", "path"]
    assert lines[3].split()[3:] == ["%", "openai", "ls", "{role=(tool|function)}.content", "@", ".name"]
    assert lines[-1] == "1 files without records, which a run copies"


def test_a_parquet_file_is_named_so(tmp_path: Path) -> None:
    pq.write_table(pa.table({"role": ["tool"], "content": [LOG]}), tmp_path / "a.parquet")
    assert report(tmp_path).splitlines()[1].startswith("  Parquet, 1 records, ")


def test_likely_paths_are_printed_as_options_to_copy(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(LIKELY) + "\n" + json.dumps({"it's": {**LIKELY}}))
    found = find_formats([str(tmp_path)])
    text = format_found(found)
    assert "by shape, likely: the name of a tool stands beside it" in text
    options = [line.strip() for line in text.splitlines() if line.strip().startswith("--select")]
    paths = [row["select"] for row in found["files"][0]["paths"]]
    assert [shlex.split(option) for option in options] == [["--select", path] for path in paths]
    assert len(paths) == 2


def test_names_from_the_input_are_printed_as_escapes(tmp_path: Path) -> None:
    hostile = "\x1b]0;owned\x07\u202e"
    records = [json.loads(message(LOG, name=hostile)), {hostile: LIKELY}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    text = report(tmp_path)
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert "\\x1b]0;owned" in text


def test_a_file_in_which_nothing_is_found_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"role": "user"}\n')
    (tmp_path / "b.jsonl").write_text("not JSON\n" * 3)
    text = report(tmp_path)
    assert "nothing looks like a result of a tool" in text
    assert "--select '.steps[*].output'" in text
    assert "most records are failures: is it JSON?" in text


def test_many_files_are_cut(tmp_path: Path) -> None:
    for at in range(40):
        (tmp_path / f"{at:02d}.jsonl").write_bytes(message(LOG))
    text = report(tmp_path)
    assert "29.jsonl" in text
    assert "30.jsonl" not in text
    assert "10 more files: see --json" in text
