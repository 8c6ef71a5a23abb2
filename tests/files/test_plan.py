"""Plans of runs: another run in the same place is refused with the reason; an interrupted one resumes."""

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.oracles import output_of, tree
from helpers.record_runs import RecordRun

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.errors import FormatError, StoreError
from headroom_beam.files.plan import RunSettings, recorded_run, start_run, verify_run
from headroom_beam.files.run import run_shards


def changed_option(inputs: Path, settings: RunSettings) -> RunSettings:
    return dataclasses.replace(settings, config=SmartCrusherConfig(max_tokens=299))


def changed_format(inputs: Path, settings: RunSettings) -> RunSettings:
    return dataclasses.replace(settings, trace_format=".result")


def changed_store(inputs: Path, settings: RunSettings) -> RunSettings:
    return dataclasses.replace(settings, originals=settings.originals + "2")


def changed_shards(inputs: Path, settings: RunSettings) -> RunSettings:
    return dataclasses.replace(settings, shard_bytes=12_345)


def changed_file_budget(inputs: Path, settings: RunSettings) -> RunSettings:
    return dataclasses.replace(settings, max_file_tokens=5000)


def new_input(inputs: Path, settings: RunSettings) -> RunSettings:
    (inputs / "new.jsonl").write_bytes(b"1\n")
    return settings


def changed_input(inputs: Path, settings: RunSettings) -> RunSettings:
    (inputs / "blank.jsonl").write_bytes(b"2\n")
    return settings


def missing_input(inputs: Path, settings: RunSettings) -> RunSettings:
    (inputs / "blank.jsonl").unlink()
    return settings


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (changed_option, "option max_tokens is"),
        (changed_format, "option paths is"),
        (changed_store, "originals is"),
        (changed_shards, "shard_bytes is"),
        (changed_file_budget, "max_file_tokens is"),
        (new_input, "'new.jsonl' is new"),
        (changed_input, "'blank.jsonl' has changed"),
        (missing_input, "'blank.jsonl' is missing"),
    ],
)
def test_another_run_is_refused_with_the_difference(
    inputs: Path, settings: RunSettings, change: Any, named: str
) -> None:
    run_shards([str(inputs)], settings)
    before = tree(output_of(settings))
    with pytest.raises(StoreError, match=named):
        run_shards([str(inputs)], change(inputs, settings))
    assert tree(output_of(settings)) == before


def test_a_difference_in_many_paths_is_told_in_few_words(inputs: Path, settings: RunSettings) -> None:
    run_shards([str(inputs)], dataclasses.replace(settings, trace_format="auto"))
    with pytest.raises(
        StoreError, match=r"option paths is [0-9]+ values from '.+' on, this one's \['"
    ) as told:
        run_shards([str(inputs)], dataclasses.replace(settings, trace_format=".result"))
    assert len(str(told.value)) < 500


def test_a_resumed_run_keeps_its_date(inputs: Path, settings: RunSettings) -> None:

    dated = dataclasses.replace(settings, run_date=dt.date(2026, 1, 31))
    run, _ = start_run([str(inputs)], dated)
    assert start_run([str(inputs)], settings)[0].run_date == run.run_date
    with pytest.raises(StoreError, match="run_date"):
        start_run([str(inputs)], dataclasses.replace(settings, run_date=dt.date(2026, 2, 1)))


def test_a_worker_whose_plan_was_replaced_stops(inputs: Path, settings: RunSettings) -> None:
    run, _ = start_run([str(inputs)], settings)
    verify_run(run)
    path = output_of(settings) / "_run.json"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(StoreError, match="another run"):
        verify_run(run)


@pytest.mark.parametrize("pattern", ["", "/**/*.jsonl", "/**/r*.jsonl"])
def test_an_output_that_the_input_would_match_is_refused(
    inputs: Path, settings: RunSettings, pattern: str
) -> None:
    settings = dataclasses.replace(settings, output=str(inputs / "out"))
    with pytest.raises(ValueError, match="input of the same run"):
        run_shards([f"{inputs}{pattern}"], settings)
    assert not (inputs / "out").exists()


def test_an_output_below_the_input_that_no_pattern_reaches_is_fine(
    inputs: Path, settings: RunSettings
) -> None:
    settings = dataclasses.replace(settings, output=str(inputs / "out"))
    assert run_shards([f"{inputs}/*.jsonl"], settings) == run_shards([f"{inputs}/*.jsonl"], settings)


def test_output_and_store_need_roots_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="root of its own"):
        RunSettings(output=str(tmp_path), originals=str(tmp_path) + "/")


def test_the_plan_gives_back_the_settings(record_run: RecordRun) -> None:
    found = recorded_run(record_run.settings.output)
    assert found.config == record_run.settings.config
    assert found.paths == tuple(record_run.settings.trace_format)
    assert found.originals == record_run.settings.originals
    assert [name for _, name in found.inputs] == [record_run.name]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fingerprint": "0" * 64}, "mean something else"),
        ({"max_tokens": 201}, "mean something else"),
        ({"new_option": 1}, "doesn't know"),
        ({"max_tokens": -1}, "doesn't know"),
    ],
)
def test_a_plan_of_another_version_is_an_error(
    record_run: RecordRun, change: dict[str, Any], message: str
) -> None:
    path = Path(record_run.settings.output, "_run.json")
    plan = json.loads(path.read_bytes())
    plan["options"].update(change)
    path.chmod(0o644)
    path.write_text(json.dumps(plan))
    with pytest.raises(FormatError, match=message):
        recorded_run(record_run.settings.output)
