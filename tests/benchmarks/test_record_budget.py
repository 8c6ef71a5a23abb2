"""The figures of budgets for records: every record is restored, and what it reports is compared."""

import json

from headroom_beam import _core


def conversation() -> bytes:
    logs = ["\n".join(f"{word}-{at * 7919} step {at} done" for at in range(300)) for word in "ab"]
    messages = [
        {"role": "user", "content": "Where is it?"},
        {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "find", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": logs[0]},
        {
            "role": "assistant",
            "tool_calls": [{"id": "2", "function": {"name": "get", "arguments": '{"id": "a-1187850"}'}}],
        },
        {"role": "tool", "tool_call_id": "2", "content": logs[1]},
    ]
    return json.dumps({"messages": messages}).encode() + b"\n"


def test_evidence_has_the_place_of_its_result() -> None:
    import record_budget

    (found,) = record_budget.evidence_of(conversation())
    assert (found.position, found.atoms, found.recent) == (0, ("a-1187850",), True)


def test_budgets_bound_what_stays_and_what_it_reports() -> None:
    import record_budget

    measured = record_budget.measure(iter([conversation(), b'{"messages": []}\n']))
    assert (measured["records"], measured["unscored"]) == (1, 0)
    assert measured["tokens_before"] > 2 * _core.count_tokens("a-1187850 step 150 done") * 300 * 0.8
    budgets = measured["budgets"]
    small, large = budgets["max_record_tokens 1024"], budgets["max_record_tokens 131072"]
    assert (small["gave_way"], small["over"], large["gave_way"]) == (1, 0, 0)
    assert small["share"] < large["share"]
    assert 0.5 < small["used"] <= 1
    assert large["recall"] == 1
