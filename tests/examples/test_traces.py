"""The example traces are what they claim to be, and every example program and README snippet runs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "examples"
TRACES = sorted((EXAMPLES / "traces").glob("*.jsonl"))


def records_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def messages_of(path):
    return [message for record in records_of(path) for message in record.get("messages", [record])]


def run(*command, cwd=None):
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def examples_path(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))


def test_traces_are_large_and_many_enough():
    assert [path.name for path in TRACES] == [
        "anthropic_conversations.jsonl",
        "anthropic_messages.jsonl",
        "openai_conversations.jsonl",
        "openai_messages.jsonl",
    ]
    assert sum(len(records_of(path)) for path in TRACES) >= 200
    assert 2_000_000 <= sum(path.stat().st_size for path in TRACES) <= 4_000_000


def test_every_tool_call_is_answered_once():
    for path in TRACES:
        asked, answered = [], []
        for message in messages_of(path):
            asked += [call["id"] for call in message.get("tool_calls", [])]
            if message["role"] == "tool":
                answered.append(message["tool_call_id"])
            for block in message["content"] if isinstance(message["content"], list) else []:
                asked += [block["id"]] if block["type"] == "tool_use" else []
                answered += [block["tool_use_id"]] if block["type"] == "tool_result" else []
        assert asked
        assert sorted(asked) == sorted(answered)
        assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name)
def test_traces_name_neither_people_nor_machines(path):
    text = path.read_text(encoding="utf-8")
    addresses = set(re.findall(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", text))
    assert addresses <= {"someone@example.com"}
    assert not re.search(r"(?<![\w.])(/root/|/home/(?!user\b)|/Users/)", text)
    assert not re.search(r"find-links|(index|extra)-(url|index)|Looking in (links|indexes)", text)
    assert not re.search(
        r"(?i)(api[_-]?key|password|secret|token)[\"' ]*[:=][\"' ]*[A-Za-z0-9/+_-]{20,}", text
    )
    assert "BEGIN PRIVATE KEY" not in text


def test_neutral_replaces_paths_and_addresses_and_nothing_else(examples_path):
    from recording import neutral

    places = {"/here": "/there", "/here/inside": "/in"}
    assert (
        neutral("at /here/inside/x and /here/y by a.b@mail.org", places)
        == "at /in/x and /there/y by someone@example.com"
    )
    assert neutral("git@host: 1 @ 2", {}) == "git@host: 1 @ 2"


def test_recording_keeps_output_errors_and_exit_status_in_both_forms(examples_path, tmp_path):
    from recording import Conversation, anthropic_messages, openai_messages

    talk = Conversation("one", workspace=tmp_path)
    talk.ask("Run it.")
    program = "import sys; print('  [1,  2.0]'); print('oh', file=sys.stderr); sys.exit(3)"
    output = talk.run("bash", [sys.executable, "-c", program], why="Running.", program="p")
    talk.answer("It failed.")
    assert output == "  [1,  2.0]\n"
    logged = "  [1,  2.0]\n\n[stderr]\noh\n[exit status 3]"
    openai = openai_messages(talk)
    assert [message["role"] for message in openai] == ["system", "user", "assistant", "tool", "assistant"]
    assert openai[3]["content"] == logged
    assert openai[3]["tool_call_id"] == openai[2]["tool_calls"][0]["id"]
    anthropic = anthropic_messages(talk)
    assert [message["role"] for message in anthropic] == ["user", "assistant", "user", "assistant"]
    result = anthropic[2]["content"][0]
    assert result["content"] == [{"type": "text", "text": logged}]
    assert result["is_error"] is True


@pytest.mark.parametrize("program", ["crush_text.py", "crush_records.py", "plain_sql.py"])
def test_program_runs(program, tmp_path):
    done = run(EXAMPLES / program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_demo_restores_every_file(tmp_path):
    for _ in range(2):  # The second run takes the place of the first.
        done = run(EXAMPLES / "demo.py", "--output", tmp_path / "out")
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
    run(EXAMPLES / "demo.py", "--output", tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def snippets():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_readme_has_snippets():
    assert len(snippets()) >= 2


@pytest.mark.parametrize("number", range(len(snippets())))
def test_readme_snippet_runs(number, tmp_path):
    # A snippet finds the example traces under the name that the README gives them.
    (tmp_path / "examples").symlink_to(EXAMPLES)
    (tmp_path / "snippet.py").write_text(snippets()[number], encoding="utf-8")
    done = run("snippet.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
