"""Names made of content, and the file that says which version a store has."""

from __future__ import annotations

import pytest
from helpers.oracles import Counting

from headroom_beam import OriginalStore
from headroom_beam.errors import (
    FormatError,
)
from headroom_beam.store import names


def test_a_store_of_another_version_is_refused_before_anything_is_read(tmp_path):
    others = [f'{{"version": {version}, "digest": "sha256"}}' for version in ("2", "true", "1.0", '"1"')]
    for text in (*others, '{"version": 1, "digest": "blake3"}', "{}", "", "[]", "[" * 100_000):
        (tmp_path / "store.json").write_text(text)
        counting = Counting(str(tmp_path))
        with pytest.raises(FormatError, match=r"store\.json is malformed|this release reads version 1"):
            OriginalStore(counting).get("0" * 24)
        assert counting.reads == ["get store.json"]


def test_the_name_of_an_object_tells_its_folder_and_other_names_have_none():
    assert names.folder_of(names.pack_name(b"x")) == "packs"
    assert names.folder_of(names.index_name(b"x")) == "index"
    assert names.folder_of(names.tombstone_name(b"x")) == "tombstones"
    for name in (
        "packs/x.parquet",
        "packs/" + "0" * 64,
        "index/" + "0" * 64 + ".parquet",
        "store.json",
        "packs/" + "G" * 64 + ".parquet",
    ):
        assert names.folder_of(name) is None
