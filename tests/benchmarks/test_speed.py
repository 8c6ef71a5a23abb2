"""The benchmarks of speed measure equal work, on texts of the requested sizes."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys

import pytest
from helpers.repository import EXAMPLES, REPOSITORY


def test_crush_benchmark_samples_evenly():
    import common
    import crush

    payloads = [common.Payload("", "", f"[{number:04}]") for number in range(1000)]
    texts = crush.sample(payloads, 600)
    assert len(texts) == 100
    assert texts[1] == "[0010]"


def test_scaling_texts_have_the_requested_size_columns_and_depth():
    import scaling

    text = scaling.array_of([{"a": "x"}, {"a": "yy"}], 5000)
    assert 5000 <= len(text) < 5100
    assert [row["number"] for row in json.loads(text)] == list(range(len(json.loads(text))))
    assert {len(row) for row in json.loads(scaling.wide(7, 5000))} == {7}
    value, depth = json.loads(scaling.deep(9, 5000))["member_1"], 0
    while isinstance(value, dict):
        value, depth = value[f"level_{8 - depth}"], depth + 1
    assert depth == 9


def test_bare_loop_does_the_same_work_as_the_pipeline(tmp_path):
    import pipeline

    size_bytes, copies = pipeline.prepare(
        [EXAMPLES / "traces" / "anthropic_messages.jsonl"], _folder(tmp_path / "in"), 700_000
    )
    assert copies > 1
    assert size_bytes >= 700_000
    pipeline.bare(tmp_path / "in", _folder(tmp_path / "bare"))
    pipeline.ours(tmp_path / "in", _folder(tmp_path / "ours"))
    compacted = sorted((tmp_path / "bare").glob("*.jsonl"))
    assert len(compacted) == copies
    for path in compacted:
        assert (tmp_path / "ours" / "out" / path.name).read_bytes() == path.read_bytes()


def _folder(path):
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("name", "arguments", "measured"),
    [
        ("lookup", ["--megabytes", "1"], {"warm_ms", "many"}),
        ("retrieval", ["--megabytes", "1", "--counts", "3", "--repeats", "1"], {"hashes"}),
        ("records", ["--max-bytes", "20000", "--repeats", "1"], {"small", "traces"}),
    ],
)
def test_benchmarks_without_a_peer_print_json(name, arguments, measured, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *arguments])
    importlib.import_module(name).main()
    result = json.loads(capsys.readouterr().out)
    assert result["benchmark"] == name
    assert measured <= set(result)
    if name == "retrieval":
        assert set(result["hashes"]["3"]) == {"auto_cpu_s", "point_cpu_s", "join_cpu_s"}
    if name == "records":
        assert all(result[kind]["restore"]["mb_per_s"] > 0 for kind in measured)


def test_lookup_benchmark_runs_and_its_ways_agree():
    program = REPOSITORY / "benchmarks" / "lookup.py"
    arguments = [sys.executable, str(program), "--megabytes", "2"]
    done = subprocess.run(
        arguments,
        capture_output=True,
        check=True,
        cwd=program.parent.parent,
        env=os.environ | {"PYTHONPATH": "."},
    )
    figures = json.loads(done.stdout)
    assert figures["originals"] == figures["many"][-1]["hashes"]
    assert (
        min(figures["put_megabytes_per_s"], figures["cold_ms"], figures["warm_ms"], figures["uncovered_ms"])
        > 0
    )
    assert {step["plan"]["way"] for step in figures["many"]} <= {"points", "scan"}
