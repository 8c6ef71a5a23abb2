"""The damage catalogue: a lookup gives the right original or an error, and check finds what is wrong."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from helpers.faults import Faulty
from helpers.generators import RUN_DATE, rows_of, some_originals
from helpers.oracles import digest_of, hash_of

from headroom_beam import OriginalStore
from headroom_beam.errors import CorruptPack, DigestMismatch, HeadroomBeamError, IntegrityError, StoreError
from headroom_beam.objects.base import ObjectNotFound
from headroom_beam.store import store
from headroom_beam.store.index import Index
from headroom_beam.store.lookup import lookup_many
from headroom_beam.store.names import index_name, pack_name, tombstone_name
from headroom_beam.store.pack import PackFooter, encode_pack, verify_pack
from headroom_beam.store.pages import walk_pages
from headroom_beam.store.resolution import Resolution
from headroom_beam.store.tombstones import Tombstone, encode_tombstones

TEXTS = some_originals(150, size_bytes=200)
LONG = bool(os.environ.get("HEADROOM_BEAM_LONG"))


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A store with two packs, an index over one of them, and a tombstone."""
    writer = OriginalStore.open(tmp_path)
    first = writer.put_many(rows_of(TEXTS[:100]), run_date=RUN_DATE)
    writer.write_index(first)
    writer.put_many(rows_of(TEXTS[80:]), run_date=RUN_DATE)
    data = encode_tombstones([Tombstone(digest_of(b"gone"), "erased", RUN_DATE)])
    writer.objects.put_if_absent(tombstone_name(data), data)
    assert writer.check(hashes=[*map(hash_of, TEXTS), hash_of(b"gone")]).problems == ()
    return tmp_path


def packs(root: Path) -> list[Path]:
    return sorted((root / "packs").iterdir())


def kinds(root: Path, **options) -> set[str]:
    return {problem.kind for problem in OriginalStore.open(root).check(**options).problems}


def right_or_error(root: Path) -> dict[str, int]:
    """Looks everything up, one by one and at once; counts what came back, which is never anything wrong."""
    seen = {"found": 0, "error": 0}
    reader = OriginalStore.open(root)
    for text in TEXTS[::7]:
        try:
            assert reader.get(hash_of(text)) == text
            seen["found"] += 1
        except HeadroomBeamError:
            seen["error"] += 1
    for lookup in (reader.get_many(map(hash_of, TEXTS)), reader.scan(Resolution(map(hash_of, TEXTS)))):
        by_hash = {hash_of(text): text for text in TEXTS}
        for row in lookup.found.to_pylist():
            assert by_hash[row["hash"]] == row["original"]
        assert lookup.found.num_rows + len(lookup.unresolved) == len(TEXTS)
    return seen


def test_a_flipped_bit_anywhere_in_a_pack_is_found_and_never_gives_a_wrong_original(tmp_path):
    texts = TEXTS[:40]
    data = encode_pack(rows_of(texts), run_date=RUN_DATE)
    by_hash = {hash_of(text): text for text in texts}
    OriginalStore.open(tmp_path)
    (tmp_path / "packs").mkdir()
    file = tmp_path / pack_name(data)
    step = 1 if LONG else 97
    source = random.Random(7)
    for at in range(source.randrange(step), len(data) * 8, step):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        file.write_bytes(flipped)
        # A flip in what nothing depends on, such as the name of the writer in the footer, is found by the
        # name alone.
        reader = OriginalStore.open(tmp_path)
        assert {problem.kind for problem in reader.check().problems} >= {"name"}
        lookup = reader.get_many(by_hash)
        for row in lookup.found.to_pylist():
            assert by_hash[row["hash"]] == row["original"], f"bit {at}"
        assert set(lookup.unresolved.values()) <= {"damaged"}, f"bit {at}"


def test_a_flipped_bit_in_the_data_of_a_page_is_found_without_the_name():
    data = encode_pack(rows_of(TEXTS[:40]), run_date=RUN_DATE)
    group = PackFooter(data, len(data)).metadata.row_group(0)
    page_data = set()
    for column in map(group.column, range(group.num_columns)):
        start = column.dictionary_page_offset or column.data_page_offset
        for page in walk_pages(memoryview(data)[start : start + column.total_compressed_size]):
            header = column.total_compressed_size - page.compressed_bytes
            page_data |= (
                set(range(start + header, start + column.total_compressed_size)) if header < 120 else set()
            )
    assert len(page_data) > 3000
    for at in range(32, len(data) * 8, 53):
        if at // 8 not in page_data:
            continue
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises((CorruptPack, DigestMismatch)):
            verify_pack(bytes(flipped))


