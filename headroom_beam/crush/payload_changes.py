r"""Finds the values of a record that crushing changed, and the payload that each belongs to.

Crushing changes payloads only, so the values that differ between a record and its compacted form are payloads
or stand in one. Both are in document order. The payload is the value around a change, or that value itself,
whose estimated tokens are the payload's. Where several have as many, the crusher is asked which is a payload.

>>> before, after = '{"id": 7, "result": [{"a": 1}, {"a": 2}]}', '{"id": 7, "result": "[2]{a}\\n1\\n2"}'
>>> tokens = _core.estimate_tokens('[{"a": 1}, {"a": 2}]')
>>> (change,) = payload_changes(before, after, [tokens], lambda start, stop: True)
>>> change.place, change.after
('.result', '[2]{a}\n1\n2')
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from headroom_beam import _core
from headroom_beam.crush.json_nodes import Node, read_nodes

__all__ = ["PayloadChange", "payload_changes"]

# Crush writes this before a user's text that looks like its own, wherever it stands.
_ESCAPE = "<<ccr:lit>>"


class PayloadChange(NamedTuple):
    """A changed payload. A string stands here decoded, any other value as its record spells it."""

    place: str
    """The way to it from the root of the record, such as `.messages[3].content`."""
    before: str
    after: str


def payload_changes(
    before: str, after: str, tokens: Sequence[int], is_payload: Callable[[int, int], bool]
) -> list[PayloadChange | None]:
    """Finds changed payloads in a record.

    Args:
        before: the record, without a byte order mark.
        after: its compacted form.
        tokens: for each changed payload, its estimated tokens before.
        is_payload: tells whether the value between two characters of `before` is a payload.

    Returns:
        The change of each payload. None if another payload stands in the same string: then that one has both.

    Raises:
        ValueError: a text isn't JSON.
    """
    if before == after:
        return [None] * len(tokens)
    changes = list(_changed_values(read_nodes(before), read_nodes(after)))
    found: list[PayloadChange | None] = []
    for wanted in tokens:
        if not changes:
            found.append(None)
            continue
        old, new = _payload(*changes[0], wanted, is_payload)
        changes = [change for change in changes if change[0].start >= old.stop]
        found.append(PayloadChange(old.place(), old.content(), new.content()))
    return found


def _changed_values(before: Node, after: Node) -> Iterator[tuple[Node, Node]]:
    """Yields the innermost values that differ, in document order."""
    pairs = [(before, after)]
    while pairs:
        old, new = pairs.pop()
        if old.text == new.text or new.text == f'"{_ESCAPE}{old.text[1:]}':
            continue
        inner = list(zip(old.children, new.children, strict=False))
        if (
            old.kind == new.kind
            and len(old.children) == len(new.children)
            and all(one.key == other.key for one, other in inner)
            and any(one.text != other.text for one, other in inner)
        ):
            pairs += reversed(inner)
        else:
            yield old, new


def _payload(old: Node, new: Node, tokens: int, is_payload: Callable[[int, int], bool]) -> tuple[Node, Node]:
    equal = []
    around: tuple[Node | None, Node | None] = (old, new)
    while around[0] is not None and around[1] is not None:
        if _core.estimate_tokens(around[0].text) == tokens:
            equal.append((around[0], around[1]))
        around = around[0].parent, around[1].parent
    if len(equal) > 1:
        # Brackets may take no token of their own.
        equal = [pair for pair in equal if is_payload(pair[0].start, pair[0].stop)]
    return equal[0] if equal else (old, new)
