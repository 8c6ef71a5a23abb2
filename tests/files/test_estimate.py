"""Estimates add up, count copies by file, and say what to do about files without payloads."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from file_runs import compress
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam import SmartCrusherConfig, _core
from headroom_beam.errors import IntegrityError, PayloadNotFound
from headroom_beam.files import estimate as module
from headroom_beam.files.estimate import check_payloads, estimate_files
from headroom_beam.files.estimate_report import format_estimate
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.run import run_shards
from headroom_beam.files.sample import plan_sample
from headroom_beam.files.shards import find_sources

LOG = "a line of a log, number {}\n" * 30
LISTING = [{"id": at, "name": f"file {at * 7919 % 1000}", "mode": "rw"} for at in range(80)]


def message(content: object, *, name: str = "ls") -> bytes:
    return json.dumps({"role": "tool", "name": name, "content": content}).encode() + b"\n"


def reply(content: str) -> bytes:
    part = {"type": "tool_result", "tool_use_id": "t", "content": content}
    return json.dumps({"role": "user", "content": [part]}).encode() + b"\n"


def estimate_of(*inputs: Path, **options: Any) -> dict[str, Any]:
    sources = find_sources([str(path) for path in inputs])
    size = options.pop("sample", None)
    return estimate_files(sources, plan_sample(sources, size), **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.jsonl").write_bytes(
        message(json.dumps(LISTING)) + b"\n" + message(LOG, name="cat") + message(LOG, name="cat")
    )
    (tmp_path / "b.jsonl.gz").write_bytes(compress(reply(LOG) + message("ok") + b"broken\n", ".gz"))
    (tmp_path / "c.jsonl.zst").write_bytes(compress(b'{"steps": [{"output": 1}]}\n', ".zst"))
    return tmp_path


def test_counts_are_by_path_tool_and_kind(folder: Path) -> None:
    estimate = estimate_of(folder)
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


def test_savings_are_those_of_a_run(folder: Path) -> None:
    estimate = estimate_of(folder, budgets=[128])
    settings = RunSettings(
        output=str(folder / "out"),
        originals=str(folder / "originals"),
        trace_format=["openai", "anthropic"],
        config=SmartCrusherConfig(max_tokens=128),
    )
    summary = run_shards([str(folder / "*.jsonl*")], settings).summary
    assert estimate["all"]["tokens"] == summary["tokens_before"]
    assert estimate["all"]["saved"]["128"] == summary["tokens_before"] - summary["tokens_after"]
    assert estimate["bytes_read"] == summary["bytes_before"]


def test_copies_count_within_a_file_only(folder: Path) -> None:
    total = estimate_of(folder)["all"]
    assert total["copies"] == 1
    assert total["copy_tokens"] == _core.estimate_tokens(json.dumps(LOG))
    assert 0 < total["saved_by_reference"] < total["copy_tokens"]
    assert total["uncompared_tokens"] == _core.estimate_tokens('"ok"')


def test_copies_are_found_across_blocks(tmp_path: Path) -> None:
    texts = [message(f"{at} " + LOG) for at in range(500)]
    (tmp_path / "a.jsonl").write_bytes(b"".join(texts + texts[::-1]))
    assert estimate_of(tmp_path)["all"]["copies"] == 500


def test_texts_beyond_the_memory_are_said_not_to_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REMEMBERED_TEXTS", 10)
    texts = [message(f"{at} " + LOG) for at in range(20)]
    (tmp_path / "a.jsonl").write_bytes(b"".join(texts * 2))
    estimate = estimate_of(tmp_path)
    assert not estimate["copies_complete"]
    assert "there may be more copies" in format_estimate(estimate)


@given(st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=12))
def test_seen_texts_are_those_of_a_set(batches: list[list[int]]) -> None:
    seen, texts = set[int](), module._SeenTexts()
    for batch in batches:
        expected = []
        for key in batch:
            expected.append(key in seen and key != 0)
            seen.add(key)
        assert texts.add(np.array(batch, np.uint64)).tolist() == expected


def test_the_largest_payloads_are_named_by_place(folder: Path) -> None:
    largest = estimate_of(folder)["largest"]
    assert [(row["file"], row["line"], row["tool"]) for row in largest] == [
        ("a.jsonl", 1, "ls"),
        ("a.jsonl", 3, "cat"),
        ("a.jsonl", 4, "cat"),
        ("b.jsonl.gz", 1, ""),
        ("b.jsonl.gz", 2, "ls"),
    ]
    data = (folder / "a.jsonl").read_bytes()
    assert [data[row["offset"] - 1 : row["offset"]] for row in largest[1:3]] == [b"\n", b"\n"]


def test_in_the_middle_of_a_file_a_payload_has_an_offset_and_no_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(message("x") * 10_000 + b"".join(message(LOG) for _ in range(3000)))
    estimate = estimate_of(tmp_path, sample=600_000)
    assert not estimate["complete"]
    assert estimate["bytes_read"] < 700_000
    place = next(row for row in estimate["largest"] if row["line"] is None)
    assert (tmp_path / "a.jsonl").read_bytes()[place["offset"] :].startswith(b'{"role"')
    assert f"a.jsonl@{place['offset']}" in format_estimate(estimate)
    assert estimate == estimate_of(tmp_path, sample=600_000)


def test_a_file_without_payloads_is_named_with_what_to_do(folder: Path) -> None:
    estimate = estimate_of(folder, trace_format=".content[*].content")
    hints = {row["file"]: row["formats"] for row in estimate["without_payloads"]}
    assert hints == {"a.jsonl": ["openai"], "c.jsonl.zst": []}
    text = format_estimate(estimate)
    assert "try --trace_format openai" in text
    assert "name their place with --trace_format PATH" in text
    check_payloads(estimate)


def test_a_file_of_something_else_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"messages": [{"a": 1}]}, indent=1))
    estimate = estimate_of(tmp_path)
    assert "is it JSON Lines?" in format_estimate(estimate)
    with pytest.raises(PayloadNotFound, match="failures"):
        check_payloads(estimate)


def test_no_payload_at_all_is_an_error_that_says_what_to_do(folder: Path) -> None:
    with pytest.raises(PayloadNotFound, match="--trace_format openai would find some"):
        check_payloads(estimate_of(folder / "a.jsonl", trace_format=".nothing"))
    with pytest.raises(PayloadNotFound, match=r"PATH, such as '\.result'"):
        check_payloads(estimate_of(folder / "c.jsonl.zst"))


def test_an_empty_input_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\n")
    estimate = estimate_of(tmp_path)
    check_payloads(estimate)
    assert "records   0" in format_estimate(estimate)


def test_whole_records_have_an_empty_path(folder: Path) -> None:
    estimate = estimate_of(folder, trace_format="json")
    assert [(row["path"], row["formats"], row["payloads"]) for row in estimate["paths"]] == [
        ("", ["json"], 6)
    ]
    assert estimate["all"]["copies"] == 1
    assert "json  (whole record)" in format_estimate(estimate)


def test_a_line_that_is_too_long_is_a_failure(folder: Path) -> None:
    (folder / "a.jsonl").write_bytes(message("x" * 600_000) + message(LOG))
    estimate = estimate_of(folder / "a.jsonl", config=SmartCrusherConfig(max_record_bytes=400_000))
    assert (estimate["records"], estimate["failures"]) == (2, {"too_large": 1})
    assert estimate["largest"][0]["line"] == 2


def test_names_from_the_input_are_printed_as_escapes(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(message(LOG, name="\x1b]0;owned\x07\u202e"))
    text = format_estimate(estimate_of(tmp_path))
    assert "\\x1b]0;owned\\x07\\u202e" in text
    assert all(letter.isprintable() or letter == "\n" for letter in text)


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


def test_progress_is_told_after_each_block(folder: Path) -> None:
    seen: list[tuple[int, int, int]] = []
    estimate = estimate_of(folder, on_progress=lambda *now: seen.append(now))
    assert seen == sorted(seen)
    assert seen[-1] == (estimate["bytes_read"], estimate["records"], 1)
