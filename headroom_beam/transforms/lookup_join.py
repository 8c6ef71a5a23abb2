"""Looks up hashes by a join, which brings the hashes to the packs.

The digest columns of all packs are matched with the hashes, bucket by bucket. Then each pack that has any of
them is read once, from end to end. Only hashes and digests are shuffled; originals go straight from their
pack to the output.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.transforms.window import GlobalWindow
from apache_beam.typehints import typehints

from headroom_beam.errors import IntegrityError
from headroom_beam.objects.base import ObjectNotFound
from headroom_beam.store.index import index_rows
from headroom_beam.store.pack import read_pack
from headroom_beam.store.resolution import Lookup, Resolution
from headroom_beam.transforms.answers import Asked, answers, hash_of
from headroom_beam.transforms.envelope import Place
from headroom_beam.transforms.metrics import count
from headroom_beam.transforms.shared_store import SharedStore, pack_names

__all__ = ["lookup_by_join"]


class _Candidates(NamedTuple):
    """The digests that match one hash."""

    hash: str
    elements: Sequence[Any]
    """The elements of the input that ask for it."""
    digests: Sequence[bytes]


_JUDGE, _ASK_STORE = "?", "!"
"""First characters of a destination that is no pack: judge by the digests alone, or ask the store."""


def _digests_by_bucket(pack_name: str, store: SharedStore) -> Iterator[tuple[int, tuple[str, bytes | None]]]:
    """Yields a pack's digests in 256 buckets, by their first byte.

    A pack that can't be read yields None for each bucket. The digests of a bucket are joined to one byte
    string, since a Beam element for each digest would cost more than the reads that a join saves.
    """
    try:
        _, digests, _ = index_rows(pack_name, store.open().objects.get(pack_name))
    except (ObjectNotFound, IntegrityError):
        for bucket in range(256):
            yield bucket, (pack_name, None)
        return
    octets = np.frombuffer(digests.tobytes(), np.uint8).reshape(-1, 32)
    edges = np.searchsorted(octets[:, 0], np.arange(257)).tolist()
    for bucket, (start, end) in enumerate(itertools.pairwise(edges)):
        if start < end:
            yield bucket, (pack_name, octets[start:end].tobytes())


def _choose_packs(
    grouped: tuple[int, Mapping[str, Iterable[Any]]],
) -> Iterator[tuple[str, _Candidates]]:
    """Yields each hash of a bucket with its destination.

    If exactly one digest matches, the destination is a pack that holds it. Otherwise the digests alone
    decide, or the store, if a pack couldn't be read.
    """
    bucket, parts = grouped
    asked: defaultdict[str, list[Any]] = defaultdict(list)
    for element in parts["asked"]:
        asked[hash_of(element)].append(element)
    if not asked:
        return
    packs = sorted(pack for pack in parts["packs"] if pack[1] is not None)
    all_read = all(data is not None for _, data in parts["packs"])
    owners = np.repeat(np.arange(len(packs)), [len(data) // 32 for _, data in packs])
    digests = np.frombuffer(b"".join(data for _, data in packs), "S32")
    order = np.argsort(digests, kind="stable")
    octets = digests[order].view(np.uint8).reshape(-1, 32)
    prefixes = {
        width: np.ascontiguousarray(octets[:, :width]).view(f"S{width}").ravel() for width in (12, 32)
    }
    for hash_, elements in asked.items():
        prefix = bytes.fromhex(hash_)
        column, wanted = prefixes[len(prefix)], np.array([prefix], f"S{len(prefix)}")
        low, high = (int(np.searchsorted(column, wanted, side)[0]) for side in ("left", "right"))
        found = sorted({row.tobytes() for row in octets[low:high]})
        if len(found) == 1:
            # Every copy is as good. Always taking the first pack leaves fewer packs to read.
            destination = packs[int(owners[order[low:high]].min())][0]
        else:
            destination = f"{_JUDGE if all_read else _ASK_STORE}{bucket:02x}"
        yield destination, _Candidates(hash_, elements, found)


class _ReadPacks(beam.DoFn):
    """Reads each pack once, from end to end, and answers the hashes whose destination it is."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store

    def process(
        self, grouped: tuple[str, Iterable[_Candidates]], timestamp: Any = beam.DoFn.TimestampParam
    ) -> list[Any]:
        destination, candidates = grouped[0], list(grouped[1])
        place = Place(timestamp, (GlobalWindow(),))
        asked = [Asked(element, one.hash, place) for one in candidates for element in one.elements]
        return list(answers(asked, self._look_up(destination, candidates)))

    def _look_up(self, destination: str, candidates: Sequence[_Candidates]) -> Lookup:
        resolution = Resolution(one.hash for one in candidates)
        if destination.startswith(_JUDGE):
            for one in candidates:
                for digest in one.digests:
                    resolution.note(one.hash, digest)
            return self._store.open().judge(resolution)
        if not destination.startswith(_ASK_STORE):
            try:
                for _, rows in read_pack(self._store.open().objects.get(destination)):
                    resolution.add(rows)
            except (ObjectNotFound, IntegrityError):
                # The pack was removed meanwhile, or is damaged. The store looks for copies of the hashes that
                # are still open.
                count("packs_unreadable")
        return self._store.open().resolve(resolution)


def _by_bucket(element: Any) -> tuple[int, Any]:
    return int(hash_of(element)[:2], 16), element


def lookup_by_join(hashes: beam.PCollection, store: SharedStore) -> Any:
    """Answers hashes by a join. They must be valid, bounded and in the global window.

    Returns the outputs `found` and `missing`.
    """
    packs = (
        hashes.pipeline
        | "Start" >> beam.Impulse()
        | "Packs" >> beam.FlatMap(pack_names, store).with_output_types(str)
        | "SpreadPacks" >> beam.Reshuffle()
        | "Digests"
        >> beam.FlatMap(_digests_by_bucket, store).with_output_types(
            typehints.KV[int, typehints.Tuple[str, typehints.Optional[bytes]]]
        )
    )
    asked = hashes | "Bucket" >> beam.Map(_by_bucket).with_output_types(
        typehints.KV[int, hashes.element_type]
    )
    return (
        {"packs": packs, "asked": asked}
        | "Match" >> beam.CoGroupByKey()
        | "Choose" >> beam.FlatMap(_choose_packs).with_output_types(typehints.KV[str, typehints.Any])
        | "ByPack" >> beam.GroupByKey()
        | "Read" >> beam.ParDo(_ReadPacks(store)).with_outputs("missing", main="found")
    )
