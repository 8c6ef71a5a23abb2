"""`headroom-beam estimate`: options, output and exit codes."""

import json
from pathlib import Path

import pytest
from helpers.estimates import LISTING, message

from headroom_beam import errors
from headroom_beam.cli.main import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.jsonl").write_bytes(message(json.dumps(LISTING)) + message("x\x1b[2J " * 900))
    return tmp_path


def test_an_estimate_is_printed_and_nothing_is_written(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = sorted(folder.rglob("*"))
    assert main(["estimate", str(folder)]) == 0
    captured = capfd.readouterr()
    assert "at 512" in captured.out
    assert "logs/a.jsonl:1" in captured.out
    assert captured.err == ""
    assert sorted(folder.rglob("*")) == before


def test_an_estimate_is_printed_as_json(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = ["--budgets", "64", "128", "--exact_tokens", "--blob_min_bytes", "200", "--all", "--json"]
    assert main(["estimate", str(folder), *options]) == 0
    estimate = json.loads(capfd.readouterr().out)
    assert (estimate["budgets"], estimate["exact_tokens"], estimate["complete"]) == ([64, 128], True, True)
    assert list(estimate["all"]["saved"]) == ["64", "128"]


def test_the_budget_of_crush_is_among_those_tried(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", str(folder), "--max_tokens", "300", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["budgets"] == [300, 512, 1024, 4096]


def test_no_payload_has_an_exit_code_of_its_own(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", str(folder), "--trace_format", ".nothing", "--json"]) == 12
    captured = capfd.readouterr()
    assert json.loads(captured.out)["without_payloads"][0]["formats"] == ["openai"]
    assert captured.err.startswith("PayloadNotFound: no payload in 2 records; --trace_format openai ")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--sample", "much"], 2),
        (["--budgets", "1"], 2),
        (["--trace_format", "opnai"], 2),
        (["--max_depth", "0"], 2),
    ],
)
def test_a_wrong_option_is_a_usage_error(
    folder: Path, capfd: pytest.CaptureFixture[str], options: list[str], code: int
) -> None:
    assert main(["estimate", str(folder), *options]) == code
    captured = capfd.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_an_input_that_is_not_there_is_an_error(folder: Path) -> None:
    assert main(["estimate", str(folder / "none.jsonl")]) == errors.StoreError.exit_code
    with pytest.raises(SystemExit):
        main(["estimate", str(folder), "--all", "--sample", "1MB"])
