"""`LookupOriginals`: from hashes to originals."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms import combiners
from apache_beam.transforms.window import GlobalWindows
from apache_beam.typehints.decorators import no_annotations

from headroom_beam.objects.open import open_objects
from headroom_beam.records import Original
from headroom_beam.store.lookup import plan_lookup
from headroom_beam.store.snapshot import StoreSize
from headroom_beam.transforms.answers import Missing, hash_of, is_hash
from headroom_beam.transforms.envelope import row_type, typed
from headroom_beam.transforms.lookup_join import lookup_by_join
from headroom_beam.transforms.lookup_points import POINT_HASHES, lookup_by_points
from headroom_beam.transforms.metrics import count
from headroom_beam.transforms.shared_store import SharedStore

__all__ = ["LookupOriginals", "LookupResult", "Strategy", "join_is_faster"]

Strategy: TypeAlias = Literal["auto", "point", "join"]

JOIN_S = 0.4
"""What a join takes beside reading packs: its three shuffles and 256 buckets, in seconds of one core."""


class LookupResult(NamedTuple):
    """What looking up gives: every element of the input is in one of the two, with its key if it has one."""

    found: beam.PCollection
    """`Original` rows, their bytes verified, `hash` as it was asked."""
    missing: beam.PCollection
    """`Missing` rows."""


def join_is_faster(hash_count: int, size: StoreSize, *, request_s: float) -> bool:
    """Whether a join is expected to take less time than point reads.

    Points decode the row groups that a batch of hashes touches, batch by batch, so that their cost grows with
    the number of hashes. A join reads every pack for its digests and, at worst, every pack again, whatever
    the number.

    Args:
        hash_count: hashes to look up.
        size: of the store.
        request_s: how long a ranged read of the store takes before its first byte.

    >>> size = StoreSize(pack_count=10, group_count=470, pack_file_bytes=15_000_000)
    >>> [join_is_faster(count, size, request_s=0.00005) for count in (1, 300, 3000)]
    [False, False, True]
    """
    batches, rest = divmod(hash_count, POINT_HASHES)
    plan = plan_lookup(POINT_HASHES, size, request_s=request_s)
    points_s = batches * plan.points_s + plan_lookup(rest, size, request_s=request_s).points_s
    return points_s > JOIN_S + 2 * plan.scan_s


class _Route(beam.DoFn):
    """Sends hashes to the way that is expected to be faster for their number.

    What isn't a hash goes to the points.
    """

    def __init__(self, store: SharedStore, strategy: Strategy) -> None:
        self._store = store
        self._strategy = strategy

    def start_bundle(self) -> None:
        store = self._store.open()
        self._size, self._request_s = store.size(), store.objects.request_s

    def process(self, element: Any, hash_count: int) -> Iterator[Any]:
        faster = self._strategy == "join" or join_is_faster(hash_count, self._size, request_s=self._request_s)
        joins = faster and is_hash(hash_of(element))
        count("lookups_join" if joins else "lookups_point")
        yield TaggedOutput("join", element) if joins else element


class LookupOriginals(beam.PTransform):
    """Looks originals up by the hashes in markers.

    The input is a PCollection of hashes, or of `(key, hash)`, where the key says what the original is for. A
    hash has 24 digits as in a marker, or is a whole digest of 64. Every element of the input is answered;
    `.missing` says why an original can't be had, `damaged` and `invalid` hashes among the reasons. A store
    that can't be read fails the bundle.

    Ways (`strategy`):
        point: for each batch of hashes the row groups (128 rows at most) that it touches are read and
            decoded. Works on unbounded input and in any window.
        join: reads the digest column of every pack and then, once, each pack that has any of the hashes.
            Shuffles hashes and digests, and no originals. For bounded input in the global window.
        auto: `point` for unbounded or windowed input. Else it counts the hashes and takes what
            `join_is_faster` expects from their number and the size of the store.

    On a local store of 60,000 originals in 10 packs (200 MB, 15 MB packed, 470 row groups) points took 0.8 ms
    of one core a hash, a join 0.5 s and 0.12 ms a hash, counting 0.3 s: equal at 1000 hashes, 5 to 1 for the
    join at 10,000.

    Args:
        root: root of the store, a local directory or `gs://bucket/prefix`; there must be one.
        strategy: as above.

    Raises:
        ValueError: an unknown strategy or root, or a join of unbounded or windowed input.

    >>> import tempfile
    >>> from headroom_beam import OriginalStore
    >>> root = tempfile.mkdtemp()
    >>> _ = OriginalStore.open(root)
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     looked_up = pipeline | beam.Create([("session-1", "0" * 24)]) | LookupOriginals(root)
    ...     _ = looked_up.missing | beam.MapTuple(lambda key, row: print(key, row.reason))
    session-1 missing
    """

    def __init__(self, root: str, *, strategy: Strategy = "auto") -> None:
        super().__init__()
        if strategy not in get_args(Strategy):
            raise ValueError(f"strategy is {strategy!r}; it is one of {', '.join(get_args(Strategy))}")
        open_objects(root)
        self._root = root
        self._strategy = strategy

    @no_annotations
    def expand(self, hashes: beam.PCollection) -> LookupResult:
        """Looks the hashes up."""
        store = SharedStore(self._root, create=False)
        joinable = hashes.is_bounded and isinstance(hashes.windowing.windowfn, GlobalWindows)
        if self._strategy == "join" and not joinable:
            raise ValueError("strategy 'join' needs bounded input in the global window; use 'point'")
        if self._strategy == "point" or not joinable:
            return self._result(hashes, [lookup_by_points(hashes, store)])
        hash_count = hashes | "Count" >> combiners.Count.Globally()
        routed = hashes | "Route" >> beam.ParDo(
            _Route(store, self._strategy), hash_count=beam.pvalue.AsSingleton(hash_count)
        ).with_outputs("join", main="point")
        routed.point.element_type = routed["join"].element_type = hashes.element_type
        return self._result(
            hashes, [lookup_by_points(routed.point, store), lookup_by_join(routed["join"], store)]
        )

    def _result(self, hashes: beam.PCollection, ways: Sequence[Any]) -> LookupResult:
        results = []
        for tag, row in (("found", Original), ("missing", Missing)):
            parts = [typed(way[tag], row_type(hashes.element_type, row)) for way in ways]
            results.append(parts[0] if len(parts) == 1 else parts | f"Both_{tag}" >> beam.Flatten())
        return LookupResult(*results)

    def display_data(self) -> dict[str, Any]:
        """Names what the runner's page shows."""
        return {"root": self._root, "strategy": self._strategy}
