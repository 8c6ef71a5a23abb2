"""A builder of packs: packs of the size asked for, and no original lost."""

from __future__ import annotations

import pytest
from helpers.generators import RUN_DATE, bury, rows_of, some_originals
from helpers.oracles import hash_of, originals_in

from headroom_beam import OriginalStore
from headroom_beam.errors import LimitExceeded
from headroom_beam.store import pack, pack_builder, store
from headroom_beam.store.pack import encode_pack, verify_pack
from headroom_beam.store.pack_builder import PackBuilder


def test_a_builder_gives_packs_of_the_size_asked_for_and_loses_nothing():
    texts = some_originals(400, size_bytes=1000)
    builder = PackBuilder(run_date=RUN_DATE, pack_bytes=50_000)
    packs = []
    for start in range(0, 400, 7):
        packs += builder.add(rows_of(texts[start : start + 7]))
    packs += builder.finish()
    assert [text for data in packs for text in originals_in(data)] != texts
    assert sorted(text for data in packs for text in originals_in(data)) == sorted(texts)
    sizes = [verify_pack(data).original_bytes for data in packs]
    assert all(50_000 <= size < 60_000 for size in sizes[:-1])
    assert list(builder.finish()) == []
    with pytest.raises(ValueError, match="pack_bytes"):
        PackBuilder(run_date=RUN_DATE, pack_bytes=0)


def test_repeated_originals_do_not_fill_a_pack():
    texts = some_originals(10, size_bytes=1000)
    builder = PackBuilder(run_date=RUN_DATE, pack_bytes=50_000)
    assert [full for _ in range(40) for full in builder.add(rows_of(texts))] == []
    (data,) = builder.finish()
    assert sorted(originals_in(data)) == sorted(texts)


def test_far_more_rows_than_a_pack_holds_become_several_packs(monkeypatch):
    texts = some_originals(400, size_bytes=1000)
    sizes = [verify_pack(data).original_bytes for data in packs_of(texts, pack_bytes=50_000)]
    assert len(sizes) == 9
    assert max(sizes) < 1.2 * min(sizes)
    monkeypatch.setattr(pack_builder, "PACK_ROWS", 64)
    counts = [verify_pack(data).row_count for data in packs_of(texts, pack_bytes=1 << 30)]
    assert (sum(counts), len(counts)) == (400, 6)
    assert max(counts) <= 68
    monkeypatch.setattr(pack, "MAX_PACK_ROWS", 399)
    with pytest.raises(LimitExceeded, match="400 originals are over max_pack_rows 399"):
        encode_pack(rows_of(texts), run_date=RUN_DATE)


def packs_of(texts: list[bytes], *, pack_bytes: int) -> list[bytes]:
    builder = PackBuilder(run_date=RUN_DATE, pack_bytes=pack_bytes)
    packs = [*builder.add(rows_of(texts)), *builder.finish()]
    assert sorted(text for data in packs for text in originals_in(data)) == sorted(texts)
    return packs


def test_refused_digests_are_left_out_and_counted():
    table = rows_of([b"a", b"b", b"c"])
    builder = PackBuilder(run_date=RUN_DATE, refused=lambda digests: digests == digests[1])
    assert list(builder.add(table)) == []
    (data,) = builder.finish()
    assert sorted(originals_in(data)) == [b"a", b"c"]
    assert builder.refused_count == 1


def test_a_long_running_builder_refuses_originals_that_were_erased_meanwhile(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(store.time, "monotonic", lambda: now[0])
    writer = OriginalStore.open(tmp_path)
    builder = writer.pack_builder(run_date=RUN_DATE)
    bury(writer, b"[1]", "erased")
    now[0] += store.REFRESH_S
    assert list(builder.add(rows_of([b"[1]", b"[2]"]))) == []
    for full in builder.finish():
        writer.put_pack(full)
    assert builder.refused_count == 1
    assert writer.get_many([hash_of(b"[1]"), hash_of(b"[2]")]).unresolved == {hash_of(b"[1]"): "erased"}


def test_a_builder_refuses_originals_that_were_erased_before_it_began(tmp_path):
    writer = OriginalStore.open(tmp_path)
    writer.put_many(rows_of([b"[1]"]), run_date=RUN_DATE)
    bury(writer, b"[1]", "erased")
    builder = writer.pack_builder(run_date=RUN_DATE)
    assert list(builder.add(rows_of([b"[1]"]))) == list(builder.finish()) == []
    assert builder.refused_count == 1
