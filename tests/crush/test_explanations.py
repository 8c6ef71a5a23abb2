"""Each payload of a block, and each record in which nothing was recognised, has a row that says why."""

import json

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.explanations import explanations
from headroom_beam.crush.path_formats import PathFormats
from headroom_beam.crush.trace_formats import AUTO, named_formats
from headroom_beam.records import Payload

LOG = "a line of a log\n" * 40
RECORDS = [
    {"note": 7},
    {"role": "tool", "tool_call_id": "c1", "content": LOG},
    {"call_id": "c1", "tool": "ls", "result": LOG},
    {"tool": "ls", "result": [{"id": at, "name": f"file {at}"} for at in range(40)]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": LOG}]},
]
LINES = b"\n".join(json.dumps(record).encode() for record in RECORDS) + b"\n{broken"


def rows_of(trace_format: str | list[str]) -> list[dict[str, object]]:
    block = _core.crush_block(LINES, options_for(SmartCrusherConfig(), trace_format))
    return list(explanations(block, PathFormats(named_formats(trace_format))))


def test_rows_stand_in_the_order_of_the_records_and_name_the_format_or_the_shape() -> None:
    rows = rows_of(AUTO)
    starts = [at for at in range(len(LINES)) if at == 0 or LINES[at - 1 : at] == b"\n"]
    assert [row["offset"] for row in rows] == starts[:-1]
    why = [row["recognised_by"] for row in rows]
    assert why == [
        "nothing",
        "openai",
        "by shape: the id of a call stands beside it",
        "nothing",
        "anthropic",
    ]
    assert "nothing looks like a result" in str(rows[0]["explanation"])
    assert "headroom-beam formats FILE" in str(rows[3]["explanation"])
    assert set(rows[1]) == {"offset", *Payload._fields}


def test_given_paths_and_whole_records_say_so() -> None:
    assert [row["recognised_by"] for row in rows_of([".result", ".note"])] == [
        "given path",
        "nothing",
        "given path",
        "given path",
        "nothing",
    ]
    assert {row["recognised_by"] for row in rows_of("json")} == {"whole record"}
