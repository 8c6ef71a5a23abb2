"""`SmartCrusher` crushes one text at a time, keeps every original, and gives every byte back."""

import json
import re
import threading
from typing import Any

import pytest
from helpers.effort import tries
from helpers.generators import DOCUMENT, ROWS, WIDE_ROWS, series
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.crush.smart_crusher import SmartCrusher
from headroom_beam.errors import (
    FormatError,
    InvalidPayload,
    OriginalNotFound,
)


def test_rows_that_are_dropped_come_back_by_their_hash() -> None:
    crusher = SmartCrusher(SmartCrusherConfig(), with_compaction=False)
    r = crusher.crush_array_json(ROWS)
    kept = json.loads(r["items"])
    assert 0 < len(kept) < 60
    assert all(row in json.loads(ROWS) for row in kept)
    assert r["dropped_summary"] == f"<<ccr:{r['ccr_hash']} {60 - len(kept)}_rows_offloaded>>"
    assert json.loads(crusher.ccr_get(r["ccr_hash"])) == json.loads(ROWS)
    assert (r["compacted"], r["compaction_kind"]) == (None, None)


def test_a_document_keeps_its_outer_shape_and_its_blob_comes_back() -> None:
    crusher = SmartCrusher()
    doc = json.loads(crusher.compact_document_json(DOCUMENT))
    assert list(doc) == ["events", "metadata", "blob"]
    assert doc["metadata"] == {"source": "demo", "count": 30}
    assert isinstance(doc["events"], str)
    found = re.search(r"<<ccr:([0-9a-f]+),", doc["blob"])
    assert found is not None
    assert crusher.ccr_get(found[1]) == "x" * 2000


def test_an_array_that_fits_becomes_a_table_of_all_rows() -> None:
    r = SmartCrusher().crush_array_json(ROWS)
    assert r["compaction_kind"] == "table"
    assert r["compacted"].startswith("[60")
    assert json.loads(r["items"]) == json.loads(ROWS)
    assert (r["ccr_hash"], r["dropped_summary"]) == (None, "")


def test_a_table_over_its_budget_ends_with_the_marker_of_the_dropped_rows() -> None:
    crusher = SmartCrusher(SmartCrusherConfig(max_tokens=2000))
    r = crusher.crush_array_json(WIDE_ROWS)
    assert r["compacted"].endswith(r["dropped_summary"])
    assert 0 < len(json.loads(r["items"])) < 400
    assert crusher.ccr_get(r["ccr_hash"]) == WIDE_ROWS


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": 1}', "line 1 column 1"),
        ("7", "line 1 column 1"),
        ("[1,\n 2,, 3]", "line 2 column 4"),
        ("", "line 1 column 1"),
        ("[1] x", "line 1 column 5"),
    ],
)
def test_a_text_that_is_no_array_is_refused_with_a_position(text: str, place: str) -> None:
    with pytest.raises(InvalidPayload, match=place):
        SmartCrusher().crush_array_json(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[1]", "line 1 column 1"),
        ('{"a": 1', "line 1 column 8"),
        ('{"a":\n tru}', "line 2 column"),
        ("no", "line 1 column 1"),
    ],
)
def test_a_text_that_is_no_document_is_refused_with_a_position(text: str, place: str) -> None:
    with pytest.raises(InvalidPayload, match=place):
        SmartCrusher().compact_document_json(text)


def test_errors_hold_no_text_of_the_payload() -> None:
    with pytest.raises(InvalidPayload) as caught:
        SmartCrusher().compact_document_json('{"password": "hunter2" "x"}')
    assert "hunter2" not in str(caught.value)


def test_a_lone_surrogate_is_an_invalid_payload() -> None:
    for call in (SmartCrusher().crush, SmartCrusher().crush_array_json, SmartCrusher().compact_document_json):
        with pytest.raises(InvalidPayload, match="lone surrogate at character 3"):
            call('["\ud800"]')


def test_a_lone_surrogate_in_a_query_is_an_invalid_payload_too() -> None:
    with pytest.raises(InvalidPayload, match="lone surrogate at character 1"):
        SmartCrusher().crush(ROWS, query="\udfff")
    with pytest.raises(InvalidPayload, match="lone surrogate at character 1"):
        SmartCrusher().restore("\udfff")


@pytest.mark.parametrize("text", ["", "short", "[1,2,3]", '{"a":1}', "null", "<<ccr:x"])
def test_a_text_that_can_not_be_made_smaller_stays_as_it_is_and_restores(text: str) -> None:
    crusher = SmartCrusher()
    crushed = crusher.crush(text)
    assert crushed.original == text
    assert crusher.restore(crushed.compressed) == text
    assert crushed.was_modified == (crushed.compressed != text)
    assert crushed.was_modified == text.startswith("<<ccr:")


@pytest.mark.parametrize("text", [ROWS, WIDE_ROWS, DOCUMENT, "line\n" * 3000, json.dumps(["z" * 40] * 500)])
def test_crushed_text_is_smaller_and_restores(text: str) -> None:
    crusher = SmartCrusher()
    crushed = crusher.crush(text)
    assert crushed.was_modified
    assert crushed.tokens_after < crushed.tokens_before
    assert len(crushed.compressed) < len(text)
    assert crusher.restore(crushed.compressed) == text


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=40,
)


