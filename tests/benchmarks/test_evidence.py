"""The benchmarks measure what they say: equal payloads, proofs that can fail, exact token budgets."""

import importlib
import json
import sys
from pathlib import Path

import pytest
import zstandard

from headroom_beam import SmartCrusher, _core

REPOSITORY = Path(__file__).resolve().parents[2]
TRACES = REPOSITORY / "examples" / "traces"

CONVERSATION = [
    {"role": "user", "content": "Where is ann?"},
    {
        "role": "assistant",
        "tool_calls": [{"id": "1", "function": {"name": "find", "arguments": '{"name": "ann"}'}}],
    },
    {"role": "tool", "tool_call_id": "1", "content": '[{"id": "user-4711", "name": "ann", "age": 12345}]'},
    {
        "role": "assistant",
        "tool_calls": [
            {"id": "2", "function": {"name": "get", "arguments": '{"id": "user-4711", "n": 7, "age": 12345}'}}
        ],
    },
    {"role": "tool", "tool_call_id": "2", "content": "home"},
]


@pytest.fixture(autouse=True)
def benchmarks_path(monkeypatch):
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))


def test_payloads_are_the_tool_results_of_both_forms():
    import common

    kinds = set()
    for name in ("openai_messages.jsonl", "anthropic_conversations.jsonl"):
        payloads = common.payloads_of(TRACES / name)
        text = (TRACES / name).read_text(encoding="utf-8")
        empty = text.count('"content": ""')
        assert len(payloads) == text.count('"tool_call_id"') + text.count('"type":"tool_result"') - empty
        assert all(payload.tool for payload in payloads)
        kinds |= {payload.kind for payload in payloads}
    assert kinds == {"array", "document", "text"}


