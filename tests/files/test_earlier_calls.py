"""A record is shown with what the calls in earlier lines say, as the run had it."""

import json
from pathlib import Path

import pytest
from helpers.generators import record
from helpers.record_runs import RecordRun

from headroom_beam import errors

CALLS = {
    "role": "assistant",
    "tool_calls": [
        {"id": "a", "function": {"name": "mcp__h__headroom_retrieve"}},
        {"id": "b", "function": {"name": "list_things"}},
    ],
}
RESULTS = {
    "messages": [
        {"role": "tool", "tool_call_id": "a", "content": record(1).decode()},
        {"role": "tool", "tool_call_id": "b", "content": record(2).decode()},
    ]
}
LINES = [json.dumps(value).encode() for value in (CALLS, RESULTS, {"n": 1}, CALLS, RESULTS)]


@pytest.mark.parametrize("line", [2, 5])
def test_a_line_of_a_result_and_one_that_was_looked_up_is_shown(tmp_path: Path, line: int) -> None:
    run = RecordRun(tmp_path, data=b"\n".join(LINES), trace_format="openai", shard_bytes=64 << 20)
    view = run.view(f"{run.name}:{line}")
    (one,) = view.payloads
    assert (one.payload.tool, one.place) == ("list_things", ".messages[1].content")
    assert (one.before, one.after != one.before) == (record(2).decode(), True)
    assert json.loads(view.found.compacted)["messages"][0] == RESULTS["messages"][0]


def test_an_element_that_its_calls_explain_says_so(tmp_path: Path) -> None:
    steps = {"steps": [CALLS, RESULTS, RESULTS]}
    data = json.dumps(steps, indent=1).encode()
    run = RecordRun(
        tmp_path,
        ".json",
        data=data,
        trace_format="..{role=tool}.content",
        config={"max_record_bytes": len(data) * 2 // 3},
    )
    line = data.split(b'"messages"')[0].count(b"\n")
    with pytest.raises(errors.StoreError, match="results were looked up and stay"):
        run.view(f"{run.name}:{line}")
