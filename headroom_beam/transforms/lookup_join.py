"""Looking up hashes inside a pipeline: by point reads, or by a join that brings the hashes to the packs.

A *point read* asks the store for a hash and decodes one row group of at most 128 rows. A *join* matches the digest
columns of all packs with the hashes, bucket by bucket, and then reads each pack that has any of them once, from end to
end. Only hashes and digests are shuffled; originals go straight from their pack to the output.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindow
from apache_beam.typehints import typehints

from headroom_beam.errors import IntegrityError, InvalidHash
from headroom_beam.objects.base import ObjectNotFound
from headroom_beam.records import Original, check_hash, original_rows, register_schemas
from headroom_beam.store.index import index_rows
from headroom_beam.store.lookup import plan_lookup
from headroom_beam.store.pack import read_pack
from headroom_beam.store.resolution import Lookup, Resolution
from headroom_beam.store.store import StoreSize
from headroom_beam.transforms.envelope import METRICS_NAMESPACE, Place, SharedStore

__all__ = ["Missing", "hash_of", "is_hash", "join", "join_is_faster", "pack_names", "points"]

_POINT_HASHES = 256
"""Hashes of one bundle that are looked up together: their originals are in memory at the same time."""

JOIN_S = 0.4
"""What a join takes beside reading packs: its three shuffles and 256 buckets, in seconds of one core."""


class Missing(NamedTuple):
    """A hash without an original, and why."""

    hash: str
    reason: str
    """`missing` (never stored here), `expired`, `erased`, `ambiguous` (two originals share it; ask by the full digest),
    `damaged` (stored, but no copy is readable) or `invalid` (not a hash)."""


register_schemas(Missing)


class _Asked(NamedTuple):
    """A hash that waits for its batch, with all that is needed to answer it as if it had not waited."""

    element: Any
    hash: str
    place: Place


def hash_of(element: Any) -> str:
    """Takes the hash out of `hash` or `(key, hash)`."""
    hash_ = element[1] if isinstance(element, tuple) else element
    if not isinstance(hash_, str):
        raise TypeError(f"a hash is str or (key, str), not {type(hash_).__name__}; map the PCollection to one of these")
    return hash_


def _answer(element: Any, row: Any) -> Any:
    """The row, with the key that the hash was asked with."""
    return (element[0], row) if isinstance(element, tuple) else row


def is_hash(text: str) -> bool:
    """Whether a text is a hash or a digest."""
    try:
        return bool(check_hash(text))
    except InvalidHash:
        return False


class _LookUpPoints(beam.DoFn):
    """Answers hashes by point reads, a bundle's worth at a time."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store

    def start_bundle(self) -> None:
        self._asked: list[_Asked] = []

    def process(
        self, element: Any, timestamp: Any = beam.DoFn.TimestampParam, window: Any = beam.DoFn.WindowParam
    ) -> list[Any] | None:
        self._asked.append(_Asked(element, hash_of(element), Place(timestamp, (window,))))
        return self._flush() if len(self._asked) >= _POINT_HASHES else None

    def finish_bundle(self) -> list[Any]:
        return self._flush()

    def _flush(self) -> list[Any]:
        asked, self._asked = self._asked, []
        lookup = self._store.open().get_many({one.hash for one in asked if is_hash(one.hash)}) if asked else None
        return [] if lookup is None else list(_answers(asked, lookup))


def _answers(asked: Iterable[_Asked], lookup: Lookup) -> Iterator[Any]:
    """Every answer in the window of its question."""
    originals = {row.hash: row for row in _rows(lookup.found)}
    for element, hash_, place in asked:
        row: Original | Missing | None = originals.get(hash_)
        if row is None:
            row = Missing(hash_, lookup.unresolved.get(hash_, "invalid"))
            Metrics.counter(METRICS_NAMESPACE, f"lookups_{row.reason}").inc()
            yield TaggedOutput("missing", place.put(_answer(element, row)))
        else:
            Metrics.counter(METRICS_NAMESPACE, "lookups_found").inc()
            yield place.put(_answer(element, row))


def _rows(table: pa.Table) -> list[Original]:
    return [row for batch in table.to_batches() for row in original_rows(batch)]


class _Candidates(NamedTuple):
    """What matching the digest columns found for one hash."""

    hash: str
    elements: Sequence[Any]
    """The elements of the input that ask for it."""
    digests: Sequence[bytes]


_JUDGE, _ASK_STORE = "?", "!"
"""First characters of what stands in place of a pack's name where no pack is to be read."""


