"""Originals in memory: each once, within a limit, for this process alone."""

import hashlib

import pytest
from helpers.generators import DOCUMENT

from headroom_beam.crush.memory import MemoryOriginals
from headroom_beam.crush.smart_crusher import SmartCrusher
from headroom_beam.errors import (
    AmbiguousHash,
    InvalidHash,
    LimitExceeded,
    OriginalNotFound,
)


def test_an_unknown_hash_gives_none() -> None:
    assert SmartCrusher().ccr_get("0" * 24) is None


@pytest.mark.parametrize("text", ["", "abc", "0" * 12, "G" * 24])
def test_text_that_is_no_hash_is_an_error(text: str) -> None:
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


def test_a_hash_of_two_originals_is_ambiguous_and_their_digests_are_not() -> None:
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
    # An original that is already held takes no more memory.
    crusher.compact_document_json(DOCUMENT)
