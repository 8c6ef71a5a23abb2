"""Options of crushing: each has an effect, a range and a sentence of help."""

import dataclasses
import json

import pytest
from helpers.generators import DOCUMENT, ROWS, WIDE_ROWS, series

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.smart_crusher import SmartCrusher
from headroom_beam.errors import (
    LimitExceeded,
)


def test_defaults_are_those_of_the_native_crusher() -> None:
    assert options_for(SmartCrusherConfig(), "json").fingerprint() == _core.Options().fingerprint()


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
def test_an_unknown_option_is_a_type_error(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        SmartCrusherConfig(**{name: True})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 1),
        ("max_record_tokens", 31),
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


def test_a_single_text_is_refused_as_keep_patterns() -> None:
    with pytest.raises(TypeError, match="list of texts"):
        SmartCrusherConfig(keep_patterns="error")


LONG_TEXT = "\n".join(
    f"step {number} took {number * 7919 % 83} ms in module {number % 17}" for number in range(900)
)

# Each option with a value that isn't its default, on a text where it matters.
EFFECTS: dict[str, tuple[object, str, bool | None]] = {
    "max_tokens": (800, WIDE_ROWS, True),
    "max_record_tokens": (800, WIDE_ROWS, True),
    "max_items_after_crush": (30, ROWS, False),
    "with_compaction": (False, ROWS, None),
    # A text by itself becomes a text, whatever it was. Only its arrays without tables show the option.
    "keep_types": (True, DOCUMENT, False),
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
    "excerpt_tokens": (20, json.dumps({"log": LONG_TEXT, "other": LONG_TEXT}), True),
    "keep_patterns": (["K1410"], series(), False),
    "max_columns": (1, ROWS, True),
    "hash_digits": (64, DOCUMENT, True),
    "exact_tokens": (True, LONG_TEXT, True),
}


@pytest.mark.parametrize("name", EFFECTS)
def test_an_option_changes_the_output(name: str) -> None:
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


def test_every_option_has_a_test_of_its_effect() -> None:
    # `verify` changes the output only where the crusher has a defect.
    tested = {*EFFECTS, "max_record_bytes", "max_depth", "verify"}
    assert tested == {field.name for field in dataclasses.fields(SmartCrusherConfig)}


def test_every_option_has_a_sentence_of_help() -> None:
    assert all(field.metadata["help"].endswith(".") for field in dataclasses.fields(SmartCrusherConfig))


def test_other_options_have_another_fingerprint() -> None:
    prints = {
        options_for(SmartCrusherConfig(), "json").fingerprint(),
        options_for(SmartCrusherConfig(verify=False), "json").fingerprint(),
        options_for(SmartCrusherConfig(), "openai").fingerprint(),
        options_for(SmartCrusherConfig(with_compaction=False), "json").fingerprint(),
    }
    assert len(prints) == 4


def test_keep_types_crushes_only_the_strings_in_arrays_and_objects() -> None:
    rows = json.loads(ROWS)
    record = json.dumps({"list": rows, "text": ROWS}).encode()
    block = _core.crush_block(record, options_for(SmartCrusherConfig(keep_types=True), "json"))
    crushed = json.loads(block.lines())
    assert crushed["list"] == rows
    assert crushed["text"].startswith("[")
    assert len(crushed["text"]) < len(ROWS) / 2
    restored = _core.restore_block(block.lines(), block.originals())
    assert restored.restored == record
    assert isinstance(json.loads(_core.crush_block(record, _core.Options()).lines())["list"], str)
