"""The format `auto` finds results in recorded sessions and by their shape, and leaves everything else."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from helpers.repository import EXAMPLES

from headroom_beam import _core
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


@pytest.mark.parametrize(
    ("record", "paths"),
    [
        ({"call_id": "c1", "tool": "list_hosts", "result": LISTING}, ["{call_id}.result @ .tool"]),
        (
            {"role": "tool", "tool_call_id": "c1", "content": json.dumps(LISTING)},
            ["{role=(tool|function)}.content @ .name"],
        ),
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


def test_a_kept_value_is_left_unless_a_path_leads_into_it() -> None:
    text = json.dumps({"a": {"listing": LISTING, "more": LISTING}}).encode()
    for paths, count in (([".a:keep", "$:results"], 0), ([".a:keep", ".a.listing"], 1), ([".a.listing"], 1)):
        crushed = _core.crush_records(pa.array([text], pa.large_binary()), _core.Options(paths=paths))
        (row,) = crushed.records().to_pylist()
        assert len(row["payloads"]) == count
