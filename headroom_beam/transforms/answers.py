"""Answers hashes with their originals, or with the reasons why there are none."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
from apache_beam.pvalue import TaggedOutput

from headroom_beam.errors import InvalidHash
from headroom_beam.records import Original, check_hash, original_rows
from headroom_beam.store.resolution import Lookup
from headroom_beam.transforms.envelope import Place
from headroom_beam.transforms.metrics import count
from headroom_beam.transforms.schemas import register_schemas

__all__ = ["Asked", "Missing", "answers", "hash_of", "is_hash"]


class Missing(NamedTuple):
    """A hash whose original can't be given out, and why."""

    hash: str
    reason: str
    """`missing` (never stored here), `expired`, `erased`, `ambiguous` (two originals share the hash; ask by
    the full digest), `damaged` (stored, but no copy is readable) or `invalid` (not a hash)."""


register_schemas(Missing)


class Asked(NamedTuple):
    """A hash that waits for its batch, with the element and place that its answer needs."""

    element: Any
    hash: str
    place: Place


def hash_of(element: Any) -> str:
    """Returns the hash of an element: `hash` or `(key, hash)`. Raises TypeError for any other element."""
    hash_ = element[1] if isinstance(element, tuple) else element
    if not isinstance(hash_, str):
        raise TypeError(
            f"a hash is str or (key, str), not {type(hash_).__name__}; map the PCollection to one of these"
        )
    return hash_


def _answer(element: Any, row: Any) -> Any:
    """Returns a row with the key of its element, if the element has one."""
    return (element[0], row) if isinstance(element, tuple) else row


def is_hash(text: str) -> bool:
    """Tells whether a text is a hash or a digest."""
    try:
        return bool(check_hash(text))
    except InvalidHash:
        return False


def answers(asked: Iterable[Asked], lookup: Lookup) -> Iterator[Any]:
    """Yields the answer to every hash, in the window of its element."""
    originals = {row.hash: row for row in _rows(lookup.found)}
    for element, hash_, place in asked:
        row: Original | Missing | None = originals.get(hash_)
        if row is None:
            row = Missing(hash_, lookup.unresolved.get(hash_, "invalid"))
            count(f"lookups_{row.reason}")
            yield TaggedOutput("missing", place.put(_answer(element, row)))
        else:
            count("lookups_found")
            yield place.put(_answer(element, row))


def _rows(table: pa.Table) -> list[Original]:
    return [row for batch in table.to_batches() for row in original_rows(batch)]
