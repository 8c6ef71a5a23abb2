"""The values that crushing changed are found, and put to the payload that they belong to."""

import json
import random
from typing import Any

import pytest

from headroom_beam import SmartCrusherConfig, _core
from headroom_beam.crush.config import options_for
from headroom_beam.crush.measure import is_payload
from headroom_beam.crush.payload_changes import payload_changes


def rows(number: int, count: int = 40) -> list[dict[str, Any]]:
    draw = random.Random(number)
    return [{"id": at, "name": f"file {draw.randrange(10**6)}", "size": at * 37} for at in range(count)]


def test_each_change_is_the_payload_that_crushing_found() -> None:
    """Every payload is the root of a value that can be told from all others, so that its place is known."""
    record = {
        "id": "<<ccr:lit>>reserved",
        "messages": [
            {"role": "user", "content": json.dumps(rows(1))},
            {"role": "tool", "content": json.dumps(rows(2))},
            {"role": "tool", "content": {"deep": [{"rows": rows(3)}, {"rows": rows(4)}], "n": 1}},
            {"role": "tool", "content": "short"},
            {"role": "tool", "content": rows(5)},
            {"role": "tool", "content": "a line of a log\n" * 2000},
        ],
    }
    before = json.dumps(record)
    options = options_for(SmartCrusherConfig(max_tokens=200), [".messages[*]{role=tool}.content"])
    (row,) = _core.crush_block(before.encode(), options).records().to_pylist()
    changed = [one for one in row["payloads"] if one["strategy"] != "unchanged"]
    tokens = [one["tokens_before"] for one in changed]
    changes = payload_changes(before, row["record"].decode(), tokens, never_asked)
    assert [change and change.place for change in changes] == [
        f".messages[{at}].content" for at in (1, 2, 4, 5)
    ]
    assert changes[0] is not None
    assert changes[0].before == record["messages"][1]["content"]
    assert changes[1] is not None
    assert changes[1].before == json.dumps(record["messages"][2]["content"])
    after = json.loads(row["record"])
    assert [change and change.after for change in changes] == [
        after["messages"][1]["content"],
        json.dumps(after["messages"][2]["content"]),
        after["messages"][4]["content"],
        after["messages"][5]["content"],
    ]


def never_asked(start: int, stop: int) -> bool:
    raise AssertionError((start, stop))


def test_a_payload_without_a_change_of_its_own_has_none() -> None:
    assert payload_changes("[1]", "[1]", [7], never_asked) == [None]
    (first, second) = payload_changes("[1, 2]", "[1, 3]", [1, 1], never_asked)
    assert first is not None
    assert (first.place, first.before, first.after, second) == ("[1]", "2", "3", None)


@pytest.mark.parametrize(("path", "place"), [(".result", ".result"), (".result[*]", ".result[0]")])
def test_values_with_equal_tokens_are_told_apart(path: str, place: str) -> None:
    value = {"kind": "image", "data": "QUJDREVGabcdefgh012345" * 100}
    before = json.dumps({"id": 1, "result": [value]})
    inner, outer = (_core.estimate_tokens(json.dumps(one)) for one in (value, [value]))
    assert inner == outer
    config = SmartCrusherConfig()
    (row,) = _core.crush_block(before.encode(), options_for(config, [path])).records().to_pylist()
    (payload,) = row["payloads"]
    (change,) = payload_changes(
        before,
        row["record"].decode(),
        [payload["tokens_before"]],
        lambda start, stop: is_payload(before, start, stop, config, [path]),
    )
    assert change is not None
    assert change.place == place
