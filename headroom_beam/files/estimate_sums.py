"""Adds up what an estimate finds: sums by path, tool and kind, the largest payloads, and copies."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headroom_beam.files.manifest import TOOLS

__all__ = ["COUNTS", "LARGEST", "OTHERS", "TEXT_FILE", "SeenTexts", "Sums", "Tally"]

COUNTS = (
    "payloads",
    "tokens",
    "raw_tokens",
    "saved_without_loss",
    "copies",
    "copy_tokens",
    "saved_by_reference",
    "uncompared_tokens",
)
"""Columns of counts; the savings at each budget follow them."""

OTHERS = "(others)"
"""The row for all names beyond the first thousand."""

TEXT_FILE = "(text file)"
"""Stands for the path of a payload that is a whole text file."""

LARGEST = 10
"""How many of the largest payloads are named."""

# Texts of one file that are remembered, 8 bytes each. Beyond this, copies of further texts aren't counted.
_REMEMBERED_TEXTS = 4 << 20

Integers = npt.NDArray[np.int64]


class Tally:
    """What some files have come to, or a part of one.

    Args:
        columns: numbers in a row of counts: `COUNTS`, and one for each budget.
    """

    def __init__(self, columns: int) -> None:
        self.bytes_read = 0
        self.records = 0
        self.failures: Counter[str] = Counter()
        self.tokens = 0
        self.copies_complete = True
        self.all = Sums(columns)
        self.by = {name: Sums(columns) for name in ("path", "tool", "kind")}
        self.largest: list[dict[str, Any]] = []

    @property
    def payloads(self) -> int:
        """How many payloads there are."""
        return int(sum(counts[0] for _, counts in self.all.rows()))

    def least(self) -> int:
        """Tokens that a payload must exceed to be among the largest."""
        return self.largest[-1]["tokens"] if len(self.largest) == LARGEST else -1

    def add_largest(self, rows: Iterable[dict[str, Any]]) -> None:
        """Adds rows with `tokens`, and keeps the largest."""
        self.largest = sorted([*self.largest, *rows], key=lambda row: -row["tokens"])[:LARGEST]

    def merge(self, other: "Tally") -> None:
        """Adds what other files have come to."""
        self.bytes_read += other.bytes_read
        self.records += other.records
        self.failures.update(other.failures)
        self.tokens += other.tokens
        self.copies_complete &= other.copies_complete
        self.all.merge(other.all)
        for name, sums in self.by.items():
            sums.merge(other.by[name])
        self.add_largest(other.largest)


class Sums:
    """Sums of columns by name."""

    def __init__(self, columns: int) -> None:
        self._numbers: dict[str, int] = {}
        self._counts = np.zeros((0, columns), np.int64)

    def add(self, names: pa.Array, counts: Integers) -> None:
        """Adds a row of counts for each name."""
        encoded = names.dictionary_encode()
        numbers = np.array([self._number(name) for name in encoded.dictionary.to_pylist()], np.int64)
        more = len(self._numbers) - len(self._counts)
        self._counts = np.vstack([self._counts, np.zeros((more, self._counts.shape[1]), np.int64)])
        np.add.at(self._counts, numbers[encoded.indices.to_numpy()], counts)

    def merge(self, other: "Sums") -> None:
        """Adds the sums of each name."""
        rows = list(other.rows())
        if rows:
            names, counts = zip(*rows, strict=True)
            self.add(pa.array(names, pa.string()), np.vstack(counts))

    def _number(self, name: str) -> int:
        # Names of tools come from the input, and paths of payloads that are known by their shape. An input
        # that never repeats one must not fill the memory.
        if name not in self._numbers and len(self._numbers) >= TOOLS:
            name = OTHERS
        return self._numbers.setdefault(name, len(self._numbers))

    def rows(self) -> Iterable[tuple[str, Integers]]:
        """Returns the sums of each name."""
        return zip(self._numbers, self._counts, strict=True)


class SeenTexts:
    """The texts of a file, as the first 64 bits of their digests, in sorted runs of growing size."""

    def __init__(self) -> None:
        self.complete = True
        self._count = 0
        self._runs: list[npt.NDArray[np.uint64]] = []

    def add(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Adds texts. Returns for each whether it was there before. A key of 0 stands for no text."""
        known = np.zeros(len(keys), np.bool_)
        for run in self._runs:
            known |= run[np.minimum(np.searchsorted(run, keys), len(run) - 1)] == keys
        texts, first = np.unique(keys, return_index=True)
        is_new = ~known[first] & (texts != 0)
        known[np.setdiff1d(np.arange(len(keys)), first)] = True
        new = texts[is_new]
        if self._count + len(new) <= _REMEMBERED_TEXTS:
            self._count += len(new)
            self._merge(new)
        else:
            self.complete = False
        seen: npt.NDArray[np.bool_] = known & (keys != 0)
        return seen

    def _merge(self, run: npt.NDArray[np.uint64]) -> None:
        # Each run is at least twice as long as the next, so few runs are searched and each text moves rarely.
        while self._runs and len(self._runs[-1]) < 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]))
        if len(run):
            self._runs.append(run)
