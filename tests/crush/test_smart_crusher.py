"""`SmartCrusher` crushes one text at a time, keeps every original, and gives every byte back."""

import dataclasses
import datetime as dt
import hashlib
import json
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.memory import MemoryOriginals
from headroom_beam.crush.smart_crusher import SmartCrusher
from headroom_beam.errors import (
    AmbiguousHash,
    FormatError,
    InvalidHash,
    InvalidPayload,
    LimitExceeded,
    OriginalExpired,
    OriginalNotFound,
)
from headroom_beam.store.store import OriginalStore
from headroom_beam.store.tombstones import Tombstone, encode_tombstones

ROWS = json.dumps([{"id": number, "status": "ok"} for number in range(60)])
WIDE_ROWS = json.dumps(
    [
        {"id": number, "note": hashlib.sha256(bytes([number % 256, number // 256])).hexdigest() * 2}
        for number in range(400)
    ]
)
DOCUMENT = json.dumps(
    {
        "events": [{"ts": number, "level": "info", "text": f"event {number}"} for number in range(30)],
        "metadata": {"source": "demo", "count": 30},
        "blob": "x" * 2000,
    }
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
def test_what_is_not_an_array_is_refused_with_its_place(text: str, place: str) -> None:
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
def test_what_is_not_a_document_is_refused_with_its_place(text: str, place: str) -> None:
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
def test_what_can_not_be_made_smaller_stays_as_it_is_and_comes_back(text: str) -> None:
    crusher = SmartCrusher()
    crushed = crusher.crush(text)
    assert crushed.original == text
    assert crusher.restore(crushed.compressed) == text
    assert crushed.was_modified == (crushed.compressed != text)
    assert crushed.was_modified == text.startswith("<<ccr:")


@pytest.mark.parametrize("text", [ROWS, WIDE_ROWS, DOCUMENT, "line\n" * 3000, json.dumps(["z" * 40] * 500)])
def test_crushed_text_is_smaller_and_comes_back(text: str) -> None:
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


@settings(max_examples=150)
@given(VALUES, st.sampled_from([None, 1]), st.booleans(), st.sampled_from([(", ", ": "), (",", ":")]))
def test_whatever_is_crushed_comes_back(
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


# --- originals
# -------------------------------------------------------------------------------------------------------


def test_what_was_never_stored_is_none() -> None:
    assert SmartCrusher().ccr_get("0" * 24) is None


@pytest.mark.parametrize("text", ["", "abc", "0" * 12, "G" * 24])
def test_what_is_not_a_hash_is_an_error(text: str) -> None:
    with pytest.raises(InvalidHash):
        SmartCrusher().ccr_get(text)


def test_the_full_digest_finds_an_original_too() -> None:
    crusher = SmartCrusher()
    crusher.compact_document_json(DOCUMENT)
    assert crusher.ccr_get(hashlib.sha256(b"x" * 2000).hexdigest()) == "x" * 2000
    assert crusher.ccr_get(hashlib.sha256(b"y" * 2000).hexdigest()) is None


def test_each_original_counts_once() -> None:
    crusher = SmartCrusher()
    assert crusher.ccr_len() == 0
    crusher.compact_document_json(DOCUMENT)
    crusher.compact_document_json(DOCUMENT)
    assert crusher.ccr_len() == 1


def test_lossless_only_puts_nothing_away() -> None:
    crusher = SmartCrusher(lossless_only=True)
    crushed = crusher.crush(WIDE_ROWS)
    assert crusher.ccr_len() == 0
    assert "<<ccr:" not in crushed.compressed
    assert SmartCrusher().restore(crushed.compressed) == WIDE_ROWS
    assert SmartCrusher(SmartCrusherConfig(lossless_only=True)).config.lossless_only
    assert not SmartCrusher(SmartCrusherConfig(lossless_only=True), lossless_only=False).config.lossless_only


def test_restoring_where_the_original_is_not_says_so() -> None:
    compressed = SmartCrusher().crush(DOCUMENT).compressed
    with pytest.raises(OriginalNotFound):
        SmartCrusher().restore(compressed)


def test_an_unknown_marker_form_is_an_error() -> None:
    with pytest.raises(FormatError):
        SmartCrusher().restore("<<ccr:unknown form>>")


def test_two_originals_with_one_hash_are_ambiguous_but_for_their_digests() -> None:
    originals = MemoryOriginals()
    prefix = bytes(12)
    originals.put_many([(prefix + b"a" * 20, "0" * 24, b"one"), (prefix + b"b" * 20, "0" * 24, b"two")])
    with pytest.raises(AmbiguousHash):
        originals.get("0" * 24)
    assert originals.get((prefix + b"b" * 20).hex()) == b"two"
    with pytest.raises(OriginalNotFound):
        originals.get((prefix + b"c" * 20).hex())


def test_a_call_whose_originals_do_not_fit_in_memory_keeps_nothing() -> None:
    crusher = SmartCrusher(max_memory_bytes=3000)
    crusher.compact_document_json(DOCUMENT)
    with pytest.raises(LimitExceeded, match="max_memory_bytes"):
        crusher.compact_document_json(DOCUMENT.replace("x" * 2000, "y" * 2000))
    assert crusher.ccr_len() == 1
    assert crusher.ccr_get(hashlib.sha256(b"y" * 2000).hexdigest()) is None
    assert crusher.ccr_get(hashlib.sha256(b"x" * 2000).hexdigest()) == "x" * 2000
    # What is there already takes no more room.
    crusher.compact_document_json(DOCUMENT)


def test_with_a_store_other_processes_find_every_original(tmp_path: Path) -> None:
    store = OriginalStore.open(tmp_path / "originals")
    crusher = SmartCrusher(store=store)
    compressed = crusher.crush(DOCUMENT).compressed
    assert crusher.restore(compressed) == DOCUMENT
    assert crusher.ccr_len() == 1
    crusher.crush(DOCUMENT)
    # No memory is kept of what the store has, so the second call counts it again.
    assert crusher.ccr_len() == 2
    program = (
        "import sys; from headroom_beam import OriginalStore, SmartCrusher;"
        "print(SmartCrusher(store=OriginalStore.open(sys.argv[1])).ccr_get(sys.argv[2]), end='')"
    )
    digest = hashlib.sha256(b"x" * 2000).hexdigest()
    command = [sys.executable, "-c", program, store.root, digest[:24]]
    assert subprocess.check_output(command, text=True) == "x" * 2000


def test_with_a_store_memory_holds_nothing_and_has_no_limit(tmp_path: Path) -> None:
    store = OriginalStore.open(tmp_path / "originals")
    with pytest.raises(ValueError, match="no effect with a store"):
        SmartCrusher(store=store, max_memory_bytes=1)
    crusher = SmartCrusher(store=store)
    crusher.crush(DOCUMENT)
    (pack,) = store.pack_names()
    (Path(store.root) / pack).unlink()
    assert (
        SmartCrusher(store=OriginalStore.open(store.root)).ccr_get(hashlib.sha256(b"x" * 2000).hexdigest())
        is None
    )


def test_an_erased_original_is_not_given_though_this_process_made_it(tmp_path: Path) -> None:
    store = OriginalStore.open(tmp_path / "originals")
    crusher = SmartCrusher(store=store)
    crusher.crush(DOCUMENT)
    digest = hashlib.sha256(b"x" * 2000).hexdigest()
    data = encode_tombstones([Tombstone(digest, "erased", dt.date(2026, 2, 1))])
    store.objects.put_if_absent(f"tombstones/{hashlib.sha256(data).hexdigest()}.jsonl", data)
    (pack,) = store.pack_names()
    (Path(store.root) / pack).unlink()
    with pytest.raises(OriginalExpired, match="erased"):
        SmartCrusher(store=OriginalStore.open(store.root)).ccr_get(digest[:24])


def test_bytes_that_are_not_text_are_left_to_the_store(tmp_path: Path) -> None:
    store = OriginalStore.open(tmp_path / "originals")
    block = _core.crush_block(b'{"broken": "\xff"}\n', options_for(SmartCrusherConfig()))
    store.put_many(block.originals(), run_date=dt.date(2026, 1, 31))
    (name,) = block.originals().column("hash").to_pylist()
    with pytest.raises(InvalidPayload, match=r"isn't UTF-8 \(byte 12\)"):
        SmartCrusher(store=store).ccr_get(name)


def test_a_crusher_with_a_store_travels_to_other_processes(tmp_path: Path) -> None:
    config = SmartCrusherConfig(max_items_after_crush=7)
    crusher = SmartCrusher(config, with_compaction=False, store=OriginalStore.open(tmp_path / "originals"))
    copy = pickle.loads(pickle.dumps(crusher))
    r = copy.crush_array_json(ROWS)
    assert r == crusher.crush_array_json(ROWS)
    assert crusher.ccr_get(r["ccr_hash"]) == ROWS


def test_a_crusher_with_originals_in_memory_does_not_travel() -> None:
    with pytest.raises(TypeError, match="give it a store"):
        pickle.dumps(SmartCrusher())


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


# --- options
# ---------------------------------------------------------------------------------------------------------


def test_defaults_are_those_of_the_native_crusher() -> None:
    assert options_for(SmartCrusherConfig()).fingerprint() == _core.Options().fingerprint()


@pytest.mark.parametrize(
    "name",
    [
        "enabled",
        "similarity_threshold",
        "uniqueness_threshold",
        "use_feedback_hints",
        "include_summaries",
        "relevance",
    ],
)
def test_an_option_that_would_have_no_effect_does_not_exist(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        SmartCrusherConfig(**{name: True})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 1),
        ("max_items_after_crush", 0),
        ("min_items_to_analyze", 0),
        ("lossless_min_savings_ratio", 1.5),
        ("variance_threshold", -1.0),
        ("first_fraction", 2.0),
        ("blob_min_bytes", 1),
        ("max_depth", 0),
        ("hash_digits", 12),
        ("keep_patterns", [""]),
    ],
)
def test_a_value_out_of_its_range_is_an_error_that_names_the_option(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        SmartCrusherConfig(**{name: value})


def test_one_text_is_no_list_of_keep_patterns() -> None:
    with pytest.raises(TypeError, match="list of texts"):
        SmartCrusherConfig(keep_patterns="error")


def series(*, outlier: int = 0, step: int = 0) -> str:
    """300 rows of a number about 1000, with an outlier in one row or a higher level from one row on."""
    values = [1000 + row * 7919 % 101 + (row == 100) * outlier + (row > 150) * step for row in range(300)]
    return json.dumps([{"id": f"k{row * 7919 % 9973}", "value": value} for row, value in enumerate(values)])


LONG_TEXT = "\n".join(
    f"step {number} took {number * 7919 % 83} ms in module {number % 17}" for number in range(900)
)

# Each option with a value that isn't its default, on a text where it matters.
EFFECTS: dict[str, tuple[object, str, bool | None]] = {
    "max_tokens": (800, WIDE_ROWS, True),
    "max_items_after_crush": (30, ROWS, False),
    "with_compaction": (False, ROWS, None),
    "min_items_to_analyze": (100, ROWS, False),
    "min_tokens_to_crush": (100_000, ROWS, False),
    "lossless_min_savings_ratio": (0.99, ROWS, True),
    "lossless_only": (True, WIDE_ROWS, True),
    "variance_threshold": (1000.0, series(outlier=300), False),
    "preserve_change_points": (False, series(step=300), False),
    "dedup_identical_items": (
        False,
        json.dumps([{"a": 1, "b": "same"}] * 50 + [{"a": 2, "b": "same"}]),
        False,
    ),
    "first_fraction": (0.0, ROWS, False),
    "last_fraction": (0.5, ROWS, False),
    "blob_min_bytes": (5000, DOCUMENT, True),
    "excerpt_tokens": (20, json.dumps({"log": LONG_TEXT}), True),
    "keep_patterns": (["K1410"], series(), False),
    "max_columns": (1, ROWS, True),
    "hash_digits": (64, DOCUMENT, True),
    "exact_tokens": (True, LONG_TEXT, True),
}


@pytest.mark.parametrize("name", EFFECTS)
def test_an_option_changes_what_comes_out(name: str) -> None:
    value, text, with_compaction = EFFECTS[name]
    usual = SmartCrusher(with_compaction=with_compaction).crush(text)
    crusher = SmartCrusher(SmartCrusherConfig(**{name: value}), with_compaction=with_compaction)
    changed = crusher.crush(text)
    assert changed != usual
    assert crusher.restore(changed.compressed) == text


@pytest.mark.parametrize(("name", "value"), [("max_record_bytes", 1000), ("max_depth", 3)])
def test_a_limit_is_an_error_that_names_it(name: str, value: int) -> None:
    text = json.dumps({"a": {"b": {"c": {"d": "x" * 1000}}}})
    SmartCrusher().crush(text)
    with pytest.raises(LimitExceeded, match=name):
        SmartCrusher(SmartCrusherConfig(**{name: value})).compact_document_json(text)


def test_every_option_is_tested_above() -> None:
    # `verify` changes nothing that can be seen while the crusher is right.
    tested = {*EFFECTS, "max_record_bytes", "max_depth", "verify"}
    assert tested == {field.name for field in dataclasses.fields(SmartCrusherConfig)}


def test_a_configuration_says_what_each_option_does() -> None:
    assert all(field.metadata["help"].endswith(".") for field in dataclasses.fields(SmartCrusherConfig))


def test_a_run_that_keeps_other_options_has_another_fingerprint() -> None:
    prints = {
        options_for(SmartCrusherConfig()).fingerprint(),
        options_for(SmartCrusherConfig(verify=False)).fingerprint(),
        options_for(SmartCrusherConfig(), "openai").fingerprint(),
        options_for(SmartCrusherConfig(with_compaction=False)).fingerprint(),
    }
    assert len(prints) == 4
