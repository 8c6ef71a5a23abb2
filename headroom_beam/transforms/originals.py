"""`WriteOriginals` and `ReadOriginals`: originals from a PCollection into a store, and back.

They use none of Beam's sinks. A bundle makes packs, puts each under the name of its content, and verifies it.
A bundle that is repeated finds its packs there already.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam

from headroom_beam.objects.open import open_objects
from headroom_beam.records import Original, original_batch, original_rows
from headroom_beam.store.pack import read_pack
from headroom_beam.store.schema import verify_digests
from headroom_beam.transforms.bundles import BundleDoFn
from headroom_beam.transforms.envelope import Place
from headroom_beam.transforms.metrics import count
from headroom_beam.transforms.schemas import register_schemas
from headroom_beam.transforms.shared_store import SharedStore, pack_names

__all__ = ["ReadOriginals", "WriteOriginals"]

register_schemas()

_ROW_OVERHEAD_BYTES = 256
"""Memory that a row takes beside its original. Batches count it, so that tiny originals are bounded too."""


class WriteOriginals(beam.PTransform):
    """Writes originals into a store.

    The output has the names of the packs that hold the originals, once they are durable and verified.

    Packs are made within bundles, without a shuffle, so bundles should be large. For unbounded input, use
    `CrushRecords(originals=…)`, which collects records across bundles. An original that is stored already is
    stored again. Erased originals are left out.

    Args:
        root: root of the store, a local directory or `gs://bucket/prefix`. The store is created if there is
            none.
        run_date: date stored with each original; None for the day (UTC) on which it is written.
        pack_bytes: bytes of originals that are collected for a pack.

    Raises:
        ValueError: the root has another scheme, or a size isn't greater than 0.

    At run time, an original with the digest of other bytes fails the bundle. So does a store that can't be
    written.

    >>> import hashlib, tempfile
    >>> root, text = tempfile.mkdtemp(), b"[1,2,3]"
    >>> digest = hashlib.sha256(text).digest()
    >>> row = Original(digest.hex()[:24], digest, "json", len(text), 3, text, "list_numbers")
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     _ = pipeline | beam.Create([row]) | WriteOriginals(root)
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     _ = pipeline | ReadOriginals(root) | beam.Map(lambda row: print(row.original))
    b'[1,2,3]'
    """

    def __init__(self, root: str, *, run_date: dt.date | None = None, pack_bytes: int = 64 << 20) -> None:
        super().__init__()
        if pack_bytes <= 0:
            raise ValueError(f"pack_bytes is {pack_bytes}; it must be greater than 0")
        open_objects(root)
        self._root = root
        self._run_date = run_date
        self._pack_bytes = pack_bytes

    def expand(self, originals: beam.PCollection) -> beam.PCollection:
        """Writes the originals."""
        write = _WritePacks(SharedStore(self._root, create=True), self._run_date, self._pack_bytes)
        return originals | "Write" >> beam.ParDo(write).with_input_types(Original).with_output_types(str)

    def display_data(self) -> dict[str, Any]:
        """Returns what a runner shows about this step."""
        return {"root": self._root, "pack_bytes": self._pack_bytes}


class _WritePacks(BundleDoFn):
    def __init__(self, store: SharedStore, run_date: dt.date | None, pack_bytes: int) -> None:
        super().__init__(batch_bytes=pack_bytes)
        self._store = store
        self._run_date = run_date

    def collect(self, element: Original, place: Place) -> tuple[tuple[Original, Place], int]:
        return (element, place), len(element.original) + _ROW_OVERHEAD_BYTES

    def flush(self, batch: Sequence[tuple[Original, Place]]) -> list[Any]:
        run_date = self._run_date or dt.datetime.now(dt.timezone.utc).date()
        names = self._store.open().put_many(original_batch([row for row, _ in batch]), run_date=run_date)
        count("originals", len(batch))
        count("packs", len(names))
        # A pack holds rows of several elements. Its name gets the place of the last one.
        _, place = batch[-1]
        return [place.put(name) for name in names]


class ReadOriginals(beam.PTransform):
    """Reads every original of a store, pack by pack, and verifies its bytes.

    Apply it to a pipeline; see the example of `WriteOriginals`. An original that stands in several packs
    comes once for each. Erased and expired originals are left out. A pack that is damaged, or is removed
    meanwhile, fails the bundle.

    Args:
        root: root of the store, a local directory or `gs://bucket/prefix`; there must be a store.

    Raises:
        ValueError: the root has another scheme.
    """

    def __init__(self, root: str) -> None:
        super().__init__()
        open_objects(root)
        self._root = root

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Lists the packs, distributes them and reads them."""
        store = SharedStore(self._root, create=False)
        return (
            pipeline
            | "Start" >> beam.Impulse()
            | "Packs" >> beam.FlatMap(pack_names, store).with_output_types(str)
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(_ReadPack(store)).with_output_types(Original)
        )

    def display_data(self) -> dict[str, Any]:
        """Returns what a runner shows about this step."""
        return {"root": self._root}


class _ReadPack(beam.DoFn):
    def __init__(self, store: SharedStore) -> None:
        self._store = store

    def process(self, name: str) -> Iterator[Original]:
        store = self._store.open()
        tombstones = store.tombstones()
        for _, rows in read_pack(store.objects.get(name)):
            verify_digests(rows.column("original"), rows.column("digest"))
            run_dates = rows.column("run_date").to_pylist()
            originals = [row for batch in rows.to_batches() for row in original_rows(batch)]
            for row, run_date in zip(originals, run_dates, strict=True):
                if tombstones.hides(row.digest.hex(), run_date) is None:
                    yield row
