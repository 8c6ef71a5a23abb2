"""Envelopes: what a record travels in, taken off and put back."""

import pytest

from headroom_beam import SmartCrusherConfig
from headroom_beam.crush.batch import crush_batch
from headroom_beam.crush.config import options_for
from headroom_beam.transforms.envelope import open_envelope


def test_a_lone_surrogate_fails_with_its_bytes_kept():
    # Beam's own text coder can't carry one; a record that is built in the step before can have it all the
    # same.
    _, record = open_envelope('{"a":"\ud800"}')
    batch = crush_batch([record], options_for(SmartCrusherConfig()))
    assert [row.kind for _, row in batch.failures] == ["invalid_utf8"]
    assert batch.originals[0].column("original").to_pylist() == [b'{"a":"\xed\xa0\x80"}']


def test_an_element_that_is_no_record_is_a_type_error_that_names_its_type():
    with pytest.raises(TypeError, match=r"not dict; map the PCollection"):
        open_envelope({"a": 1})
    with pytest.raises(TypeError, match="not tuple"):
        open_envelope(("key", "record", "more"))
