"""Each hash gets its original or the one right reason why not (G5)."""

from __future__ import annotations

import pyarrow as pa
import pytest
from helpers.generators import RUN_DATE, rows_of, some_originals
from helpers.oracles import hash_of

from headroom_beam import OriginalStore
from headroom_beam.errors import (
    AmbiguousHash,
    IntegrityError,
    OriginalExpired,
    OriginalNotFound,
)
from headroom_beam.store import schema
from headroom_beam.store.resolution import Resolution, resolution_error


def test_an_original_in_a_lost_pack_is_not_called_never_stored_if_an_index_knows_it(tmp_path):
    texts = some_originals(20)
    writer = OriginalStore.open(tmp_path)
    lost, kept = (writer.put_many(rows_of(part), run_date=RUN_DATE)[0] for part in (texts[:10], texts[10:]))
    writer.write_index()
    reader = OriginalStore.open(tmp_path)
    reader.get(hash_of(texts[0]))
    (tmp_path / lost).unlink()
    assert reader.get_many([hash_of(texts[0]), "0" * 24]).unresolved == {
        hash_of(texts[0]): "damaged",
        "0" * 24: "missing",
    }
    assert reader.get(hash_of(texts[10])) == texts[10]
    assert {problem.kind for problem in writer.check().problems} == {"lost"}
    assert (tmp_path / kept).exists()


def test_an_index_file_without_any_pack_still_tells_lost_from_never_stored(tmp_path):
    texts = some_originals(20)
    writer = OriginalStore.open(tmp_path)
    for part in (texts[:10], texts[10:]):
        [name] = writer.put_many(rows_of(part), run_date=RUN_DATE)
        writer.write_index([name])
        (tmp_path / name).unlink()
    hashes = [*map(hash_of, texts), "0" * 24]
    expected = dict.fromkeys(map(hash_of, texts), "damaged") | {"0" * 24: "missing"}
    for look_up in (OriginalStore.resolve, OriginalStore.scan, OriginalStore.judge):
        assert look_up(OriginalStore.open(tmp_path), Resolution(hashes)).unresolved == expected


@pytest.mark.parametrize("index", [False, True])
def test_two_originals_with_one_hash_are_never_mixed_up(tmp_path, monkeypatch, index):
    # Nobody can find such a pair. So the digest is weakened: all originals have the same hash.
    real = schema.original_digest
    monkeypatch.setattr(schema, "original_digest", lambda original: b"\x07" * 12 + real(original)[:20])
    texts = [b"first", b"second"]
    digests = [schema.original_digest(text).hex() for text in texts]
    table = rows_of(texts)
    table = table.set_column(
        1, "digest", pa.array([bytes.fromhex(digest) for digest in digests], pa.binary(32))
    )
    table = table.set_column(0, "hash", pa.array(["07" * 12] * 2))
    writer = OriginalStore.open(tmp_path)
    names = [writer.put_many(table.slice(at, 1), run_date=RUN_DATE) for at in (0, 1)]
    if index:
        writer.write_index(names[0])
    reader = OriginalStore.open(tmp_path)
    with pytest.raises(AmbiguousHash, match="ask by the full digest"):
        reader.get("07" * 12)
    assert reader.contains("07" * 12)
    assert [reader.get(digest) for digest in digests] == texts
    assert reader.get_many(["07" * 12, digests[1]]).unresolved == {"07" * 12: "ambiguous"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("missing", OriginalNotFound),
        ("expired", OriginalExpired),
        ("erased", OriginalExpired),
        ("ambiguous", AmbiguousHash),
        ("damaged", IntegrityError),
    ],
)
def test_every_status_has_its_error(status, kind):
    error = resolution_error("0" * 24, status)
    assert type(error) is kind
    assert "0" * 24 in str(error)
    assert getattr(error, "reason", status) == status