@settings(max_examples=tries(50, 5000))
@given(VALUES, st.sampled_from([None, 1]), st.booleans(), st.sampled_from([(", ", ": "), (",", ":")]))
def test_any_text_restores_after_crushing(
    value: object, indent: int | None, ensure_ascii: bool, separators: tuple[str, str]
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ensure_ascii, separators=separators)
    for with_compaction in (True, False):
        config = SmartCrusherConfig(
            min_tokens_to_crush=0, max_items_after_crush=2, max_tokens=64, blob_min_bytes=128
        )
        crusher = SmartCrusher(config, with_compaction=with_compaction)
        try:
            crushed = crusher.crush(text)
        except InvalidPayload:
            # Lone surrogates can't be spelled in UTF-8, and NaN isn't JSON but text.
            assert not ensure_ascii
            continue
        assert crusher.restore(crushed.compressed) == text


def test_the_row_that_a_query_names_is_kept() -> None:
    rows = [{"id": number, "title": f"entry about subject {number * 7919 % 1000}"} for number in range(300)]
    crusher = SmartCrusher(with_compaction=False)
    without = json.loads(crusher.crush_array_json(json.dumps(rows))["items"])
    wanted = next(row for row in rows[20:280] if row not in without)
    subject = wanted["title"].split()[-1]
    kept = json.loads(crusher.crush_array_json(json.dumps(rows), query=f"subject {subject}")["items"])
    assert wanted in kept


def test_the_reason_for_each_kept_row_is_given() -> None:
    crusher = SmartCrusher(SmartCrusherConfig(keep_patterns=["k1410"]), with_compaction=False)
    r = crusher.crush_array_json(series(outlier=300))
    kept = len(json.loads(r["items"]))
    assert r["strategy_info"].startswith(f"rows: {kept} of 300 rows kept (")
    counts = {rule: int(count) for count, rule in re.findall(r"(\d+) ([a-z ]+)[,)]", r["strategy_info"])}
    assert sum(counts.values()) == kept
    assert counts["outlier"] == 1
    assert crusher.crush(series(outlier=300)).explanation == r["strategy_info"]
    assert SmartCrusher().crush_array_json(ROWS)["strategy_info"] == "table"


def test_bias_keeps_more_rows_or_fewer() -> None:
    crusher = SmartCrusher(with_compaction=False)
    few, usual, many = (
        len(json.loads(crusher.crush_array_json(WIDE_ROWS, bias=bias)["items"])) for bias in (0.4, 1.0, 3.0)
    )
    assert few < usual < many


def test_lossless_only_makes_no_originals() -> None:
    crusher = SmartCrusher(lossless_only=True)
    crushed = crusher.crush(WIDE_ROWS)
    assert crusher.ccr_len() == 0
    assert "<<ccr:" not in crushed.compressed
    assert SmartCrusher().restore(crushed.compressed) == WIDE_ROWS
    assert SmartCrusher(SmartCrusherConfig(lossless_only=True)).config.lossless_only
    assert not SmartCrusher(SmartCrusherConfig(lossless_only=True), lossless_only=False).config.lossless_only


def test_restoring_without_the_original_is_an_error() -> None:
    compressed = SmartCrusher().crush(DOCUMENT).compressed
    with pytest.raises(OriginalNotFound):
        SmartCrusher().restore(compressed)


def test_an_unknown_marker_form_is_an_error() -> None:
    with pytest.raises(FormatError):
        SmartCrusher().restore("<<ccr:unknown form>>")


def test_a_bias_out_of_range_is_an_error_that_names_it() -> None:
    for bias in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="bias"):
            SmartCrusher().crush(ROWS, bias=bias)


def test_threads_may_share_a_crusher() -> None:
    crusher = SmartCrusher()
    texts = [json.dumps({"number": number, "blob": f"{number:04d}" * 600}) for number in range(64)]
    wrong: list[str] = []

    def work(part: list[str]) -> None:
        wrong.extend(text for text in part if crusher.restore(crusher.compact_document_json(text)) != text)

    threads = [threading.Thread(target=work, args=(texts[at::4],)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert crusher.ccr_len() == 64


FRAMED = [
    f"Output:\n{ROWS}\nend",
    repr(json.loads(ROWS)),
    ROWS[:-30],
    json.dumps(ROWS),
    json.dumps({"stdout": "line\n" * 300, "exit_code": 0}),
    "\r\n".join(json.dumps(row) for row in json.loads(ROWS)),
    "\n---\n".join(json.dumps(row) for row in json.loads(ROWS)),
    f"[ks]\n{ROWS}",
    f"[t3]{{a,b}}\n{ROWS}",
    f"<<ccr:0123456789abcdef01234567>>\n{ROWS}",
    f"id=1 {ROWS} id=2 {ROWS} {ROWS[:-9]}",
]


@pytest.mark.parametrize("text", FRAMED)
@pytest.mark.parametrize(
    "options",
    [
        {"keep_types": True},
        {"lossless_only": True},
        {"with_compaction": False},
        {"max_tokens": 32},
        {"max_tokens": 64, "excerpt_tokens": 16},
        {"blob_min_bytes": 256},
        {"hash_digits": 64},
        {"min_tokens_to_crush": 0},
    ],
    ids=str,
)
def test_json_between_other_text_comes_back_when_it_is_crushed_twice(
    text: str, options: dict[str, Any]
) -> None:
    # The second round reads the notation of the first as a text of somebody else's.
    crusher = SmartCrusher(SmartCrusherConfig(**options))
    once = crusher.crush(text).compressed
    assert crusher.restore(once) == text
    twice = SmartCrusher(SmartCrusherConfig(**options))
    assert twice.restore(twice.crush(once).compressed) == once
