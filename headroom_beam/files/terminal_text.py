r"""Prints text from records so that it can't drive a terminal, cut to length and side by side.

>>> visible("ok\x1b[2J"), visible("a\tb\nc")
('ok\\x1b[2J', 'a   b\nc')
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence

__all__ = ["cut_lines", "left_table", "one_line", "side_by_side", "visible", "width_of", "wrapped"]

_TAB = 4
# Letters of other scripts join and reorder; more marks than this on one letter only cover its neighbours.
_MARKS = 4
_GAP = " │ "


def visible(text: str) -> str:
    """Replaces everything but printable characters and line ends by escapes; tabs become spaces.

    Escape sequences, carriage returns, marks that turn the direction of text, and lone surrogates must not
    reach a terminal.
    """
    plain = text if text.isascii() else _without_piles(text)
    return "".join(
        letter if letter.isprintable() or letter == "\n" else _escape(letter)
        for letter in plain.expandtabs(_TAB)
    )


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode()


def _without_piles(text: str) -> str:
    marks = 0
    letters = []
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        letters.append(letter if marks <= _MARKS else _escape(letter))
    return "".join(letters)


def one_line(text: str, width: int = 48) -> str:
    r"""Returns a name from the input as one printable line, cut to so many characters.

    >>> one_line("a\nb"), one_line("x" * 50, 5)
    ('a\\nb', 'xxxx…')
    """
    line = visible(text).replace("\n", "\\n")
    return line if len(line) <= width else line[: width - 1] + "…"


def left_table(rows: Sequence[Sequence[str]], *, right: int = 0) -> list[str]:
    """Aligns printable cells: the first `right` columns to the right, the others to the left.

    >>> left_table([["n", "name"], ["10", "a"]], right=1)
    [' n  name', '10  a']
    """
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    sides = [at < right for at in range(len(widths))]
    return ["  ".join(map(_filled, row, widths, sides)).rstrip() for row in rows]


def _filled(cell: str, width: int, to_right: bool) -> str:  # noqa: FBT001 (map gives it)
    space = " " * (width - width_of(cell))
    return space + cell if to_right else cell + space


def width_of(text: str) -> int:
    """Returns how many columns a printable line takes: wide letters take two, combining marks none.

    >>> width_of("abc"), width_of("漢字")
    (3, 4)
    """
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def wrapped(text: str, width: int) -> Iterator[str]:
    r"""Yields the lines of a printable text, none of them wider than `width` columns.

    >>> list(wrapped("abcdef\n\nxy", 4))
    ['abcd', 'ef', '', 'xy']
    """
    for line in text.split("\n"):
        if line.isascii():
            yield from re.findall(f".{{1,{width}}}", line) or [""]
            continue
        piece, used = "", 0
        for letter in line:
            columns = _columns(letter)
            if used + columns > width:
                yield piece
                piece, used = "", 0
            piece, used = piece + letter, used + columns
        yield piece


def cut_lines(text: str, width: int, most: int | None) -> list[str]:
    r"""Makes a text visible, wraps it, and cuts it after `most` lines with a note; None cuts nothing.

    >>> cut_lines("a\nb\nc\nd", 60, 2)
    ['a', 'b', '… cut here; --full shows all 7 characters']
    """
    # More than this can't be shown, so it needn't be made visible.
    shown = text if most is None else text[: (width + 1) * (most + 1)]
    lines = list(itertools.islice(wrapped(visible(shown), width), None if most is None else most + 1))
    if most is None or (len(lines) <= most and len(shown) == len(text)):
        return lines
    return [*lines[:most], *wrapped(f"… cut here; --full shows all {len(text):,} characters", width)]


def side_by_side(left: Sequence[str], right: Sequence[str], width: int) -> list[str]:
    """Puts two lists of printable lines side by side, each `width` columns wide.

    >>> side_by_side(["before"], ["after", "more"], 6)
    ['before │ after', '       │ more']
    """
    rows = itertools.zip_longest(left, right, fillvalue="")
    return [f"{one}{' ' * (width - width_of(one))}{_GAP}{other}".rstrip() for one, other in rows]