@pytest.mark.parametrize("keep", [0, 3, 4, 100, 0.5, -1, -8])
def test_a_truncated_pack_is_found(sound, keep):
    file = packs(sound)[0]
    data = file.read_bytes()
    file.write_bytes(
        data[: int(len(data) * keep) if isinstance(keep, float) else keep or None] if keep else b""
    )
    assert {"name", "corrupt"} <= kinds(sound)
    right_or_error(sound)


def test_swapped_packs_are_found_and_right_originals_come_out_or_none(sound):
    one, two = packs(sound)
    one.rename(sound / "x")
    two.rename(one)
    (sound / "x").rename(two)
    assert {"name"} <= kinds(sound)
    right_or_error(sound)


def test_a_pack_under_a_wrong_name_is_found(sound):
    data = packs(sound)[0].read_bytes()
    (sound / "packs" / ("0" * 64 + ".parquet")).write_bytes(data)
    assert kinds(sound) == {"name"}
    assert right_or_error(sound)["error"] == 0


def test_a_lost_pack_is_found_by_the_index_or_by_markers(sound):
    for file in packs(sound):
        moved = shutil.move(file, sound.parent / "aside.parquet")
        covered = file.name in {pack.name.rpartition("/")[2] for pack in index_of(sound)[1].packs}
        assert kinds(sound) == ({"lost"} if covered else set())
        assert kinds(sound, hashes=map(hash_of, TEXTS)) == {"dangling", *(["lost"] if covered else [])}
        right_or_error(sound)
        shutil.move(moved, file)


def index_of(root: Path) -> tuple[Path, Index]:
    (file,) = (root / "index").iterdir()
    return file, Index.decode(file.read_bytes())


def test_a_damaged_index_is_found_and_lookups_do_without_it(sound):
    file, _ = index_of(sound)
    data = file.read_bytes()
    for at in range(0, len(data), 211):
        flipped = bytearray(data)
        flipped[at] ^= 4
        file.write_bytes(flipped)
        assert kinds(sound) == {"index"}
        assert OriginalStore.open(sound).get_many(map(hash_of, TEXTS)).unresolved == {}
    assert right_or_error(sound)["error"] == 0


def test_an_index_that_lies_is_found_and_gives_no_wrong_original(sound):
    file, index = index_of(sound)
    file.unlink()
    lies = {
        "shifted": Index(index.packs, index.digests, index.pack_ids, (index.groups + 1).astype("<u4")),
        "short": Index(index.packs, index.digests[1:], index.pack_ids[1:], index.groups[1:]),
    }
    for lie in lies.values():
        data = lie.encode()
        (sound / index_name(data)).write_bytes(data)
        assert kinds(sound) == {"index"}
        right_or_error(sound)
        (sound / index_name(data)).unlink()


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("store.json", b"{}", "store"),
        ("store.json", None, "store"),
        ("packs/notes.txt", b"x", "stray"),
        ("packs/part-00000.parquet", b"x", "stray"),
        ("other/file", b"x", "stray"),
        ("tombstones/" + "0" * 64 + ".jsonl", b"{}\n", "tombstone"),
        ("index/" + "0" * 64 + ".index", b"", "index"),
        ("packs/" + "0" * 64 + ".parquet", b"", "name"),
    ],
)
def test_what_does_not_belong_is_found(sound, name, data, kind):
    reader = OriginalStore.open(sound)
    path = sound / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if data is not None:
        path.write_bytes(data)
    assert kind in {problem.kind for problem in reader.check().problems}


