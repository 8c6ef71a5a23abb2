"""Steps of the join: digests go to buckets, hashes to packs, and unanswered hashes to the store."""

from helpers.generators import RUN_DATE, rows_of, some_originals
from helpers.oracles import digest_of, hash_of

from headroom_beam.store.store import OriginalStore, StoreSize
from headroom_beam.transforms.lookup_join import _choose_packs, _digests_by_bucket, _ReadPacks
from headroom_beam.transforms.lookup_originals import join_is_faster
from headroom_beam.transforms.shared_store import SharedStore


def chosen(packs, asked):
    return dict(_choose_packs((7, {"packs": packs, "asked": asked})))


def test_every_digest_of_a_pack_is_in_the_bucket_of_its_first_byte(tmp_path):
    texts = some_originals(1000, size_bytes=50)
    [name] = OriginalStore.open(tmp_path).put_many(rows_of(texts), run_date=RUN_DATE)
    buckets = dict(_digests_by_bucket(name, SharedStore(str(tmp_path), create=False)))
    found = []
    for bucket, (pack_name, digests) in buckets.items():
        assert pack_name == name
        cut = [digests[start : start + 32] for start in range(0, len(digests), 32)]
        assert {digest[0] for digest in cut} == {bucket}
        found += cut
    assert sorted(digest.hex() for digest in found) == sorted(map(digest_of, texts))


def test_a_pack_that_cannot_be_read_is_announced_in_every_bucket(tmp_path):
    OriginalStore.open(tmp_path)
    gone = f"packs/{'0' * 64}.parquet"
    assert list(_digests_by_bucket(gone, SharedStore(str(tmp_path), create=False))) == [
        (bucket, (gone, None)) for bucket in range(256)
    ]


def test_hashes_with_copies_in_several_packs_choose_the_same_pack():
    digests = [bytes([7, number]) + bytes(30) for number in range(3)]
    packs = [("b", b"".join(digests)), ("a", b"".join(digests))]
    places = _choose_packs((7, {"packs": packs, "asked": [digest.hex()[:24] for digest in digests]}))
    assert [place for place, _ in places] == ["a", "a", "a"]


def test_digests_that_end_in_zeros_are_told_apart():
    # numpy takes trailing zero bytes of a string for padding, but a digest may end in them.
    short, longer = bytes([7]) * 12 + bytes(20), bytes([7]) * 11 + bytes(21)
    places = chosen([("a", longer), ("b", short)], [short.hex(), longer.hex(), longer.hex()[:24]])
    assert {place: one.digests for place, one in places.items()} == {"b": [short], "a": [longer]}


def test_two_digests_with_one_hash_are_ambiguous_and_the_whole_digest_is_not(tmp_path):
    first, second = (bytes([7]) * 12 + bytes([number]) * 20 for number in (1, 2))
    packs = [("a", first), ("b", second)]
    [(place, candidates)] = chosen(packs, [("key", first.hex()[:24])]).items()
    assert (place, candidates.digests) == ("?07", [first, second])
    OriginalStore.open(tmp_path)
    lookup = _ReadPacks(SharedStore(str(tmp_path), create=False))._look_up(place, [candidates])
    assert dict(lookup.unresolved) == {first.hex()[:24]: "ambiguous"}
    assert list(chosen(packs, [second.hex()])) == ["b"]


def test_a_hash_that_no_readable_pack_has_goes_to_the_store_when_a_pack_is_unreadable():
    assert list(chosen([("a", None)], ["07" * 12])) == ["!07"]
    assert list(chosen([], ["07" * 12])) == ["?07"]
    assert list(chosen([("a", bytes(32))], [])) == []


def test_an_original_of_a_missing_pack_is_read_from_another(tmp_path):
    texts = some_originals(5)
    store = OriginalStore.open(tmp_path)
    [gone] = store.put_many(rows_of(texts[:4]), run_date=RUN_DATE)
    store.put_many(rows_of(texts), run_date=RUN_DATE)
    (tmp_path / gone).unlink()
    reader = _ReadPacks(SharedStore(str(tmp_path), create=False))
    candidates = [
        one for _, one in _choose_packs((0, {"packs": [], "asked": [hash_of(text) for text in texts]}))
    ]
    lookup = reader._look_up(gone, candidates)
    assert sorted(lookup.found.column("original").to_pylist()) == sorted(texts)


def test_an_original_that_only_an_index_knows_is_damaged_in_the_join_too(tmp_path):
    [text] = some_originals(1)
    store = OriginalStore.open(tmp_path)
    [gone] = store.put_many(rows_of([text]), run_date=RUN_DATE)
    store.write_index()
    (tmp_path / gone).unlink()
    [(place, candidates)] = chosen([], [hash_of(text)]).items()
    lookup = _ReadPacks(SharedStore(str(tmp_path), create=False))._look_up(place, [candidates])
    assert dict(lookup.unresolved) == {hash_of(text): "damaged"}


def test_a_join_pays_for_many_hashes_and_the_more_so_the_slower_the_storage():
    size = StoreSize(pack_count=100, group_count=20_000, pack_file_bytes=600_000_000)

    def fewest(request_s: float) -> int:
        return next(
            count for count in range(0, 10**6, 256) if join_is_faster(count, size, request_s=request_s)
        )

    assert 0 < fewest(0.05) < fewest(0.00005) < 10**6
    assert not join_is_faster(0, StoreSize(0, 0, 0), request_s=0.05)
