"""JSON values of files in any layout."""

import json


def values_as_lines(text: str) -> bytes:
    r"""Puts each JSON value of a text on a line of its own, spelled as it was.

    A line break in JSON stands between tokens only, since strings spell it as an escape.

    >>> values_as_lines('\n{\n "a": 1\n}\n[2]')
    b'{  "a": 1 }\n[2]\n'
    """
    at, values, decoder = 0, [], json.JSONDecoder()
    while at < len(text.rstrip()):
        start = at + len(text[at:]) - len(text[at:].lstrip())
        at = decoder.raw_decode(text, start)[1]
        values.append(text[start:at].replace("\n", " "))
    return "".join(f"{value}\n" for value in values).encode()
