"""Every example program runs, and the demonstration fails when a file comes back changed."""

import json
import re
import sys

import pytest
from helpers.repository import EXAMPLES, TRACES, run_program


@pytest.mark.parametrize("program", ["crush_text.py", "crush_records.py", "plain_sql.py"])
def test_program_runs(program, tmp_path):
    done = run_program(EXAMPLES / program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_demo_restores_every_file(tmp_path):
    for _ in range(2):  # The second run replaces the output of the first.
        done = run_program(EXAMPLES / "demo.py", "--output", tmp_path / "out")
        assert done.returncode == 0, done.stderr
        assert len(re.findall(r"\bequal$", done.stdout, re.MULTILINE)) == len(TRACES)
        assert "<<ccr:" in done.stdout
        assert "originals" in done.stdout
        assert "failures" in done.stdout
    for path in TRACES:
        assert (tmp_path / "out" / "restored" / path.name).read_bytes() == path.read_bytes()
        compacted = tmp_path / "out" / "compacted" / path.name
        assert compacted.stat().st_size < path.stat().st_size
        for line in compacted.read_text(encoding="utf-8").splitlines():
            json.loads(line)


def test_demo_fails_when_a_restored_file_differs(examples_path, monkeypatch, tmp_path, capsys):
    import demo

    checksum = demo.sha256
    monkeypatch.setattr(
        demo, "sha256", lambda path: checksum(path)[::-1] if "restored" in path.parts else checksum(path)
    )
    monkeypatch.setattr(sys, "argv", ["demo.py", "--output", str(tmp_path / "out")])
    assert demo.main() == 1
    assert "DIFFERENT" in capsys.readouterr().out


def test_demo_leaves_a_folder_alone_that_it_did_not_write(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    run_program(EXAMPLES / "demo.py", "--output", tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"
