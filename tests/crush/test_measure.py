"""Payloads are measured as crushing would change them, and equal texts have equal keys."""

import json

import pytest

from headroom_beam import SmartCrusherConfig, _core
from headroom_beam.crush.config import options_for
from headroom_beam.crush.measure import KINDS, PayloadMeter, WholeText, payload_texts

PATHS = (".result @ .tool",)
ROWS = [{"id": number, "name": f"file {number}", "size": number * 37 % 101} for number in range(60)]
RESULTS = {
    "array": json.dumps(ROWS),
    "document": json.dumps({"rows": ROWS, "total": 60}, indent=1),
    "lines": "\n".join(map(json.dumps, ROWS)) + "\n",
    "text": "a line of a log, and more of it\n" * 40,
    "html": "<html><body>" + "<p>some words</p>" * 60 + "</body></html>",
    "blob": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ" * 30,
    "value": {"rows": ROWS},
    "short": "ok",
}


def block_of(*results: object) -> bytes:
    rows = [
        {"tool": f"tool {at % 2}", "text": "not a result", "result": one} for at, one in enumerate(results)
    ]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_recognized(kind: str) -> None:
    measured = PayloadMeter(SmartCrusherConfig(), PATHS, ()).measure(block_of(RESULTS[kind]))
    assert measured.kinds.to_pylist() == [kind]
    assert measured.tools.to_pylist() == ["tool 0"]
    assert bool(measured.text_keys[0]) == (kind not in ("value", "short"))


@pytest.mark.parametrize("exact", [False, True])
def test_savings_are_those_of_crushing(exact: bool) -> None:
    config = SmartCrusherConfig(exact_tokens=exact, hash_digits=64)
    block = block_of(*RESULTS.values(), *RESULTS.values())
    measured = PayloadMeter(config, PATHS, (64, 4096)).measure(block)
    for saved, change in (
        (measured.saved_without_loss, {"lossless_only": True}),
        (measured.saved[0], {"max_tokens": 64}),
        (measured.saved[1], {"max_tokens": 4096}),
    ):
        options = options_for(SmartCrusherConfig(exact_tokens=exact, hash_digits=64, **change), PATHS)
        rows = _core.crush_block(block, options).records().to_pylist()
        payloads = [payload for row in rows for payload in row["payloads"]]
        assert measured.tokens.tolist() == [payload["tokens_before"] for payload in payloads]
        assert saved.tolist() == [one["tokens_before"] - one["tokens_after"] for one in payloads]
        assert measured.offsets.tolist() == [row["offset"] for row in rows]


def test_raw_tokens_are_estimated_even_if_others_are_counted() -> None:
    block = block_of(*RESULTS.values())
    estimated = PayloadMeter(SmartCrusherConfig(), PATHS, ()).measure(block)
    counted = PayloadMeter(SmartCrusherConfig(exact_tokens=True), PATHS, ()).measure(block)
    assert counted.raw_tokens.tolist() == estimated.tokens.tolist()
    assert counted.tokens.tolist() != estimated.tokens.tolist()


def test_equal_texts_have_equal_keys_whatever_stands_around_them_and_however_they_are_spelled() -> None:
    text = RESULTS["text"] + "ä"
    rows = [
        json.dumps({"result": text}),
        json.dumps({"result": text, "id": 1}, ensure_ascii=False, indent=None),
        json.dumps({"result": text + "!"}),
    ]
    measured = PayloadMeter(SmartCrusherConfig(), PATHS, ()).measure("\n".join(rows).encode())
    first, second, third = measured.text_keys.tolist()
    assert first == second != third


def test_without_paths_each_record_is_a_payload() -> None:
    block = b"\n".join([json.dumps(ROWS).encode(), b"not JSON \xff", b'{"a": 1}', json.dumps(ROWS).encode()])
    measured = PayloadMeter(SmartCrusherConfig(), (), (512,)).measure(block)
    assert measured.kinds.to_pylist() == ["array", "short", "array"]
    assert (measured.record_count, measured.failures) == (4, {"invalid_utf8": 1})
    assert measured.text_keys[0] == measured.text_keys[2] != measured.text_keys[1]


