"""Estimates add up to what a run would save, and count copies by file."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.estimates import LOG, estimate_of, message
from helpers.generators import compress
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam import SmartCrusherConfig, _core
from headroom_beam.errors import IntegrityError, PayloadNotFound
from headroom_beam.files import estimate as module
from headroom_beam.files.estimate import check_payloads
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.run import run_shards


def test_counts_are_by_path_tool_and_kind(logs: Path) -> None:
    estimate = estimate_of(logs)
    assert (estimate["files"], estimate["files_read"], estimate["complete"]) == (3, 3, True)
    assert (estimate["records"], estimate["failures"]) == (7, {"invalid_json": 1})
    assert estimate["all"]["payloads"] == 5
    assert {(*row["formats"], row["payloads"]) for row in estimate["paths"]} == {
        ("openai", 4),
        ("anthropic", 1),
    }
    assert {row["tool"]: row["payloads"] for row in estimate["tools"]} == {"ls": 2, "cat": 2, "": 1}
    assert {row["kind"]: row["payloads"] for row in estimate["kinds"]} == {"array": 1, "text": 3, "short": 1}
    for rows in (estimate["paths"], estimate["tools"], estimate["kinds"]):
        for name in ("payloads", "tokens", "saved_without_loss", "copies", "copy_tokens"):
            assert sum(row[name] for row in rows) == estimate["all"][name]
        for budget in ("512", "1024", "4096"):
            assert sum(row["saved"][budget] for row in rows) == estimate["all"]["saved"][budget]
    assert 0 < estimate["all"]["share"] < 1


def test_savings_are_those_of_a_run(logs: Path) -> None:
    estimate = estimate_of(logs, budgets=[128])
    settings = RunSettings(
        output=str(logs / "out"),
        originals=str(logs / "originals"),
        trace_format=["openai", "anthropic"],
        config=SmartCrusherConfig(max_tokens=128),
    )
    summary = run_shards([str(logs / "*.jsonl*")], settings).summary
    assert estimate["all"]["tokens"] == summary["tokens_before"]
    assert estimate["all"]["saved"]["128"] == summary["tokens_before"] - summary["tokens_after"]
    assert estimate["bytes_read"] == summary["bytes_before"]


def test_copies_count_within_a_file_only(logs: Path) -> None:
    total = estimate_of(logs)["all"]
    assert total["copies"] == 1
    assert total["copy_tokens"] == _core.estimate_tokens(json.dumps(LOG))
    assert 0 < total["saved_by_reference"] < total["copy_tokens"]
    assert total["uncompared_tokens"] == _core.estimate_tokens('"ok"')


def test_copies_are_found_across_blocks(tmp_path: Path) -> None:
    texts = [message(f"{at} " + LOG) for at in range(500)]
    (tmp_path / "a.jsonl").write_bytes(b"".join(texts + texts[::-1]))
    assert estimate_of(tmp_path)["all"]["copies"] == 500


@given(st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=12))
def test_seen_texts_are_those_of_a_set(batches: list[list[int]]) -> None:
    seen, texts = set[int](), module._SeenTexts()
    for batch in batches:
        expected = []
        for key in batch:
            expected.append(key in seen and key != 0)
            seen.add(key)
        assert texts.add(np.array(batch, np.uint64)).tolist() == expected


def test_the_largest_payloads_are_named_by_place(logs: Path) -> None:
    largest = estimate_of(logs)["largest"]
    assert [(row["file"], row["line"], row["tool"]) for row in largest] == [
        ("a.jsonl", 1, "ls"),
        ("a.jsonl", 3, "cat"),
        ("a.jsonl", 4, "cat"),
        ("b.jsonl.gz", 1, ""),
        ("b.jsonl.gz", 2, "ls"),
    ]
    data = (logs / "a.jsonl").read_bytes()
    assert [data[row["offset"] - 1 : row["offset"]] for row in largest[1:3]] == [b"\n", b"\n"]


def test_no_payload_at_all_is_an_error_that_says_what_to_do(logs: Path) -> None:
    with pytest.raises(PayloadNotFound, match="--trace_format openai would find some"):
        check_payloads(estimate_of(logs / "a.jsonl", trace_format=".nothing"))
    with pytest.raises(PayloadNotFound, match=r"PATH, such as '\.result'"):
        check_payloads(estimate_of(logs / "c.jsonl.zst"))


def test_a_line_that_is_too_long_is_a_failure(logs: Path) -> None:
    (logs / "a.jsonl").write_bytes(message("x" * 600_000) + message(LOG))
    estimate = estimate_of(logs / "a.jsonl", config=SmartCrusherConfig(max_record_bytes=400_000))
    assert (estimate["records"], estimate["failures"]) == (2, {"too_large": 1})
    assert estimate["largest"][0]["line"] == 2


def test_many_tools_share_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOOLS", 5)
    (tmp_path / "a.jsonl").write_bytes(b"".join(message("ok", name=f"tool {at}") for at in range(30)))
    estimate = estimate_of(tmp_path)
    assert len(estimate["tools"]) == 6
    assert estimate["tools"][0] == {**estimate["tools"][0], "tool": "(other tools)", "payloads": 25}


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_truncated_file_is_an_error(tmp_path: Path, suffix: str) -> None:
    data = compress(b"".join(message(f"{at} {LOG}") for at in range(99)), suffix)
    (tmp_path / f"a.jsonl{suffix}").write_bytes(data[:-9])
    with pytest.raises(IntegrityError):
        estimate_of(tmp_path)


def test_progress_is_told_after_each_block(logs: Path) -> None:
    seen: list[tuple[int, int, int]] = []
    estimate = estimate_of(logs, on_progress=lambda *now: seen.append(now))
    assert seen == sorted(seen)
    assert seen[-1] == (estimate["bytes_read"], estimate["records"], 1)