def _digests_by_bucket(pack_name: str, store: SharedStore) -> Iterator[tuple[int, tuple[str, bytes | None]]]:
    """Cuts a pack's digests into 256 buckets by their first byte; None for each bucket of a pack that can't be read.

    They travel as numpy bytes: a Beam element for each digest would cost more than the reads that a join saves.
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
    """Sends each hash of a bucket to the one pack to read it from, or to be judged from what was seen."""
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
    beginnings = {width: np.ascontiguousarray(octets[:, :width]).view(f"S{width}").ravel() for width in (12, 32)}
    for hash_, elements in asked.items():
        prefix = bytes.fromhex(hash_)
        column, wanted = beginnings[len(prefix)], np.array([prefix], f"S{len(prefix)}")
        low, high = (int(np.searchsorted(column, wanted, side)[0]) for side in ("left", "right"))
        found = sorted({row.tobytes() for row in octets[low:high]})
        if len(found) == 1:
            # Every copy is as good; one that all hashes of a bucket agree on makes for fewer packs to read.
            place = packs[int(owners[order[low:high]].min())][0]
        else:
            place = f"{_JUDGE if all_read else _ASK_STORE}{bucket:02x}"
        yield place, _Candidates(hash_, elements, found)


class _ReadPacks(beam.DoFn):
    """Reads each pack once, from end to end, and answers the hashes that were brought to it."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store

    def process(
        self, grouped: tuple[str, Iterable[_Candidates]], timestamp: Any = beam.DoFn.TimestampParam
    ) -> list[Any]:
        place, candidates = grouped[0], list(grouped[1])
        place_out = Place(timestamp, (GlobalWindow(),))
        asked = [_Asked(element, one.hash, place_out) for one in candidates for element in one.elements]
        return list(_answers(asked, self._look_up(place, candidates)))

    def _look_up(self, place: str, candidates: Sequence[_Candidates]) -> Lookup:
        resolution = Resolution(one.hash for one in candidates)
        if place.startswith(_JUDGE):
            for one in candidates:
                for digest in one.digests:
                    resolution.note(one.hash, digest)
            return self._store.open().judge(resolution)
        if not place.startswith(_ASK_STORE):
            try:
                for _, rows in read_pack(self._store.open().objects.get(place)):
                    resolution.add(rows)
            except (ObjectNotFound, IntegrityError):
                # Compacted away meanwhile, or damaged: what is still open may have a copy elsewhere, for the store to
                # find.
                Metrics.counter(METRICS_NAMESPACE, "packs_unreadable").inc()
        return self._store.open().resolve(resolution)


def pack_names(_: Any, store: SharedStore) -> list[str]:
    """Lists the packs of a store, when the pipeline runs."""
    return store.open().pack_names()


def _by_bucket(element: Any) -> tuple[int, Any]:
    return int(hash_of(element)[:2], 16), element


def join_is_faster(hash_count: int, size: StoreSize, *, request_s: float) -> bool:
    """Whether a join is expected to take less time than point reads.

    Points decode the row groups that a batch of hashes touches, batch by batch, so that their cost grows with the
    number of hashes. A join reads every pack for its digests and, at worst, every pack again, whatever the number.

    Args:
        hash_count: hashes to look up.
        size: of the store.
        request_s: how long a ranged read of the store takes before its first byte.

    >>> size = StoreSize(pack_count=10, group_count=470, pack_file_bytes=15_000_000)
    >>> [join_is_faster(count, size, request_s=0.00005) for count in (1, 300, 3000)]
    [False, False, True]
    """
    batches, rest = divmod(hash_count, _POINT_HASHES)
    plan = plan_lookup(_POINT_HASHES, size, request_s=request_s)
    points_s = batches * plan.points_s + plan_lookup(rest, size, request_s=request_s).points_s
    return points_s > JOIN_S + 2 * plan.scan_s


def points(hashes: beam.PCollection, store: SharedStore) -> Any:
    """Answers hashes by point reads, bounded or not, in any window; `found` and `missing`."""
    return hashes | "Points" >> beam.ParDo(_LookUpPoints(store)).with_outputs("missing", main="found")


def join(hashes: beam.PCollection, store: SharedStore) -> Any:
    """Answers hashes, all of them valid, bounded and in the global window, by a join; `found` and `missing`."""
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
    asked = hashes | "Bucket" >> beam.Map(_by_bucket).with_output_types(typehints.KV[int, hashes.element_type])
    return (
        {"packs": packs, "asked": asked}
        | "Match" >> beam.CoGroupByKey()
        | "Choose" >> beam.FlatMap(_choose_packs).with_output_types(typehints.KV[str, typehints.Any])
        | "ByPack" >> beam.GroupByKey()
        | "Read" >> beam.ParDo(_ReadPacks(store)).with_outputs("missing", main="found")
    )
