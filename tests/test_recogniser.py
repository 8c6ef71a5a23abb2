"""The native recogniser as Python sees it: columns, errors and what one file's records add up to."""

import json

import pyarrow as pa
import pytest

from headroom_beam._core import Options, Recogniser, recognise
from headroom_beam.errors import InvalidPayload, LimitExceeded

CALL = {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "grep", "arguments": "{}"}}]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "src/main.rs: a line\n" * 50}


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def test_a_result_has_its_path_tool_and_place() -> None:
    record = encoded([CALL, RESULT])
    found = recognise(record)
    assert found.schema.names == ["path", "tool", "sure", "reason", "tokens", "offset", "length"]
    (row,) = found.to_pylist()
    assert (row["path"], row["tool"], row["sure"]) == ("[*]{role=tool}.content:string", "grep", True)
    assert row["reason"] == "the role of the message is a tool's"
    assert json.loads(record[row["offset"] :][: row["length"]]) == RESULT["content"]
    assert row["tokens"] > 100


def test_a_record_without_results_has_no_rows() -> None:
    assert recognise(b'{"role": "user", "content": "hello"}').num_rows == 0


def test_the_tool_is_named_by_a_call_in_an_earlier_record() -> None:
    recogniser = Recogniser()
    assert recogniser.recognise(encoded(CALL)).num_rows == 0
    assert recogniser.recognise(encoded(RESULT)).column("tool").to_pylist() == ["grep"]


def test_what_a_file_has_shown_is_a_row_for_each_path_that_options_take() -> None:
    recogniser = Recogniser()
    for record in (CALL, RESULT, {"role": "user"}, {"tool": "t", "result": "x" * 900}):
        recogniser.recognise(encoded(record))
    learned = recogniser.learned()
    assert learned.schema.field("tools").type == pa.list_(pa.field("item", pa.string(), nullable=True))
    rows = learned.to_pylist()
    assert [(row["path"], row["is_sure"], row["records"]) for row in rows] == [
        ("{role=tool}.content:string", True, 1),
        ("{tool}.result:string @ .tool", False, 1),
    ]
    assert rows[0]["tools"] == ["grep"]
    Options(paths=[row["path"] for row in rows])


def test_records_are_learned_together_as_one_by_one() -> None:
    records = [encoded(one) for one in (CALL, RESULT, {"tool": "t", "result": "x" * 900})]
    by_id = encoded({"5f0c8e0e-3f3c-4a51-9a56-0b7b6ff1d1aa": RESULT})
    together, alone = Recogniser(), Recogniser()
    assert together.learn(pa.array([*records, b"no JSON", by_id], pa.large_binary())) == 4
    for record in (*records, by_id):
        alone.recognise(record)
    assert together.unreachable_count == alone.unreachable_count == 1
    rows = together.learned().to_pylist()
    assert [row["path"] for row in rows] == [row["path"] for row in alone.learned().to_pylist()]
    # Each is looked at by itself, so a call in another record names no tool.
    assert [row["tools"] for row in rows] == [[], ["t"]]
    with pytest.raises(TypeError, match="large_binary"):
        together.learn(pa.array(["text"]))


def test_a_broken_or_deep_record_is_an_error() -> None:
    with pytest.raises(InvalidPayload):
        recognise(b'{"role": ')
    with pytest.raises(LimitExceeded):
        recognise(b"[" * 1000 + b"]" * 1000)
