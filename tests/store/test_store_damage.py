"""The damage catalogue: a lookup gives the right original or an error (G5), and check finds what is wrong."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from helpers.effort import LONG
from helpers.faults import Faulty
from helpers.generators import RUN_DATE, STORED, rows_of
from helpers.oracles import hash_of, pack_files, problem_kinds

from headroom_beam import OriginalStore
from headroom_beam.errors import HeadroomBeamError, StoreError
from headroom_beam.objects.base import ObjectNotFound
from headroom_beam.store.index import Index
from headroom_beam.store.lookup import lookup_many
from headroom_beam.store.names import index_name, pack_name
from headroom_beam.store.pack import encode_pack
from headroom_beam.store.resolution import Resolution


def right_or_error(root: Path) -> dict[str, int]:
    """Looks originals up, one by one and together, and counts right ones and errors. A wrong one fails."""
    seen = {"found": 0, "error": 0}
    reader = OriginalStore.open(root)
    for text in STORED[::7]:
        try:
            assert reader.get(hash_of(text)) == text
            seen["found"] += 1
        except HeadroomBeamError:
            seen["error"] += 1
    for lookup in (reader.get_many(map(hash_of, STORED)), reader.scan(Resolution(map(hash_of, STORED)))):
        by_hash = {hash_of(text): text for text in STORED}
        for row in lookup.found.to_pylist():
            assert by_hash[row["hash"]] == row["original"]
        assert lookup.found.num_rows + len(lookup.unresolved) == len(STORED)
    return seen


def test_a_flipped_bit_anywhere_in_a_pack_is_found_and_never_gives_a_wrong_original(tmp_path):
    texts = STORED[:40]
    data = encode_pack(rows_of(texts), run_date=RUN_DATE)
    by_hash = {hash_of(text): text for text in texts}
    OriginalStore.open(tmp_path)
    (tmp_path / "packs").mkdir()
    file = tmp_path / pack_name(data)
    step = 1 if LONG else 197
    source = random.Random(7)
    for at in range(source.randrange(step), len(data) * 8, step):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        file.write_bytes(flipped)
        # Some bits matter to no reader, such as those of the writer's name in the footer: only the name of
        # the pack is wrong then.
        reader = OriginalStore.open(tmp_path)
        assert {problem.kind for problem in reader.check().problems} >= {"name"}
        lookup = reader.get_many(by_hash)
        for row in lookup.found.to_pylist():
            assert by_hash[row["hash"]] == row["original"], f"bit {at}"
        assert set(lookup.unresolved.values()) <= {"damaged"}, f"bit {at}"


@pytest.mark.parametrize("keep", [0, 3, 4, 100, 0.5, -1, -8])
def test_a_truncated_pack_is_found(sound, keep):
    file = pack_files(sound)[0]
    data = file.read_bytes()
    file.write_bytes(
        data[: int(len(data) * keep) if isinstance(keep, float) else keep or None] if keep else b""
    )
    assert {"name", "corrupt"} <= problem_kinds(sound)
    right_or_error(sound)


def test_swapped_packs_are_found_and_right_originals_come_out_or_none(sound):
    one, two = pack_files(sound)
    one.rename(sound / "x")
    two.rename(one)
    (sound / "x").rename(two)
    assert {"name"} <= problem_kinds(sound)
    right_or_error(sound)


def test_a_pack_under_a_wrong_name_is_found(sound):
    data = pack_files(sound)[0].read_bytes()
    (sound / "packs" / ("0" * 64 + ".parquet")).write_bytes(data)
    assert problem_kinds(sound) == {"name"}
    assert right_or_error(sound)["error"] == 0


def test_a_lost_pack_is_found_by_the_index_or_by_markers(sound):
    for file in pack_files(sound):
        moved = shutil.move(file, sound.parent / "aside.parquet")
        covered = file.name in {pack.name.rpartition("/")[2] for pack in index_of(sound)[1].packs}
        assert problem_kinds(sound) == ({"lost"} if covered else set())
        assert problem_kinds(sound, hashes=map(hash_of, STORED)) == {
            "dangling",
            *(["lost"] if covered else []),
        }
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
        assert problem_kinds(sound) == {"index"}
        assert OriginalStore.open(sound).get_many(map(hash_of, STORED)).unresolved == {}
    assert right_or_error(sound)["error"] == 0


def test_a_wrong_index_is_found_and_gives_no_wrong_original(sound):
    file, index = index_of(sound)
    file.unlink()
    lies = {
        "shifted": Index(index.packs, index.digests, index.pack_ids, (index.groups + 1).astype("<u4")),
        "short": Index(index.packs, index.digests[1:], index.pack_ids[1:], index.groups[1:]),
    }
    for lie in lies.values():
        data = lie.encode()
        (sound / index_name(data)).write_bytes(data)
        assert problem_kinds(sound) == {"index"}
        right_or_error(sound)
        (sound / index_name(data)).unlink()


def test_a_damaged_copy_does_not_hide_a_good_one(sound):
    index = index_of(sound)[1]
    covered = sound / index.packs[0].name
    covered.write_bytes(covered.read_bytes()[:-5000] + b"\0" * 5000)
    reader = OriginalStore.open(sound)
    for text in STORED[80:100]:
        assert reader.get(hash_of(text)) == text
    assert set(reader.get_many(map(hash_of, STORED[:80])).unresolved.values()) == {"damaged"}
    assert reader.get_many(["2" * 24]).unresolved["2" * 24] in ("missing", "damaged")


def flip(name: str, data: bytes) -> bytes:
    if "packs" not in name:
        return data
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 16]) + data[len(data) // 2 + 1 :]


def test_a_backend_that_flips_bits_gives_no_wrong_original(sound):
    reader = OriginalStore(Faulty(str(sound), flip))
    lookup = reader.get_many(map(hash_of, STORED))
    assert set(lookup.unresolved.values()) | {"damaged"} == {"damaged"}
    for row in lookup.found.to_pylist():
        assert hash_of(row["original"]) == row["hash"]
    assert {problem.kind for problem in reader.check().problems} >= {"name"}


def test_a_backend_that_reads_short_is_noticed(sound):
    reader = OriginalStore(Faulty(str(sound), lambda name, data: data[:-1] if "packs" in name else data))
    assert set(reader.get_many(map(hash_of, STORED)).unresolved.values()) == {"damaged"}


def test_a_read_that_fails_is_an_error_and_not_an_answer(sound):
    failures = [1]

    def fail_once(name, data):
        if "packs" in name and failures:
            failures.pop()
            raise StoreError("read failed", retryable=True)
        return data

    reader = OriginalStore(Faulty(str(sound), fail_once))
    with pytest.raises(StoreError, match="read failed"):
        reader.get(hash_of(STORED[0]))
    assert reader.get(hash_of(STORED[0])) == STORED[0]


def test_a_pack_that_comes_and_goes_is_never_a_wrong_answer(sound):
    def vanish(name, data):
        if "packs" in name:
            raise ObjectNotFound("gone")
        return data

    reader = OriginalStore(Faulty(str(sound), vanish))
    assert set(lookup_many(reader, map(hash_of, STORED)).unresolved.values()) == {"damaged"}
