"""Text from records can't drive a terminal, whatever it holds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam.files.terminal_text import cut_lines, one_line, side_by_side, visible, width_of, wrapped

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_only_printable_characters_are_left(text: str) -> None:
    shown = visible(text)
    assert all(letter.isprintable() or letter == "\n" for letter in shown)
    shown.encode()


@given(ANY_TEXT, st.integers(2, 30))
def test_no_line_is_wider_than_asked(text: str, width: int) -> None:
    for line in wrapped(visible(text), width):
        assert width_of(line) <= width
        assert "\n" not in line


@given(ANY_TEXT)
def test_wrapping_loses_nothing(text: str) -> None:
    shown = visible(text)
    assert "".join(wrapped(shown, 9)) == shown.replace("\n", "")


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b]0;title\x07",
        "\x1b[2J\x1b[H",
        "\r\x1b[K",
        "\x9b31m",
        "\x90q\x9c",
        "\x00\x08\x7f",
        "\u202egnp.exe\u202c",
        "\u2066\u2069\u200b\u2028\u2029",
        "\ud800\udfff",
    ],
)
def test_controls_become_escapes(hostile: str) -> None:
    for text in (visible(hostile), one_line(hostile), *cut_lines(hostile, 80, None)):
        assert re.search(r"\\(x|u|r)", text)
        assert text.isprintable()


def test_marks_do_not_pile_up() -> None:
    assert visible("e\u0301") == "e\u0301"
    assert visible("e" + "\u0301" * 50).count("\\u0301") == 46


def test_a_name_is_one_line() -> None:
    assert one_line("two\nlines") == "two\\nlines"
    assert one_line("x" * 100, 10) == "x" * 9 + "…"


def test_long_texts_are_cut_with_a_note() -> None:
    text = "line\n" * 100
    assert cut_lines(text, 80, 3) == ["line"] * 3 + ["… cut here; --full shows all 500 characters"]
    assert len(cut_lines(text, 80, None)) == 101
    assert cut_lines("line\n" * 2, 80, 3) == ["line", "line", ""]
    assert cut_lines("x" * 200, 20, 2)[:2] == ["x" * 20] * 2


def test_columns_are_aligned_by_what_is_seen() -> None:
    rows = side_by_side(["漢字", "e\u0301", ""], ["a", "b"], 5)
    assert [width_of(row.partition("│")[0]) for row in rows] == [6, 6, 6]
