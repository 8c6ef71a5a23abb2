"""Done-records and manifests: the same values come back, and other bytes are a typed error."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam.errors import FormatError, StoreError
from headroom_beam.files.manifest import (
    MANIFEST,
    OTHER_TOOLS,
    TOOLS,
    CompactedPart,
    Manifest,
    PartMember,
    ShardResult,
    StoredPack,
    Totals,
    read_manifest,
)
from headroom_beam.files.summary import summarize
from headroom_beam.objects.open import open_objects

# Names of local files may be any bytes. Python gives those that aren't UTF-8 as lone surrogates.
NAMES = st.text(st.characters(codec="utf-8"), max_size=9) | st.just("caf\udce9.jsonl")
COUNTS = st.integers(0, 2**40)

members = st.builds(
    PartMember,
    opened=st.lists(COUNTS, max_size=2),
    tail=st.none() | COUNTS,
    name=NAMES,
    note=NAMES,
    formats=st.lists(NAMES, max_size=2),
)
parts = st.builds(
    CompactedPart,
    NAMES,
    NAMES,
    COUNTS,
    COUNTS,
    NAMES,
    NAMES,
    COUNTS,
    COUNTS,
    COUNTS,
    st.lists(NAMES, max_size=2),
    opened=st.lists(COUNTS, max_size=2),
    members=st.lists(members, max_size=2),
    kept=st.lists(NAMES, max_size=2),
    formats=st.lists(NAMES, max_size=2),
)
packs = st.builds(StoredPack, NAMES, COUNTS, COUNTS, COUNTS)
rows = st.fixed_dictionaries({"tool": NAMES, "strategy": NAMES, "payloads": COUNTS, "tokens_before": COUNTS})
results = st.builds(
    ShardResult,
    COUNTS,
    st.lists(parts, max_size=3),
    st.lists(packs, max_size=3),
    st.lists(rows, max_size=3).map(lambda row: Totals(row).rows()),
    st.dictionaries(NAMES, COUNTS, max_size=2),
    COUNTS,
    COUNTS,
    COUNTS,
    left_out=st.lists(st.lists(NAMES, min_size=2, max_size=2), max_size=2),
)


@given(results)
def test_a_done_record_comes_back(result: ShardResult) -> None:
    assert ShardResult.from_json(result.to_json(), "name") == result


@given(st.lists(parts, max_size=3), st.lists(results, max_size=2))
def test_a_manifest_comes_back(
    tmp_path_factory: pytest.TempPathFactory, manifest_parts: list[CompactedPart], shards: list[ShardResult]
) -> None:
    objects = open_objects(tmp_path_factory.mktemp("out"))
    left_out = [["a link", "it is a link"]]
    manifest = Manifest("2026-01-31", manifest_parts, summarize(shards, left_out), left_out)
    objects.put_if_absent(MANIFEST, manifest.to_json())
    assert read_manifest(objects) == manifest


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"format_version": 2}',
        b'{"format_version": 1}',
        b'{"format_version": 1, "parts": [{}]}',
    ],
)
def test_other_bytes_are_a_format_error(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(damage)
    with pytest.raises(FormatError):
        read_manifest(open_objects(tmp_path))
    with pytest.raises(FormatError):
        ShardResult.from_json(damage, "name")


def test_no_manifest_means_no_run_or_an_incomplete_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no run"):
        read_manifest(open_objects(tmp_path))
    (tmp_path / "_run.json").write_bytes(b"{}")
    with pytest.raises(StoreError, match="incomplete"):
        read_manifest(open_objects(tmp_path))


def row(tool: str, **counts: Any) -> dict[str, Any]:
    return {"tool": tool, "strategy": "table", **counts}


def test_totals_do_not_depend_on_the_order_or_the_grouping() -> None:
    every = [row(f"tool {number % 7}", payloads=number, rows_total=2 * number) for number in range(50)]
    whole = Totals(every).rows()
    assert Totals(reversed(every)).rows() == whole
    assert Totals([*Totals(every[:20]).rows(), *Totals(every[20:]).rows()]).rows() == whole
    assert Totals(every).sum("rows_total") == 2 * sum(range(50))


def test_an_input_that_never_repeats_a_tool_does_not_fill_the_memory() -> None:
    totals = Totals(row(f"tool {number}", payloads=1) for number in range(TOOLS + 500))
    assert len(totals.rows()) == TOOLS + 1
    (other,) = (one for one in totals.rows() if one["tool"] == OTHER_TOOLS)
    assert other["payloads"] == 500
    assert totals.sum("payloads") == TOOLS + 500
