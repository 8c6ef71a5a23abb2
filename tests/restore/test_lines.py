"""A record is a line or a text, and a line of an unknown form doesn't hide markers of other lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam.restore.lines import is_line, line_markers, split_record

HASH = "0123456789abcdef01234567"
MARKER = b'"<<ccr:%s,raw,1.0KB>>"' % HASH.encode()
UNKNOWN = b'"<<ccr:a form of a later version>>"'


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r", b"\n", b"[1]", b"[\n1]", b'"a"'])).map(b"".join))
def test_a_split_record_is_whitespace_around_its_text(record: bytes) -> None:
    before, text, after = split_record(record)
    assert before + text + after == record
    if is_line(record):
        assert (before, after) == (b"", b"")
    else:
        assert not before.strip()
        assert not after.strip()
        assert text == record.strip(b" \t\r\n")


@pytest.mark.parametrize("record", [b"\n", b"[1]\n", b"[1,\r2]", b"\r\n[1]"])
def test_a_record_with_line_breaks_is_no_line(record: bytes) -> None:
    assert not is_line(record)
    assert is_line(record.replace(b"\r", b"").replace(b"\n", b""))


def test_markers_have_the_place_of_their_line() -> None:
    data = b"[1]\n" + MARKER + b"\n{}\n[" + MARKER + b"," + MARKER + b"]"
    second = len(b"[1]\n" + MARKER + b"\n{}\n")
    assert line_markers(data) == [
        (4, len(MARKER), HASH),
        (second, 2 * len(MARKER) + 3, HASH),
        (second, 2 * len(MARKER) + 3, HASH),
    ]


@pytest.mark.parametrize("wrong", [UNKNOWN, b'"\xff"', b"[" * 2000])
def test_a_line_that_can_not_be_read_has_no_markers_and_the_others_keep_theirs(wrong: bytes) -> None:
    assert line_markers(wrong) == []
    assert line_markers(wrong + b"\n" + MARKER) == [(len(wrong) + 1, len(MARKER), HASH)]
    assert line_markers(MARKER + b"\n" + wrong) == [(0, len(MARKER), HASH)]
