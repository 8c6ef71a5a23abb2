"""`LookupOriginals` looks up originals by their hashes."""

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
"""Seconds of one core that a join takes beside reading packs, for its three shuffles and 256 buckets."""


class LookupResult(NamedTuple):
    """The outputs of `LookupOriginals`. Each input element is in one of them, with its key if it has one."""

    found: beam.PCollection
    """`Original` rows with verified bytes; `hash` is as in the input."""
    missing: beam.PCollection
    """`Missing` rows."""


def join_is_faster(hash_count: int, size: StoreSize, *, request_s: float) -> bool:
    """Tells whether a join is expected to take less time than point reads.

    Point reads decode the row groups that hold a batch of hashes, batch by batch, so their cost grows with
    the number of hashes. For any number, a join reads every pack for its digests and, at worst, every pack
    again.

    Args:
        hash_count: number of hashes to look up.
        size: size of the store.
        request_s: seconds that a ranged read of the store takes before its first byte.

    >>> size = StoreSize(pack_count=10, group_count=470, pack_file_bytes=15_000_000)
    >>> [join_is_faster(count, size, request_s=0.00005) for count in (1, 300, 3000)]
    [False, False, True]
    """
    batches, rest = divmod(hash_count, POINT_HASHES)
    plan = plan_lookup(POINT_HASHES, size, request_s=request_s)
    points_s = batches * plan.points_s + plan_lookup(rest, size, request_s=request_s).points_s
    return points_s > JOIN_S + 2 * plan.scan_s


class _Route(beam.DoFn):
    """Routes hashes to the strategy that is expected to be faster for their number.

    An invalid hash goes to point reads.
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
    """Looks up originals by the hashes in markers.

    The input is a PCollection of hashes, or of `(key, hash)`, where the key says what the original is for. A
    hash has 24 digits, as in a marker, or is a whole digest of 64 digits. Every element gets an answer: an
    `Original` row in `.found`, or a `Missing` row with the reason in `.missing`. A store that can't be read
    fails the bundle.

    Strategies:
        point: reads and decodes the row groups (128 rows at most) that hold a batch of hashes. It works on
            unbounded input and in any window.
        join: reads the digest column of every pack, and then, once, each pack that has any of the hashes. It
            shuffles hashes and digests, but no originals. It needs bounded input in the global window.
        auto: is `point` for unbounded or windowed input. For other input it counts the hashes, and chooses
            what `join_is_faster` expects from their number and the size of the store.

    A local store of 60,000 originals in 10 packs (200 MB, 15 MB packed, 470 row groups) shows the costs.
    Point reads took 0.8 ms of one core for each hash. A join took 0.5 s and 0.12 ms for each hash, and
    counting the hashes 0.3 s. They take the same time for 1,000 hashes. For 10,000 the join is five times as
    fast.

    Args:
        root: root of the store, a local directory or `gs://bucket/prefix`; there must be a store.
        strategy: `auto`, `point` or `join`.

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
        """Looks up the hashes."""
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
        """Returns what a runner shows about this step."""
        return {"root": self._root, "strategy": self._strategy}