def test_payloads_of_a_results_file_keep_their_text(tmp_path):
    import common

    rows = [
        {"tool": "a", "result": "[1,  2]"},
        {"tool": "b", "result": {"k": 1.0}},
        {"tool": "c", "result": "[oh"},
    ]
    path = tmp_path / "x.results.jsonl.zst"
    path.write_bytes(zstandard.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    payloads = common.payloads_of(path)
    assert [payload.text for payload in payloads] == ["[1,  2]", '{"k": 1.0}', "[oh"]
    assert [payload.kind for payload in payloads] == ["array", "document", "text"]


def test_peer_that_is_not_installed_is_said_to_be_missing():
    import common

    with common.Peer(sys.executable) as peer, pytest.raises((SystemExit, BrokenPipeError)):
        peer.crush("[1]")


def test_savings_prove_what_they_print():
    import savings

    text = json.dumps([{"id": number, "state": "ready"} for number in range(100)])
    lossless, empty = SmartCrusher(lossless_only=True), SmartCrusher()
    spelled = savings.proved(text, lossless, empty)
    assert _core.count_tokens(spelled) < _core.count_tokens(savings.compact(text))


def test_savings_fail_when_something_is_not_restored():
    import savings

    class Forgetful(SmartCrusher):
        def restore(self, text):
            return super().restore(text)[:-1]

    with pytest.raises(AssertionError, match="not restored"):
        savings.proved('{"a": 1}', Forgetful())


def test_savings_count_a_failed_spelling_as_logged():
    import savings

    totals = savings.Totals()
    totals.add({**dict.fromkeys(savings.SPELLINGS, "one two three"), "toon": None, "compact": "one"})
    figures = totals.figures()
    assert figures["failed"] == {"toon": 1}
    assert figures["tokens"]["toon"] == figures["tokens"]["logged"] == 3
    assert figures["share_of_compact_tokens"]["toon"] == 3.0


def test_evidence_is_what_later_calls_use_and_nothing_said_before():
    import evidence

    (result,) = evidence.results_with_evidence(CONVERSATION)
    assert result.text == CONVERSATION[2]["content"]
    assert result.evidence == ("12345", "user-4711")
    assert "Where is ann?" in result.query
    assert result.seen == "ann"


EXCHANGES = [
    {"request": {"contents": [{"role": "user", "parts": [{"text": "Where is ann?"}]}]}},
    {
        "request": {
            "contents": [
                {"role": "model", "parts": [{"functionCall": {"name": "find", "args": {"name": "ann"}}}]},
                {
                    "role": "user",
                    "parts": [{"functionResponse": {"name": "find", "response": {"id": "user-4711"}}}],
                },
            ]
        },
        "response": {
            "candidates": [{"parts": [{"functionCall": {"name": "get", "args": {"id": "user-4711"}}}]}]
        },
    },
]
BEDROCK = [
    {
        "role": "assistant",
        "content": [{"toolUse": {"toolUseId": "1", "name": "find", "input": {"name": "ann"}}}],
    },
    {
        "role": "user",
        "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "it is user-4711"}]}}],
    },
    {
        "role": "assistant",
        "content": [{"toolUse": {"toolUseId": "2", "name": "get", "input": {"id": "user-4711"}}}],
    },
]
RESPONSES = [
    {"type": "function_call", "call_id": "1", "name": "find", "arguments": '{"name":"ann"}'},
    {"type": "function_call_output", "call_id": "1", "output": '{"id":"user-4711"}'},
    {"type": "function_call", "call_id": "2", "name": "get", "arguments": '{"id":"user-4711"}'},
]


@pytest.mark.parametrize("messages", [EXCHANGES, BEDROCK, RESPONSES])
def test_evidence_is_found_in_other_harnesses_messages(messages):
    import conversations
    import evidence

    (result,) = evidence.results_with_evidence(list(conversations.messages_in(messages)))
    assert "user-4711" in result.text
    assert result.evidence == ("user-4711",)


def test_tokens_for_a_recall_are_read_off_the_line():
    import evidence

    line = [(0.2, 100), (0.4, 200), (0.4, 250), (0.8, 650)]
    assert evidence.tokens_at(line, 0.3) == pytest.approx(150)
    assert evidence.tokens_at(line, 0.6) == pytest.approx(450)
    assert evidence.tokens_at(line, 0.9) is None


@pytest.mark.parametrize(
    ("atom", "text", "expected"),
    [
        ("12345", '"age": 12345}', True),
        ("12345", "x123456", False),
        ("abcd", "xabcd abcd", True),
        ("(abcd)", "x(abcd)y", True),
        ("abcd", '{"t": "head\\nabcd,1"}', True),
    ],
)
def test_evidence_stands_by_itself(atom, text, expected):
    import evidence

    assert evidence.stands_in(atom, text) is expected


@pytest.mark.parametrize("tokens", [1, 7, 40])
def test_truncation_keeps_its_budget(tokens):
    import evidence

    text = "\n".join(f"line {number} of the log" for number in range(200))
    kept = evidence.head(text, tokens)
    assert text.startswith(kept)
    assert _core.count_tokens(kept) == tokens
    both = evidence.head_tail(text, tokens)
    assert _core.count_tokens(both) <= tokens + 3


def test_crush_benchmark_samples_evenly():
    import common
    import crush

    payloads = [common.Payload("", "", f"[{number:04}]") for number in range(1000)]
    texts = crush.sample(payloads, 600)
    assert len(texts) == 100
    assert texts[1] == "[0010]"


def test_scaling_texts_have_the_size_columns_and_depth_they_are_asked_for():
    import scaling

    text = scaling.array_of([{"a": "x"}, {"a": "yy"}], 5000)
    assert 5000 <= len(text) < 5100
    assert [row["number"] for row in json.loads(text)] == list(range(len(json.loads(text))))
    assert {len(row) for row in json.loads(scaling.wide(7, 5000))} == {7}
    value, depth = json.loads(scaling.deep(9, 5000))["member_1"], 0
    while isinstance(value, dict):
        value, depth = value[f"level_{8 - depth}"], depth + 1
    assert depth == 9


def test_bare_loop_does_the_same_work_as_the_pipeline(tmp_path):
    import pipeline

    size_bytes, copies = pipeline.prepare(
        [TRACES / "anthropic_messages.jsonl"], _folder(tmp_path / "in"), 700_000
    )
    assert copies > 1
    assert size_bytes >= 700_000
    pipeline.bare(tmp_path / "in", _folder(tmp_path / "bare"))
    pipeline.ours(tmp_path / "in", _folder(tmp_path / "ours"))
    compacted = sorted((tmp_path / "bare").glob("*.jsonl"))
    assert len(compacted) == copies
    for path in compacted:
        assert (tmp_path / "ours" / "out" / path.name).read_bytes() == path.read_bytes()


def _folder(path):
    path.mkdir()
    return path


def test_figures_replace_those_of_the_last_time(tmp_path, monkeypatch):
    import figures
    import savings

    totals = savings.Totals()
    totals.add(
        {
            **dict.fromkeys(savings.SPELLINGS, "one two three four"),
            "ours_lossless": "one",
            "peer_default": "one two",
        }
    )
    pair = {"ours_mb_per_s": 30.0, "peer_mb_per_s": 2.0, "times": 15.0}
    speeds = {"mb_per_s": 12.5}
    score = {"recall": 0.5, "tokens": 1234}
    results = {
        "savings": {"sets": {"total": {"all": totals.figures()}}},
        "crush": {
            "array": {"orjson_loads_mb_per_s": 400.0, "crush": pair},
            "document": {},
            "text": {"crush": pair},
        },
        "pipeline": {
            "bytes": 64_000_000,
            "bare": speeds,
            "ours": speeds,
            "ours_on_all_cores": speeds,
            "naive": speeds,
        },
        "evidence": {
            "evidence": 9,
            "results": 3,
            "scores": dict.fromkeys(
                (
                    "whole",
                    "ours_default",
                    "peer_default",
                    "head_at_ours_default",
                    "head_tail_at_ours_default",
                ),
                score,
            ),
        },
    }
    for name, result in results.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(result))
    page = tmp_path / "page.md"
    page.write_text(f"before\n{figures.START}old\n{figures.END}after\n")
    monkeypatch.setattr(sys, "argv", ["figures.py", str(tmp_path), "--update", str(page)])
    figures.main()
    first = page.read_text()
    figures.main()
    assert page.read_text() == first
    assert first.startswith(f"before\n{figures.START}")
    assert first.endswith(f"{figures.END}after\n")
    assert "old" not in first
    assert "| all | 1 | 4 | 1.00 | 1.00 | 0.25 ✓ | 0.50 ✓ | 1.00 |" in first
    assert "| array, `crush` | 30 | 2.0 | 15.0 | 400 |" in first


@pytest.mark.parametrize(
    ("name", "arguments", "measured"),
    [
        ("lookup", ["--megabytes", "1"], {"warm_ms", "many"}),
        ("retrieval", ["--megabytes", "1", "--counts", "3", "--repeats", "1"], {"hashes"}),
        ("records", ["--max-bytes", "20000", "--repeats", "1"], {"small", "traces"}),
    ],
)
def test_benchmarks_without_a_peer_print_json(name, arguments, measured, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *arguments])
    importlib.import_module(name).main()
    result = json.loads(capsys.readouterr().out)
    assert result["benchmark"] == name
    assert measured <= set(result)
    if name == "retrieval":
        assert set(result["hashes"]["3"]) == {"auto_cpu_s", "point_cpu_s", "join_cpu_s"}
    if name == "records":
        assert all(result[kind]["restore"]["mb_per_s"] > 0 for kind in measured)
