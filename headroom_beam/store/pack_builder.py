"""Collects originals until there are enough for a pack, then encodes them.

>>> from headroom_beam.store.pack import verify_pack
>>> from headroom_beam.store.schema import original_digest
>>> rows = pa.table(
...     {
...         "digest": pa.array([original_digest(b"[1]")] * 2, pa.binary(32)),
...         "kind": ["json"] * 2,
...         "item_count": [1] * 2,
...         "original": [b"[1]"] * 2,
...         "tool": ["list_things"] * 2,
...     }
... )
>>> builder = PackBuilder(run_date=dt.date(2026, 1, 31))
>>> list(builder.add(rows)), [verify_pack(pack).row_count for pack in builder.finish()]
([], [1])
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headroom_beam.store.pack import write_pack
from headroom_beam.store.schema import (
    PACK_SCHEMA,
    Digests,
    complete_rows,
    digest_array,
    distinct_order,
    original_bytes,
)

__all__ = ["PACK_BYTES", "PACK_ROWS", "PackBuilder"]

PACK_BYTES = 64 << 20
"""Bytes of originals that a builder collects before it makes a pack."""
PACK_ROWS = 1 << 17
"""Most originals that a builder collects, so that footers stay under a megabyte even for tiny originals."""


class PackBuilder:
    """Collects originals, and gives a pack when there are `pack_bytes` of distinct ones.

    Args:
        run_date: the date of the run that stores these originals.
        pack_bytes: about how many bytes of originals a pack gets.
        refused: tells for each digest whether it must not be stored. Such rows are dropped, and counted in
            `refused_count`.

    Raises:
        ValueError: `pack_bytes` is below 1.
    """

    def __init__(
        self,
        *,
        run_date: dt.date,
        pack_bytes: int = PACK_BYTES,
        refused: Callable[[Digests], npt.NDArray[np.bool_]] | None = None,
    ) -> None:
        if pack_bytes < 1:
            raise ValueError(f"pack_bytes is {pack_bytes}; it must be 1 or more")
        self.run_date = run_date
        self.pack_bytes = pack_bytes
        self.refused_count = 0
        self._refused = refused
        self._tables: list[pa.Table] = []
        self._buffered_bytes = 0
        self._buffered_rows = 0

    def add(self, originals: pa.Table | pa.RecordBatch) -> Iterator[bytes]:
        """Takes originals and yields the packs that are full now, mostly none or one.

        The rows are taken only as the iterator runs, so run it to its end.

        Args:
            originals: columns as for `encode_pack`.

        Raises:
            DigestMismatch, LimitExceeded, ValueError: as from `encode_pack`.
        """
        if not len(originals):
            return
        rows = complete_rows(originals, self.run_date)
        if self._refused is not None:
            refused = self._refused(digest_array(rows.column("digest")))
            if refused.any():
                self.refused_count += int(refused.sum())
                rows = rows.filter(pa.array(~refused))
        self._keep(rows)
        if self._buffered_bytes >= self.pack_bytes or self._buffered_rows >= PACK_ROWS:
            rows, order = self._take()
            if 2 * self._share(rows, order) >= 1:
                yield from self._packs(rows, order)
            else:
                # Agents repeat themselves. If most rows were repeats, the distinct ones wait for more.
                self._keep(rows.combine_chunks().take(pa.array(order)))

    def finish(self) -> Iterator[bytes]:
        """Yields the last pack, if there are rows for it."""
        rows, order = self._take()
        if len(order):
            yield from self._packs(rows, order)

    def _share(self, rows: pa.Table, order: npt.NDArray[np.int64]) -> float:
        """Returns how many packs these rows fill."""
        sizes = rows.column("size_bytes").to_numpy()[order]
        return max(float(sizes.sum()) / self.pack_bytes, len(order) / PACK_ROWS)

    def _packs(self, rows: pa.Table, order: npt.NDArray[np.int64]) -> Iterator[bytes]:
        """Yields one pack, or several of about equal size when there are rows for more than one."""
        ends = np.cumsum(rows.column("size_bytes").to_numpy()[order] / self.pack_bytes + 1 / PACK_ROWS)
        count = max(1, round(self._share(rows, order)))
        cuts = np.searchsorted(ends, ends[-1] * np.arange(1, count) / count, side="right")
        for part in np.split(order, cuts):
            if len(part):
                yield write_pack(rows, part)

    def _keep(self, rows: pa.Table) -> None:
        self._tables.append(rows)
        self._buffered_bytes += original_bytes(rows)
        self._buffered_rows += len(rows)

    def _take(self) -> tuple[pa.Table, npt.NDArray[np.int64]]:
        rows = pa.concat_tables([PACK_SCHEMA.empty_table(), *self._tables])
        self._tables, self._buffered_bytes, self._buffered_rows = [], 0, 0
        return rows, distinct_order(rows)
