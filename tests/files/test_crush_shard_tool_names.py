"""Names of tools, where a call and its result stand in different records of a file."""

import dataclasses
import json
from pathlib import Path

import pytest
from helpers.generators import record

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.run import run_shards

CALL = {"role": "assistant", "tool_calls": [{"id": "a1", "function": {"name": "list_things"}}]}
USE = {"role": "assistant", "content": [{"type": "tool_use", "id": "b1", "name": "mcp__headroom_retrieve"}]}
RESULT = {"role": "tool", "tool_call_id": "a1", "content": record(1).decode()}
RETRIEVED = {
    "role": "user",
    "content": [{"type": "tool_result", "tool_use_id": "b1", "content": record(2).decode()}],
}
MESSAGES = [CALL, RESULT, USE, RETRIEVED]


def tools(settings: RunSettings, path: Path) -> tuple[dict[str, int], bytes]:
    manifest = run_shards([str(path)], dataclasses.replace(settings, trace_format=["openai", "anthropic"]))
    rows = {row["tool"]: row["payloads"] for row in manifest.summary["tools"]}
    return rows, (Path(settings.output) / path.name).read_bytes()


def test_a_call_in_an_earlier_line_names_the_tool(tmp_path: Path, settings: RunSettings) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(json.dumps(message).encode() + b"\n" for message in MESSAGES))
    found, compacted = tools(settings, path)
    assert found == {"list_things": 1}
    # What was looked up has been asked for in full.
    assert compacted.splitlines()[3] == json.dumps(RETRIEVED).encode()


@pytest.mark.parametrize("limit", [64 << 20, 9000])
def test_a_call_in_an_earlier_element_names_the_tool(
    tmp_path: Path, settings: RunSettings, limit: int
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(json.dumps({"messages": MESSAGES}, indent=2).encode())
    config = SmartCrusherConfig(max_tokens=300, max_record_bytes=limit)
    found, compacted = tools(dataclasses.replace(settings, config=config), path)
    assert found == {"list_things": 1}
    assert json.loads(compacted)["messages"][3] == RETRIEVED


def test_calls_of_another_file_and_later_ones_are_not_known(tmp_path: Path, settings: RunSettings) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_bytes(json.dumps(CALL).encode() + b"\n")
    (tmp_path / "in" / "b.jsonl").write_bytes(json.dumps(RESULT).encode() + b"\n" + json.dumps(CALL).encode())
    settings = dataclasses.replace(settings, trace_format="openai")
    manifest = run_shards([str(tmp_path / "in")], settings)
    assert [row["tool"] for row in manifest.summary["tools"]] == [""]
