"""Savings are printed only for results that restore."""

import json

import pytest

from headroom_beam import SmartCrusher, _core


def test_savings_restore_each_result():
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
