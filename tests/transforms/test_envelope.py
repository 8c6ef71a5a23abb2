"""Envelopes of records are taken off and put back."""

import pytest
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.typehints import typehints

from headroom_beam import SmartCrusherConfig
from headroom_beam.crush.batch import crush_batch
from headroom_beam.crush.config import options_for
from headroom_beam.records import Compacted
from headroom_beam.transforms.envelope import close_envelope, open_envelope, row_type


def test_a_lone_surrogate_fails_with_its_bytes_kept():
    # Beam's coder of text refuses lone surrogates. A record made in the same process can still have one.
    _, record = open_envelope('{"a":"\ud800"}')
    batch = crush_batch([record], options_for(SmartCrusherConfig(), "json"))
    assert [row.kind for _, row in batch.failures] == ["invalid_utf8"]
    assert batch.originals[0].column("original").to_pylist() == [b'{"a":"\xed\xa0\x80"}']


def test_an_element_that_is_no_record_is_a_type_error_that_names_its_type():
    with pytest.raises(TypeError, match=r"not dict; map the PCollection"):
        open_envelope({"a": 1})
    with pytest.raises(TypeError, match="not tuple"):
        open_envelope(("key", "record", "more"))


@pytest.mark.parametrize("element", [b"[1]", "[1]", ("key", b"[1]"), (None, "[1]")])
def test_a_row_gets_the_envelope_of_its_record(element):
    envelope, record = open_envelope(element)
    assert record == b"[1]"
    row = close_envelope(envelope, "row")
    assert row == ((element[0], "row") if isinstance(element, tuple) else "row")


def test_a_message_keeps_all_but_its_data():
    message = PubsubMessage(b"[1]", {"a": "b"}, message_id="7", ordering_key="k")
    envelope, record = open_envelope(message)
    assert record == b"[1]"
    assert close_envelope(envelope, "row") == (PubsubMessage(b"", {"a": "b"}, "7", ordering_key="k"), "row")


@pytest.mark.parametrize(
    ("element_type", "expected"),
    [
        (bytes, Compacted),
        (str, Compacted),
        (typehints.Union[bytes, str], Compacted),
        (Compacted, Compacted),
        (PubsubMessage, typehints.KV[PubsubMessage, Compacted]),
        (typehints.KV[int, bytes], typehints.KV[int, Compacted]),
        (typehints.Any, typehints.Any),
        (dict, typehints.Any),
    ],
)
def test_the_type_of_rows_follows_that_of_the_elements(element_type, expected):
    assert row_type(element_type, Compacted) == expected
