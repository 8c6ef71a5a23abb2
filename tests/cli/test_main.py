"""The command line as a whole: its commands, usage errors and what it imports."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from headroom_beam import errors
from headroom_beam.cli.main import _COMMANDS, main


@pytest.mark.parametrize("command", [["get", "0" * 24], ["check"], ["serve"]])
def test_a_missing_store_is_an_error_and_is_not_created(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main([*command, "--originals", str(tmp_path / "none")]) == errors.StoreError.exit_code
    assert "no store" in capfd.readouterr().err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "arguments", [[], ["crsh"], ["get"], ["get", "0" * 24], ["check", "--inptu", "x"], ["crush"]]
)
def test_a_command_line_that_does_not_parse_is_a_usage_error(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_help_names_all_commands(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capfd.readouterr().out
    assert all(
        f"    {command} " in text
        for command in ("crush", "restore", "estimate", "formats", "show", "get", "check", "serve")
    )


@pytest.mark.parametrize("command", _COMMANDS)
def test_each_command_is_the_main_function_of_the_module_with_its_name(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    module = importlib.import_module(f"headroom_beam.cli.{command}")
    given: list[list[str]] = []

    def called(arguments: list[str]) -> int:
        given.append(arguments)
        return 42

    monkeypatch.setattr(module, "main", called)
    assert main([command, "--flag", "value"]) == 42
    assert given == [["--flag", "value"]]


def test_the_command_line_starts_without_beam_and_the_server() -> None:
    program = (
        "import sys, headroom_beam.cli.main;"
        "print(sorted({'apache_beam', 'starlette', 'pyarrow', 'google.cloud.storage'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
