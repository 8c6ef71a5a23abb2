"""Options of crushing on the command line reach the crusher, or are refused."""

import argparse
import json
from pathlib import Path

import pytest
from helpers.commands import CrushedTrace, crush_arguments

from headroom_beam.cli import crush
from headroom_beam.cli.main import main
from headroom_beam.cli.options import (
    add_payload_arguments,
    add_sample_arguments,
    sample_size_from,
    trace_format_from,
)
from headroom_beam.files.estimate import SAMPLE_BYTES
from headroom_beam.files.sample import SampleSize


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
        (("--select", ".a["), "--select: payload path '.a[' at character 3: expected [*]"),
        (("--select", "openai"), "--select takes payload paths; openai is for --trace_format"),
        (("--trace_format", "json", "--select", ".a"), "can't stand among others"),
    ],
)
def test_an_option_out_of_range_is_a_usage_error(
    crushed: CrushedTrace, capfd: pytest.CaptureFixture[str], more: tuple[str, ...], what: str
) -> None:
    assert main(["crush", *crushed.arguments(*more)]) == 2
    captured = capfd.readouterr()
    assert what in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    ("options", "trace_format"),
    [
        ([], ["auto"]),
        (["--trace_format", "openai", ".a"], ["openai", ".a"]),
        (["--select", ".a", ".b", "--select", ".c"], ["auto", ".a", ".b", ".c"]),
        (["--select", ".a", "--trace_format", "openai"], ["openai", ".a"]),
    ],
)
def test_selected_paths_stand_beside_the_trace_format_or_auto(
    options: list[str], trace_format: list[str]
) -> None:
    parser = argparse.ArgumentParser()
    add_payload_arguments(parser)
    assert trace_format_from(parser.parse_args(options)) == trace_format


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ([], SAMPLE_BYTES),
        (["--sample", "10%"], SampleSize(share=0.1, size_bytes=0)),
        (["--all"], None),
    ],
)
def test_the_size_of_a_sample_has_a_default(options: list[str], size: object) -> None:
    parser = argparse.ArgumentParser()
    add_sample_arguments(parser)
    assert sample_size_from(parser.parse_args(options)) == size


def test_a_selected_path_finds_what_no_format_knows(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": number, "state": "sent", "goods": f"lamp {number}"} for number in range(40)]
    record = {"steps": [{"seen": rows}], "role": "tool", "tool_call_id": "c", "content": json.dumps(rows)}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    roots = ["--output", str(tmp_path / "out"), "--originals", str(tmp_path / "store")]
    options = ["--select", ".steps[*].seen", "--json"]
    assert main(["crush", "--input", str(tmp_path / "a.jsonl"), *roots, *options]) == 0
    assert sum(row["payloads"] for row in json.loads(capfd.readouterr().out)["tools"]) == 2
    assert main(["estimate", str(tmp_path / "a.jsonl"), *options]) == 0
    paths = {row["path"] for row in json.loads(capfd.readouterr().out)["paths"]}
    assert paths == {".steps[*].seen", "{role=(tool|function)}.content @ .name"}
