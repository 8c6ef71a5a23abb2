"""The format `auto` finds results in recorded sessions and by their shape, and leaves everything else."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from helpers.repository import EXAMPLES

from headroom_beam import _core
from headroom_beam.crush.batch import crush_batch
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.trace_formats import AUTO, resolve

RECORDED = sorted((EXAMPLES / "sessions" / "recorded").iterdir())


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_auto_finds_the_results_of_a_recorded_session_and_restores_it(path: Path) -> None:
    text = path.read_bytes()
    records = [json.dumps(json.loads(text)).encode()] if path.suffix == ".json" else text.splitlines()
    crushed = _core.crush_records(
        pa.array(records, pa.large_binary()), options_for(SmartCrusherConfig(max_tokens=64), AUTO)
    )
    rows = crushed.records()
    payloads = [payload for row in rows.column("payloads").to_pylist() for payload in row]
    assert sum(payload["strategy"] != "unchanged" for payload in payloads) >= 3
    assert {payload["path"] for payload in payloads} <= set(resolve(AUTO))
    assert (crushed.failure_count, crushed.unproved_count) == (0, 0)
    for record, compacted in zip(records, rows.column("record").to_pylist(), strict=True):
        restored = _core.restore_block(compacted, crushed.originals(), lines=True)
        assert (restored.restored, restored.unresolved().num_rows) == (record, 0)


LISTING = [{"id": number, "name": f"host-{number}", "state": "up"} for number in range(40)]


LINES = "\n".join(f"2026-03-01T12:00:{n % 60:02d}Z worker-{n % 5} INFO job {n} is done" for n in range(200))
CALLED = {"name": "list", "arguments": json.dumps(LISTING), "output": json.dumps(LISTING)}
WITHOUT_OUTPUT = {"name": "put", "arguments": json.dumps(LISTING), "output": None}


@pytest.mark.parametrize(
    ("record", "paths"),
    [
        ({"call_id": "c1", "tool": "list_hosts", "result": LISTING}, ["{call_id}.result @ .tool"]),
        (
            {"role": "tool", "tool_call_id": "c1", "content": json.dumps(LISTING)},
            ["{role=(tool|function)}.content @ .name"],
        ),
        # Spans of OpenAI's agents: nothing but the type says that a plain text is a function's.
        (
            {"span_data": {"type": "function", "name": "log", "input": "{}", "output": LINES}},
            [".span_data{type=function}.output:string @ .name"],
        ),
        # Semantic Kernel: the id of the call stands under a plain name.
        (
            {"items": [{"id": "c1", "function_name": "log", "result": json.dumps(LISTING)}]},
            [".items[*]{function_name}{id}.result:string @ .function_name"],
        ),
        # Steps of OpenAI's assistants: the output stands in the function of the call.
        (
            {"type": "tool_calls", "tool_calls": [{"type": "function", "function": CALLED}]},
            ["{type=tool_calls}.tool_calls[*].function{arguments}.output:string @ .name"],
        ),
        ({"type": "tool_calls", "tool_calls": [{"type": "function", "function": WITHOUT_OUTPUT}]}, []),
        ({"role": "user", "content": json.dumps(LISTING)}, []),
        ({"role": "system", "content": json.dumps(LISTING)}, []),
        ({"type": "tool_call", "id": "c1", "name": "put", "arguments": json.dumps(LISTING)}, []),
        ({"sessionId": "s", "type": "note", "call_id": "c1", "result": LISTING}, []),
    ],
)
def test_auto_takes_results_and_leaves_prompts_arguments_and_known_records(
    record: dict[str, object], paths: list[str]
) -> None:
    text = json.dumps(record).encode()
    crushed = _core.crush_records(
        pa.array([text], pa.large_binary()), options_for(SmartCrusherConfig(), AUTO)
    )
    (row,) = crushed.records().to_pylist()
    assert [payload["path"] for payload in row["payloads"]] == paths
    assert (row["record"] == text) == (not paths)


SHAPED = {"call_id": "c1", "tool": "list_hosts", "result": LISTING}
LIKELY = {"tool": "list_hosts", "result": LISTING}
KNOWN = {"role": "tool", "tool_call_id": "c1", "content": json.dumps(LISTING)}
KEPT = {"sessionId": "s", "type": "note", "call_id": "c1", "result": LISTING}
RETRIEVED = {"call_id": "c1", "tool": "headroom_retrieve", "result": LISTING}
UNKNOWN = {"notes": [{"title": "nothing", "body": "of a tool's"}]}


@pytest.mark.parametrize(
    ("record", "trace_format", "unrecognised", "likely"),
    [
        (SHAPED, AUTO, 0, 0),
        (KNOWN, AUTO, 0, 0),
        (KEPT, AUTO, 0, 0),
        (RETRIEVED, AUTO, 0, 0),
        (LIKELY, AUTO, 1, 1),
        (UNKNOWN, AUTO, 1, 0),
        (KNOWN, "openai", 0, 0),
        (SHAPED, "openai", 1, 0),
        (UNKNOWN, "json", 0, 0),
    ],
)
def test_records_in_which_nothing_is_recognised_are_counted(
    record: dict[str, object], trace_format: str, unrecognised: int, likely: int
) -> None:
    options = options_for(SmartCrusherConfig(), trace_format)
    text = json.dumps(record).encode()
    lines = _core.crush_block(text + b"\n\n{broken\n" + text, options)
    assert (lines.unrecognised_count, lines.likely_count) == (2 * unrecognised, 2 * likely)
    assert lines.failure_count == 1
    batch = crush_batch([text, b"{broken", text, text], options)
    assert (batch.unrecognised, batch.likely) == (3 * unrecognised, 3 * likely)


def test_elements_of_a_large_text_are_counted_like_records() -> None:
    options = options_for(SmartCrusherConfig(), AUTO)
    messages = [{"kind": "note", "text": "x" * 99}, SHAPED, LIKELY]
    cutter = _core.JsonCutter(value_bytes=3000, leaf_bytes=200, max_depth=8, block_bytes=1 << 20)
    blocks = [*cutter.push(json.dumps({"of": messages}).encode()), *cutter.finish()]
    elements = [_core.crush_elements(block, options) for block in blocks if isinstance(block, _core.CutBlock)]
    assert sum(block.record_count for block in elements) == len(messages)
    assert sum(block.unrecognised_count for block in elements) == 2
    assert sum(block.likely_count for block in elements) == 1


def test_a_result_known_by_its_shape_says_why() -> None:
    records = pa.array([json.dumps(record) for record in (SHAPED, KNOWN)])
    rows = _core.crush_records(records, options_for(SmartCrusherConfig(), AUTO)).records()
    (shaped,), (known,) = rows.column("payloads").to_pylist()
    assert shaped["recognised_by"] == "the id of a call stands beside it"
    assert known["recognised_by"] == ""
    embedded = pa.array([json.dumps({"log": {"value": json.dumps(SHAPED)}})])
    rows = _core.crush_records(embedded, options_for(SmartCrusherConfig(), AUTO)).records()
    assert rows.column("payloads")[0][0]["recognised_by"].as_py() == shaped["recognised_by"]


def test_a_kept_value_is_left_unless_a_path_leads_into_it() -> None:
    text = json.dumps({"a": {"listing": LISTING, "more": LISTING}}).encode()
    for paths, count in (([".a:keep", "$:results"], 0), ([".a:keep", ".a.listing"], 1), ([".a.listing"], 1)):
        crushed = _core.crush_records(pa.array([text], pa.large_binary()), _core.Options(paths=paths))
        (row,) = crushed.records().to_pylist()
        assert len(row["payloads"]) == count
