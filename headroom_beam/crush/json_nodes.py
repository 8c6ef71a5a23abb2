r"""Reads a JSON text as a tree of nodes with their places in the text, and keeps every spelling.

>>> root = read_nodes('{"a": [1, "\\u0041"]}')
>>> [(node.key, node.text) for node in root.children[0].children]
[(0, '1'), (1, '"\\u0041"')]
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

__all__ = ["Node", "read_nodes"]

_TOKEN = re.compile(r'[ \t\r\n]*(?:([\[\]{},:])|("(?:[^"\\]|\\.)*")|([^\s\[\]{},:"]+))', re.DOTALL)


@dataclass(eq=False)
class Node:
    """A value in a JSON text."""

    source: str = field(repr=False)
    start: int
    stop: int
    parent: Node | None = field(repr=False, default=None)
    key: str | int | None = None
    """Key of a member, position of an element; None for the root."""
    children: list[Node] = field(repr=False, default_factory=list)

    @property
    def text(self) -> str:
        """The value as its text spells it."""
        return self.source[self.start : self.stop]

    @property
    def kind(self) -> str:
        """The first character of the text: `{`, `[`, `"`, or that of a number, `true`, `false` or `null`."""
        return self.source[self.start]

    def content(self) -> str:
        """Returns the text of a string, decoded; of any other value, its spelling."""
        return str(json.loads(self.text)) if self.kind == '"' else self.text

    def place(self) -> str:
        """Returns the way to the node, such as `.messages[3].content`; nothing for the root."""
        steps = []
        node: Node | None = self
        while node is not None and node.key is not None:
            steps.append(f"[{node.key}]" if isinstance(node.key, int) else _member(node.key))
            node = node.parent
        return "".join(reversed(steps))


def _member(key: str) -> str:
    return f".{key}" if re.fullmatch(r"[A-Za-z0-9_-]+", key) else f".{json.dumps(key)}"


def read_nodes(text: str) -> Node:
    """Returns the root of a JSON text.

    Args:
        text: a valid JSON text, as the crusher has accepted it.

    Raises:
        ValueError: the text isn't JSON.
    """
    root = Node(text, 0, 0)
    at: Node = root
    key: str | None = None
    position = 0
    while found := _TOKEN.match(text, position):
        position = found.end()
        sign, string, _ = found.groups()
        if sign == ",":
            key = None
        elif sign in ("]", "}"):
            at.stop = position
            if at.parent is None:
                raise ValueError(f"not JSON at character {position}")
            at = at.parent
        elif string is not None and key is None and at is not root and at.kind == "{":
            key = json.loads(string)
        elif sign != ":":
            start = found.start(1 if sign else 2 if string else 3)
            node = Node(
                text, start, position, at, key if at is not root and at.kind == "{" else len(at.children)
            )
            at.children.append(node)
            if sign:
                at = node
            key = None if at is node else key
    if at is not root or len(root.children) != 1 or text[position:].strip(" \t\r\n"):
        raise ValueError(f"not JSON at character {position + 1}")
    (top,) = root.children
    top.parent, top.key = None, None
    return top
