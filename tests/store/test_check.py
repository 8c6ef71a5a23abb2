"""What `check` finds in a store, and what it counts."""

from __future__ import annotations

import pyarrow as pa
import pytest
from helpers.generators import RUN_DATE, STORED, rows_of
from helpers.oracles import digest_of, hash_of, pack_files, problem_kinds

from headroom_beam import OriginalStore
from headroom_beam.errors import IntegrityError
from headroom_beam.store.names import pack_name
from headroom_beam.store.pack import encode_pack


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
def test_a_missing_malformed_or_stray_file_is_found(sound, name, data, kind):
    reader = OriginalStore.open(sound)
    path = sound / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if data is not None:
        path.write_bytes(data)
    assert kind in {problem.kind for problem in reader.check().problems}


def test_check_finds_rows_whose_digest_is_not_that_of_the_original(sound):
    rows = rows_of([b"right"]).drop_columns(["hash"])
    wrong = encode_pack(
        rows.set_column(0, "digest", pa.array([b"\5" * 32], pa.binary(32))), run_date=RUN_DATE
    )
    (sound / pack_name(wrong)).write_bytes(wrong)
    assert problem_kinds(sound) == {"digest"}
    reader = OriginalStore.open(sound)
    assert reader.get_many(["05" * 12]).unresolved == {"05" * 12: "damaged"}
    with pytest.raises(IntegrityError):
        reader.get("05" * 32)


def test_check_finds_an_unknown_version(sound):
    data = pack_files(sound)[0].read_bytes().replace(b"pack_version\x18\x011", b"pack_version\x18\x012")
    (sound / pack_name(data)).write_bytes(data)
    assert problem_kinds(sound) == {"version"}


def test_check_reports_dangling_markers_and_counts_orphans(sound):
    reader = OriginalStore.open(sound)
    report = reader.check(
        hashes=[*map(hash_of, STORED[:100]), *map(digest_of, STORED[90:120]), hash_of(b"gone"), "1" * 24]
    )
    assert [(problem.kind, problem.name) for problem in report.problems] == [("dangling", "1" * 24)]
    assert report.orphan_count == 30
    assert (report.pack_count, report.original_count, report.copy_count) == (2, 150, 170)
    assert report.original_bytes == sum(map(len, STORED)) + sum(map(len, STORED[80:100]))
    assert (report.uncovered_pack_count, report.leftover_count) == (1, 0)