@pytest.mark.parametrize("block", [b"", b"\n\r\n", b"not JSON\n", b'{"other": 1}\n'])
@pytest.mark.parametrize("paths", [PATHS, ()])
def test_a_block_without_payloads_has_empty_columns(block: bytes, paths: tuple[str, ...]) -> None:
    measured = PayloadMeter(SmartCrusherConfig(), paths, (512,)).measure(block)
    if paths or b"other" not in block:
        assert len(measured.tokens) == len(measured.kinds) == len(measured.text_keys) == 0


def test_a_budget_out_of_its_range_is_an_error() -> None:
    with pytest.raises(ValueError, match="max_tokens"):
        PayloadMeter(SmartCrusherConfig(), PATHS, (1,))


@pytest.mark.parametrize("budget", [-1, 1 << 64])
def test_a_budget_that_no_native_integer_holds_is_the_same_error(budget: int) -> None:
    with pytest.raises(ValueError, match=f"option max_tokens: {budget} is out of its range"):
        PayloadMeter(SmartCrusherConfig(), PATHS, (budget,))


def test_texts_come_back_decoded_and_in_order() -> None:
    record = json.dumps(
        {"a": RESULTS["text"] + "\ud800", "b": RESULTS["array"], "c": ROWS, "d": "ok"}
    ).encode()
    texts = payload_texts(record, SmartCrusherConfig(), (".a", ".b", ".c", ".d"))
    # A lone surrogate has no UTF-8, so that text isn't given.
    assert texts == [None, RESULTS["array"], None, None]


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"value"}))
@pytest.mark.parametrize("paths", [PATHS, ()])
def test_a_text_by_itself_has_the_kind_and_key_of_a_string(kind: str, paths: tuple[str, ...]) -> None:
    text = RESULTS[kind]
    assert isinstance(text, str)
    meter = PayloadMeter(SmartCrusherConfig(), paths, (64,))
    measured = meter.measure(WholeText(text.encode()), calls=meter.call_tables())
    in_record = PayloadMeter(SmartCrusherConfig(), PATHS, (64,)).measure(block_of(text))
    assert measured.kinds.to_pylist() == [kind]
    assert measured.text_keys.tolist() == in_record.text_keys.tolist()
    assert (measured.record_count, measured.paths.to_pylist()) == (1, [""])


def test_elements_are_measured_by_the_paths_of_their_text() -> None:
    text = json.dumps({"steps": [{"result": one, "tool": "t"} for one in RESULTS.values()]}, indent=1)
    cutter = _core.JsonCutter(value_bytes=9000, leaf_bytes=1 << 20, max_depth=2, block_bytes=1 << 20)
    (block, *_) = [*cutter.push(text.encode()), *cutter.finish()]
    assert isinstance(block, _core.CutBlock)
    paths = [".steps[*].result @ .tool"]
    cut = PayloadMeter(SmartCrusherConfig(), paths, (64,)).measure(block)
    whole = PayloadMeter(SmartCrusherConfig(), paths, (64,)).measure(text.replace("\n", " ").encode())
    assert cut.kinds.to_pylist() == whole.kinds.to_pylist()
    # The line breaks of a value were replaced above, those of strings are escapes.
    is_string = [kind != "value" for kind in cut.kinds.to_pylist()]
    assert cut.tokens[is_string].tolist() == whole.tokens[is_string].tolist()
    assert cut.saved_without_loss[is_string].tolist() == whole.saved_without_loss[is_string].tolist()
    assert all(text[offset] in '{["' for offset in cut.offsets.tolist())


def test_calls_of_earlier_blocks_name_tools() -> None:
    call = {"tool_calls": [{"id": "c", "function": {"name": "grep"}}]}
    result = {"role": "tool", "tool_call_id": "c", "content": RESULTS["text"]}
    meter = PayloadMeter(SmartCrusherConfig(exact_tokens=True), ("{role=tool}.content",), (64,))
    calls = meter.call_tables()
    blocks = [json.dumps(one).encode() + b"\n" for one in (call, result)]
    assert [meter.measure(block, calls=calls).tools.to_pylist() for block in blocks] == [[], ["grep"]]
    assert meter.measure(blocks[1]).tools.to_pylist() == [""]
