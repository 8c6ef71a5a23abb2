"""Index files: every digest is found where it is, and bytes that aren't an index are refused."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from helpers.effort import tries
from helpers.generators import RUN_DATE, rows_of, some_originals
from helpers.oracles import digest_of
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_beam.errors import CorruptPack, FormatError, IntegrityError
from headroom_beam.store.index import Index, IndexedPack, index_rows
from headroom_beam.store.pack import encode_pack


def pack_of(number: int, rows: int = 1) -> IndexedPack:
    return IndexedPack(f"packs/{number:064}.parquet", 1000 + number, 100, rows, 1)


def digests_of(*texts: bytes) -> np.ndarray:
    return np.array(sorted(hashlib.sha256(text).digest() for text in texts), "S32")


@settings(max_examples=tries(60, 3000))
@given(st.lists(st.sets(st.binary(max_size=2), max_size=20), max_size=5), st.binary(max_size=2))
def test_a_prefix_finds_every_copy_in_every_pack(packs, other):
    parts = [
        (pack_of(at, len(texts)), digests_of(*texts), np.arange(len(texts), dtype="<u4"))
        for at, texts in enumerate(packs)
    ]
    index = Index.decode(Index.build(parts).encode())
    for text in {other, *(text for texts in packs for text in texts)}:
        digest = hashlib.sha256(text).digest()
        for length in (12, 32):
            found = sorted(
                (entry.pack.name, entry.group, entry.digest) for entry in index.find(digest[:length])
            )
            expected = [
                (pack.name, int(np.flatnonzero(digests == digest)[0]), digest)
                for pack, digests, _ in parts
                if digest in {digests[at : at + 1].tobytes() for at in range(len(digests))}
            ]
            assert found == sorted(expected)


def test_the_order_of_packs_does_not_change_a_byte():
    parts = [(pack_of(at), digests_of(b"%d" % at), np.zeros(1, "<u4")) for at in range(5)]
    assert Index.build(parts).encode() == Index.build(parts[::-1]).encode()


def test_digests_with_zero_bytes_at_their_ends_are_told_apart():
    digests = np.array([b"\0" * 32, b"\0" * 31 + b"\1", b"a" + b"\0" * 31], "S32")
    index = Index.decode(Index.build([(pack_of(0, 3), digests, np.arange(3, dtype="<u4"))]).encode())
    assert [entry.group for entry in index.find(b"\0" * 32)] == [0]
    assert [entry.group for entry in index.find(b"\0" * 12)] == [0, 1]
    assert [entry.group for entry in index.find(b"a" + b"\0" * 31)] == [2]
    assert index.find(b"b" + b"\0" * 31) == []


def test_the_rows_of_a_pack_are_all_indexed():
    texts = some_originals(300)
    data = encode_pack(rows_of(texts), run_date=RUN_DATE)
    pack, digests, groups = index_rows("packs/x", data)
    assert (pack.size_bytes, pack.row_count, pack.group_count) == (len(data), 300, 3)
    assert digests.tobytes() == b"".join(sorted(bytes.fromhex(digest_of(text)) for text in texts))
    assert groups.tolist() == [0] * 128 + [1] * 128 + [2] * 44
    with pytest.raises(CorruptPack):
        index_rows("packs/x", data[:-20])


def test_bytes_that_are_no_index_are_refused():
    data = Index.build([(pack_of(0, 2), digests_of(b"1", b"2"), np.zeros(2, "<u4"))]).encode()
    start = data.index(b"{")
    bad = {
        "empty": b"",
        "magic": b"X" + data[1:],
        "short": data[:-1],
        "long": data + b"x",
        "header length": data[:8] + b"\xff\xff\xff\xff" + data[12:],
        "header": data[:start] + b"[" + data[start + 1 :],
        "count": data.replace(b'"entry_count":2', b'"entry_count":9'),
        "negative": data.replace(b'"entry_count":2', b'"entry_count":-2'),
        "unsorted": data[:-80] + data[-48:-16] + data[-80:-48] + data[-16:],
        "pack number": data[:-16] + b"\7" + data[-15:],
    }
    for name, damaged in bad.items():
        with pytest.raises(IntegrityError):
            print(name, Index.decode(damaged).packs)


def test_an_index_of_a_later_version_is_refused():
    data = Index.build([]).encode().replace(b'"version":1', b'"version":2')
    with pytest.raises(FormatError, match="index version 2"):
        Index.decode(data)
