"""Options of crushing on the command line reach the crusher, or are refused."""

import json
from pathlib import Path

import pytest
from helpers.commands import CrushedTrace, crush_arguments

from headroom_beam.cli import crush
from headroom_beam.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--max_tokens", "0"], "max_tokens"),
        (["--trace_format", "nonsense"], "nonsense"),
        (["--maxtokens", "5"], "--maxtokens"),
        (["--runer", "DirectRunner"], "--runer"),
        (["--output", "s3://bucket"], "s3"),
    ],
)
def test_wrong_options_are_refused(
    inputs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    assert crush.main([*crush_arguments(inputs), *arguments]) == 2
    assert named in capsys.readouterr().err
    assert not (inputs.parent / "out").exists()


def test_options_reach_the_crusher(inputs: Path) -> None:
    more = ["--lossless_only", "--no-verify", "--keep_patterns", "one", "two", "--first_fraction", "0.5"]
    assert (
        crush.main(
            crush_arguments(inputs, *more, "--trace_format", ".result", ".text", "--shard_bytes", "9999")
        )
        == 0
    )
    plan = json.loads((inputs.parent / "out" / "_run.json").read_bytes())
    options = plan["options"]
    assert options["lossless_only"] is True
    assert options["verify"] is False
    assert options["keep_patterns"] == ["one", "two"]
    assert options["first_fraction"] == 0.5
    assert options["paths"] == [".result", ".text"]
    assert plan["shard_bytes"] == 9999


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (("--max_items_after_crush", "0"), "max_items_after_crush"),
        (("--trace_format", "opnai"), "unknown trace format"),
        (("--trace_format", ".a["), "at character 3"),
    ],
)
def test_an_option_out_of_range_is_a_usage_error(
    crushed: CrushedTrace, capfd: pytest.CaptureFixture[str], more: tuple[str, ...], what: str
) -> None:
    assert main(["crush", *crushed.arguments(*more)]) == 2
    captured = capfd.readouterr()
    assert what in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)
