"""`headroom-beam formats`: options, output and exit codes."""

import json
from pathlib import Path

import pytest
from helpers.estimates import LOG, message

from headroom_beam import errors
from headroom_beam.cli.main import main


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
        main(["formats"])
