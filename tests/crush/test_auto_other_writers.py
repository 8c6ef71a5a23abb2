"""Records as other libraries spell them (see findings/): results are found or left, and all comes back."""

import base64
import json
import random

import pyarrow as pa
import pytest

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.trace_formats import AUTO

BYTES = random.Random(1).randbytes(6000)
LISTING = [{"id": number, "name": f"host-{number}", "state": "up"} for number in range(40)]


def crush(record: bytes, **options: int) -> dict[str, object]:
    """Crushes one record with `auto`, checks that it restores, and returns its row."""
    crushed = _core.crush_records(
        pa.array([record], pa.large_binary()), options_for(SmartCrusherConfig(**options), AUTO)
    )
    assert (crushed.failure_count, crushed.unproved_count) == (0, 0)
    (row,) = crushed.records().to_pylist()
    restored = _core.restore_block(row["record"], crushed.originals(), lines=True)
    assert (restored.restored, restored.unresolved().num_rows) == (record, 0)
    return row


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_bytes_become_a_blob_in_both_alphabets_of_base64(encode) -> None:
    """pydantic-ai and google-genai write the URL-safe alphabet (findings/base64_alphabets.sh)."""
    content = {"png": encode(BYTES).decode(), "ratio": None}
    part = {"tool_name": "thumbnail", "content": content, "tool_call_id": "c1", "part_kind": "tool-return"}
    record = json.dumps({"parts": [part], "kind": "request"}, separators=(",", ":")).encode()
    compacted = crush(record)["record"]
    assert b",base64," in compacted
    assert len(compacted) < 300


@pytest.mark.parametrize("as_text", [False, True])
def test_rows_are_found_as_text_and_as_parts_of_a_message(as_text: bool) -> None:
    """LangChain writes the same tool's rows in both ways (findings/langchain_rows.sh)."""
    rows = [{"type": "file", "name": f"test_{n}.py", "bytes": n * 7} for n in range(40)]
    message = {"content": json.dumps(rows) if as_text else rows, "type": "tool", "tool_call_id": "c1"}
    record = json.dumps({"run_type": "chain", "outputs": {"messages": [message]}}).encode()
    compacted = crush(record)["record"]
    assert len(compacted) < len(record) // 2


def test_arguments_that_were_parsed_are_left_beside_an_observation() -> None:
    """smolagents parses arguments that are JSON, and leaves observations (findings/smolagents_steps.sh)."""
    function = {"name": "write_file", "arguments": {"path": "a.json", "content": LISTING}}
    step = {
        "step_number": 1,
        "tool_calls": [{"id": "c", "type": "function", "function": function}],
        "observations": json.dumps(LISTING),
        "action_output": None,
    }
    row = crush(json.dumps(step).encode())
    assert json.loads(row["record"])["tool_calls"] == step["tool_calls"]
    assert json.loads(row["record"])["observations"] != step["observations"]


def test_ids_that_are_numbers_in_some_rows_and_strings_in_others_stay_apart() -> None:
    """Langfuse writes integers beyond 2^53 as strings (findings/langfuse_values.sh)."""
    first = 2**53 - 20
    rows = [
        {"id": number if number < 2**53 else str(number), "price": "<Decimal>", "ratio": "NaN", "state": "up"}
        for number in range(first, first + 40)
    ]
    record = json.dumps({"type": "TOOL", "name": "list", "output": json.dumps(rows)}).encode()
    row = crush(record)
    assert len(row["record"]) < len(record) // 2
    assert b'"9007199254740993' in row["record"].replace(b"\\", b"")


def test_spans_that_protobuf_refuses_are_crushed_and_kept() -> None:
    """Some lines of OTLP/JSON aren't what its schema says (findings/otel_structured_values.sh)."""
    attributes = [
        {"key": "id", "value": {"intValue": "18446744073709551615"}},
        {"key": "ratio", "value": {"doubleValue": "NaN"}},
        {"key": "none", "value": {}},
        {"key": "gen_ai.tool.call.result", "value": {"stringValue": json.dumps(LISTING)}},
    ]
    spans = [{"traceId": "0" * 32, "spanId": "0" * 16, "name": "execute_tool", "attributes": attributes}]
    record = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    compacted = crush(record)["record"]
    assert len(compacted) < len(record) // 2
    for attribute in attributes[:3]:
        assert json.dumps(attribute).encode() in compacted


def test_a_result_with_a_key_for_each_byte_is_found_and_returns() -> None:
    """The AI SDK writes an array of bytes as an object (findings/ai_sdk_values.sh)."""
    value = {"array": {str(at): byte for at, byte in enumerate(BYTES)}, "error": {}}
    attributes = {
        "ai.toolCall.name": "fetch",
        "ai.toolCall.id": "c1",
        "ai.toolCall.result": json.dumps(value),
    }
    row = crush(json.dumps({"name": "ai.toolCall", "attributes": attributes}).encode())
    (payload,) = row["payloads"]
    assert payload["path"].endswith('."ai.toolCall.result":string')
    assert payload["tokens_after"] < payload["tokens_before"]
