"""The fixtures of `docs/notation.md`, read by the native module as the Rust tests read them."""

import hashlib
import json
import re
from typing import Any

import pyarrow as pa
import pytest
from helpers.repository import REPOSITORY, TESTS

from headroom_beam import _core
from headroom_beam.errors import FormatError

FOLDER = TESTS / "fixtures" / "notation"


def _cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}: {case['name']}")
        for file in sorted(FOLDER.glob("*.json"))
        for case in json.loads(file.read_text(encoding="utf-8"))["cases"]
    ]


CASES = _cases()


def _originals(texts: list[str], digits: int) -> pa.RecordBatch:
    encoded = [text.encode() for text in texts]
    return pa.record_batch(
        {
            "hash": pa.array([hashlib.sha256(text).hexdigest()[:digits] for text in encoded], pa.string()),
            "original": pa.array(encoded, pa.large_binary()),
        }
    )


def _digits(case: dict[str, Any]) -> int:
    """Returns the digits of hashes in a case: 64 if a marker names an original by its whole digest."""
    whole = [hashlib.sha256(text.encode()).hexdigest() for text in case.get("originals", [])]
    return 64 if any(digest in case["input"] for digest in whole) else 24


def test_more_than_900_fixtures_are_read() -> None:
    assert len(CASES) > 900


@pytest.mark.parametrize("case", CASES)
def test_fixture_restores_as_the_specification_says(case: dict[str, Any]) -> None:
    lines = case["operation"] == "restore_record"
    data = case["input"].encode()
    result = _core.restore_block(data, _originals(case.get("originals", []), _digits(case)), lines=lines)
    unresolved = result.unresolved().to_pylist()
    if "shouldError" not in case:
        assert result.restored == case["expected"].encode()
        assert unresolved == []
        return
    assert {row["kind"] for row in unresolved} == {case["shouldError"]}
    assert result.restored == data, "what can't be restored stays as it was"
    assert all(row["hash"] == "" for row in unresolved) == (case["shouldError"] == "format")


@pytest.mark.parametrize("case", CASES)
def test_fixture_lists_the_markers_that_restoring_resolves(case: dict[str, Any]) -> None:
    lines = case["operation"] == "restore_record"
    if case.get("shouldError") == "format":
        with pytest.raises(FormatError):
            _core.markers(case["input"].encode(), lines=lines)
        return
    found = {row["hash"][:24] for row in _core.markers(case["input"].encode(), lines=lines).to_pylist()}
    known = {hashlib.sha256(text.encode()).hexdigest()[:24] for text in case.get("originals", [])}
    assert known <= found
    assert known == found or case.get("shouldError") == "missing"


def _example_blocks(section: int) -> list[str]:
    text = (REPOSITORY / "docs" / "notation.md").read_text(encoding="utf-8")
    body = text.partition(f"\n## {section}. ")[2].partition("\n## ")[0]
    return re.findall(r"```\w*\n(.*?)\n```", body, re.DOTALL)


@pytest.mark.parametrize("section", [8, 9])
def test_what_the_example_of_a_section_becomes_restores_to_it(section: int) -> None:
    blocks = _example_blocks(section)
    before, after = blocks[0].splitlines() if len(blocks) == 1 else blocks
    restored = _core.restore_block(after.encode(), _originals([], 24), lines=len(blocks) == 1)
    assert restored.unresolved().to_pylist() == []
    assert restored.restored == before.encode()
    assert before != after