def test_check_finds_rows_that_are_not_what_they_say(sound):
    rows = rows_of([b"right"]).drop_columns(["hash"])
    wrong = encode_pack(
        rows.set_column(0, "digest", pa.array([b"\5" * 32], pa.binary(32))), run_date=RUN_DATE
    )
    (sound / pack_name(wrong)).write_bytes(wrong)
    assert kinds(sound) == {"digest"}
    reader = OriginalStore.open(sound)
    assert reader.get_many(["05" * 12]).unresolved == {"05" * 12: "damaged"}
    with pytest.raises(IntegrityError):
        reader.get("05" * 32)


def test_check_finds_a_version_that_it_does_not_know(sound):
    data = packs(sound)[0].read_bytes().replace(b"pack_version\x18\x011", b"pack_version\x18\x012")
    (sound / pack_name(data)).write_bytes(data)
    assert kinds(sound) == {"version"}


def test_check_reports_dangling_markers_and_counts_orphans(sound):
    reader = OriginalStore.open(sound)
    report = reader.check(
        hashes=[*map(hash_of, TEXTS[:100]), *map(digest_of, TEXTS[90:120]), hash_of(b"gone"), "1" * 24]
    )
    assert [(problem.kind, problem.name) for problem in report.problems] == [("dangling", "1" * 24)]
    assert report.orphan_count == 30
    assert (report.pack_count, report.original_count, report.copy_count) == (2, 150, 170)
    assert report.original_bytes == sum(map(len, TEXTS)) + sum(map(len, TEXTS[80:100]))
    assert (report.uncovered_pack_count, report.leftover_count) == (1, 0)


def test_a_damaged_copy_does_not_hide_a_good_one(sound):
    index = index_of(sound)[1]
    covered = sound / index.packs[0].name
    covered.write_bytes(covered.read_bytes()[:-5000] + b"\0" * 5000)
    reader = OriginalStore.open(sound)
    for text in TEXTS[80:100]:
        assert reader.get(hash_of(text)) == text
    assert set(reader.get_many(map(hash_of, TEXTS[:80])).unresolved.values()) == {"damaged"}
    assert reader.get_many(["2" * 24]).unresolved["2" * 24] in ("missing", "damaged")


# --- reads that go wrong
# ---------------------------------------------------------------------------------------------


def flip(name: str, data: bytes) -> bytes:
    if "packs" not in name:
        return data
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 16]) + data[len(data) // 2 + 1 :]


def test_a_backend_that_flips_bits_gives_no_wrong_original(sound):
    reader = OriginalStore(Faulty(str(sound), flip))
    lookup = reader.get_many(map(hash_of, TEXTS))
    assert set(lookup.unresolved.values()) | {"damaged"} == {"damaged"}
    for row in lookup.found.to_pylist():
        assert hash_of(row["original"]) == row["hash"]
    assert {problem.kind for problem in reader.check().problems} >= {"name"}


def test_a_backend_that_reads_short_is_noticed(sound):
    reader = OriginalStore(Faulty(str(sound), lambda name, data: data[:-1] if "packs" in name else data))
    assert set(reader.get_many(map(hash_of, TEXTS)).unresolved.values()) == {"damaged"}


def test_a_read_that_fails_is_an_error_and_not_an_answer(sound):
    failures = [1]

    def fail_once(name, data):
        if "packs" in name and failures:
            failures.pop()
            raise StoreError("read failed", retryable=True)
        return data

    reader = OriginalStore(Faulty(str(sound), fail_once))
    with pytest.raises(StoreError, match="read failed"):
        reader.get(hash_of(TEXTS[0]))
    assert reader.get(hash_of(TEXTS[0])) == TEXTS[0]


def test_a_pack_that_comes_and_goes_is_never_a_wrong_answer(sound):
    def vanish(name, data):
        if "packs" in name:
            raise ObjectNotFound("gone")
        return data

    reader = OriginalStore(Faulty(str(sound), vanish))
    assert set(lookup_many(reader, map(hash_of, TEXTS)).unresolved.values()) == {"damaged"}


def test_an_old_view_does_not_outlive_its_time(sound, monkeypatch):
    reader = OriginalStore.open(sound)
    assert reader.size().pack_count == 2
    OriginalStore.open(sound).put_many(rows_of([b"more"]), run_date=RUN_DATE + dt.timedelta(days=1))
    assert reader.size().pack_count == 2
    monkeypatch.setattr(store, "REFRESH_S", 0.0)
    assert reader.size().pack_count == 3
