"""Sums by name, the largest payloads, and copies."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from helpers.estimates import estimate_of, message
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam.files import estimate_sums as module
from headroom_beam.files.estimate_sums import LARGEST, SeenTexts, Tally


@given(st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=12))
def test_seen_texts_are_those_of_a_set(batches: list[list[int]]) -> None:
    seen, texts = set[int](), SeenTexts()
    for batch in batches:
        expected = []
        for key in batch:
            expected.append(key in seen and key != 0)
            seen.add(key)
        assert texts.add(np.array(batch, np.uint64)).tolist() == expected


def test_many_tools_share_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOOLS", 5)
    (tmp_path / "a.jsonl").write_bytes(b"".join(message("ok", name=f"tool {at}") for at in range(30)))
    estimate = estimate_of(tmp_path)
    assert len(estimate["tools"]) == 6
    assert estimate["tools"][0] == {**estimate["tools"][0], "tool": "(others)", "payloads": 25}


def tally(rows: list[tuple[str, int]]) -> Tally:
    """A tally of payloads with these paths and tokens."""
    made = Tally(1)
    counts = np.array([[tokens] for _, tokens in rows], np.int64).reshape(len(rows), 1)
    paths = pa.array([path for path, _ in rows], pa.string())
    for sums in (made.all, *made.by.values()):
        sums.add(paths, counts)
    made.add_largest({"path": path, "tokens": tokens} for path, tokens in rows)
    made.records += len(rows)
    made.failures["too_deep"] += 1
    return made


@given(st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 99)), max_size=20), max_size=5))
def test_files_add_up_to_what_one_file_would(files: list[list[tuple[str, int]]]) -> None:
    total = Tally(1)
    for rows in files:
        total.merge(tally(rows))
    whole = tally([row for rows in files for row in rows])
    for name, sums in total.by.items():
        assert {key: counts.tolist() for key, counts in sums.rows()} == {
            key: counts.tolist() for key, counts in whole.by[name].rows()
        }
    assert [row["tokens"] for row in total.largest] == [row["tokens"] for row in whole.largest]
    assert len(total.largest) <= LARGEST
    assert total.records == whole.records
    assert total.failures.total() == len(files)
