"""Tombstones come back as written, hide the right originals, and none is overlooked."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from helpers.effort import tries
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_beam.errors import IntegrityError
from headroom_beam.store.tombstones import Tombstone, Tombstones, decode_tombstones, encode_tombstones

DAY = dt.date(2026, 1, 31)
LATER = DAY + dt.timedelta(days=1)
tombstones = st.lists(
    st.builds(
        Tombstone,
        st.binary(min_size=32, max_size=32).map(bytes.hex),
        st.sampled_from(["erased", "expired"]),
        st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)),
    ),
    max_size=20,
)


@settings(max_examples=tries(60, 3000))
@given(tombstones)
def test_tombstones_come_back_as_written(rows):
    data = encode_tombstones(rows)
    assert sorted(decode_tombstones(data)) == sorted(set(rows))
    assert encode_tombstones(rows[::-1]) == data
    for row in rows:
        assert row in Tombstones(rows).find(row.digest)
        assert row in Tombstones(rows).find(row.digest[:24])


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[]",
        "x",
        "[" * 100_000,
        '{"digest":"00","reason":"erased","date":"2026-01-31"}',
        '{"digest":"%s","reason":"lost","date":"2026-01-31"}' % ("0" * 64),
        '{"digest":"%s","reason":"erased","date":"yesterday"}' % ("0" * 64),
        '{"digest":"%s","reason":"erased"}' % ("0" * 64),
        '{"digest":7,"reason":"erased","date":"2026-01-31"}',
    ],
)
def test_a_line_that_is_no_tombstone_is_an_error_with_its_number(line):
    good = encode_tombstones([Tombstone("0" * 64, "erased", DAY)])
    with pytest.raises(IntegrityError, match="line 2"):
        decode_tombstones(good + line.encode() + b"\n")


def test_erased_hides_for_ever_and_expired_only_older_copies():
    erased, expired, both = ("1" * 64, "2" * 64, "3" * 64)
    all_of_them = Tombstones(
        [
            Tombstone(erased, "erased", DAY),
            Tombstone(expired, "expired", DAY),
            Tombstone(both, "erased", DAY),
            Tombstone(both, "expired", DAY),
        ]
    )
    assert [all_of_them.hides(erased, date) for date in (DAY, LATER)] == ["erased", "erased"]
    assert [all_of_them.hides(expired, date) for date in (DAY, LATER)] == ["expired", None]
    assert all_of_them.hides(both, LATER) == "erased"
    assert all_of_them.hides("4" * 64, DAY) is None


def test_only_erased_digests_are_refused():
    rows = [Tombstone("00" * 32, "erased", DAY), Tombstone("22" * 32, "expired", DAY)]
    digests = np.array([b"\0" * 32, b"\x11" * 32, b"\x22" * 32], "S32")
    assert Tombstones(rows).refuses(digests).tolist() == [True, False, False]
    assert Tombstones().refuses(digests).tolist() == [False, False, False]
