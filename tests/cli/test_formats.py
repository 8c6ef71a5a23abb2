"""`headroom-beam formats`: options, output and exit codes."""

import json
from pathlib import Path

import pytest
from helpers.estimates import LOG, message

from headroom_beam import errors
from headroom_beam.cli.main import main
from headroom_beam.crush.trace_formats import TRACE_FORMATS


def test_what_is_found_is_printed_and_nothing_is_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"messages": [json.loads(message(LOG))]}, indent=1))
    assert main(["formats", str(tmp_path / "a.json")]) == 0
    captured = capfd.readouterr()
    assert "openai" in captured.out
    assert captured.err == ""
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert main(["formats", str(tmp_path), "--all", "--json"]) == 0
    (file,) = json.loads(capfd.readouterr().out)["files"]
    assert (file["file"], file["kind"], file["complete"]) == ("a.json", "document", True)


def test_nothing_found_has_an_exit_code_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_text('{"role": "user"}\n')
    assert main(["formats", str(tmp_path)]) == errors.PayloadNotFound.exit_code
    captured = capfd.readouterr()
    assert "nothing looks like a result" in captured.out
    assert captured.err.startswith("PayloadNotFound: nothing in 1 records ")
    assert captured.err.count("\n") == 1


def test_a_wrong_option_or_input_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(message(LOG))
    assert main(["formats", str(tmp_path), "--sample", "much"]) == 2
    assert main(["formats", str(tmp_path / "none")]) == errors.StoreError.exit_code
    with pytest.raises(SystemExit):
        main(["formats", str(tmp_path), "--paths", "codex"])
    with pytest.raises(SystemExit):
        main(["formats", "--all"])


def test_every_format_is_listed_with_its_version_and_title(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["formats"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "version", "in", "place", "records", "of"]
    for line, one in zip(lines[1:], TRACE_FORMATS.values(), strict=False):
        assert line.split()[0] == one.name
        assert one.version in line
        assert line.endswith(one.title)
    listed = {line.split()[0]: line.split()[2] for line in lines[2 : len(TRACE_FORMATS) + 1]}
    assert {name for name, word in listed.items() if word == "no"} == {"har", "vcr"}
    assert {name for name, word in listed.items() if word not in ("yes", "no")} == set()
    assert [line.split()[0] for line in lines[len(TRACE_FORMATS) + 1 :]] == ["har", "vcr"]


def test_paths_are_printed_one_a_line_ready_to_be_given(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text('[mine]\npaths = [".a", ".b @ .name"]\n')
    assert main(["formats", "--paths", "codex", str(tmp_path / "mine.toml")]) == 0
    assert capfd.readouterr().out.splitlines() == [*TRACE_FORMATS["codex"].paths, ".a", ".b @ .name"]


def test_auto_names_all_formats_that_have_paths(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["formats", "--paths", "auto", "--json"]) == 0
    assert [one["name"] for one in json.loads(capfd.readouterr().out)] == [*TRACE_FORMATS][1:]


def test_json_has_every_field_and_why_a_file_is_not_put_back(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["formats", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capfd.readouterr().out)}
    assert list(rows) == list(TRACE_FORMATS)
    assert rows["codex"] == {
        "name": "codex",
        "title": TRACE_FORMATS["codex"].title,
        "version": TRACE_FORMATS["codex"].version,
        "in_place": True,
        "not_in_place_because": None,
        "paths": list(TRACE_FORMATS["codex"].paths),
        "keep": list(TRACE_FORMATS["codex"].keep),
        "side_files": list(TRACE_FORMATS["codex"].side_files),
    }
    assert (rows["har"]["in_place"], rows["json"]["in_place"]) == (False, None)
    assert rows["har"]["not_in_place_because"] == TRACE_FORMATS["har"].in_place


@pytest.mark.parametrize(
    ("name", "code", "what"),
    [
        ("opnai", 2, "unknown trace format 'opnai'"),
        (".nothing", 2, "no trace format has the path '.nothing'"),
        ("none.toml", errors.StoreError.exit_code, "none.toml"),
    ],
)
def test_an_unknown_name_is_an_error(
    capfd: pytest.CaptureFixture[str], name: str, code: int, what: str
) -> None:
    assert main(["formats", "--paths", name]) == code
    captured = capfd.readouterr()
    assert what in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)
