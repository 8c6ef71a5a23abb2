"""Estimates add up to what a run would save, and count copies by file."""

import json
from pathlib import Path

import pytest
from helpers.estimates import LISTING, LOG, estimate_of, message
from helpers.generators import compress
from helpers.mixed import mixed_folder

from headroom_beam import SmartCrusherConfig, _core
from headroom_beam.errors import IntegrityError, PayloadNotFound
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


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_truncated_file_is_an_error(tmp_path: Path, suffix: str) -> None:
    data = compress(b"".join(message(f"{at} {LOG}") for at in range(99)), suffix)
    (tmp_path / f"a.jsonl{suffix}").write_bytes(data[:-9])
    with pytest.raises(IntegrityError):
        estimate_of(tmp_path / f"a.jsonl{suffix}")
    # In a folder a run copies it, so nothing of it counts.
    (tmp_path / "b.jsonl").write_bytes(message(LOG))
    estimate = estimate_of(tmp_path)
    assert (estimate["records"], estimate["all"]["payloads"]) == (1, 1)
    assert estimate["notes"] == [[f"a.jsonl{suffix}", "it is damaged, so it is copied"]]


def test_archives_and_documents_count_as_a_run_crushes_them(tmp_path: Path) -> None:
    mixed_folder(tmp_path / "in", 20)
    for name in ("cut.gz", "cut.parquet", "numbers.parquet"):
        for path in (tmp_path / "in").rglob(name):
            path.unlink()
    estimate = estimate_of(tmp_path / "in", budgets=[128])
    settings = RunSettings(
        output=str(tmp_path / "out"),
        originals=str(tmp_path / "originals"),
        trace_format="auto",
        config=SmartCrusherConfig(max_tokens=128),
    )
    summary = run_shards([str(tmp_path / "in")], settings).summary
    assert estimate["all"]["payloads"] == summary["payloads"] > 50
    assert estimate["all"]["tokens"] == summary["tokens_before"]
    assert estimate["all"]["saved"]["128"] == summary["tokens_before"] - summary["tokens_after"]
    assert (estimate["records"], estimate["failures"]) == (summary["records"], summary["failures"])
    assert estimate["files"] == estimate["files_read"] + estimate["files_without_records"]
    assert estimate["files_without_records"] == summary["copied"]
    assert estimate["bytes_without_records"] == summary["copied_bytes"]


def test_results_known_by_their_shape_say_so(tmp_path: Path) -> None:
    steps = [{"tool": "grep", "args": {"for": "x"}, "result": LOG}]
    (tmp_path / "a.json").write_text(json.dumps({"steps": steps}, indent=1))
    (row,) = estimate_of(tmp_path)["paths"]
    assert row["path"].startswith(".steps[*]")
    assert (row["formats"], row["payloads"]) == (["by shape"], 1)


def test_a_tool_is_named_by_a_call_in_an_earlier_line(tmp_path: Path) -> None:
    call = {"id": "c1", "function": {"name": "grep", "arguments": "{}"}}
    lines = [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": LOG},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [row["tool"] for row in estimate_of(tmp_path)["tools"]] == ["grep"]


def test_a_large_payload_in_a_document_has_the_line_of_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headroom_beam.files.reading.DOCUMENT_BYTES", 20_000)
    messages = [json.loads(message(f"{at} {LOG}" * (2 + at))) for at in range(9)]
    (tmp_path / "a.json").write_text(json.dumps({"messages": messages}, indent=1))
    (tmp_path / "b.json").write_text('{"messages":\n' + json.dumps(messages) + "}")
    data = {name: (tmp_path / name).read_bytes() for name in ("a.json", "b.json")}
    largest = estimate_of(tmp_path)["largest"]
    assert {row["file"] for row in largest} == set(data)
    for row in largest:
        text = data[row["file"]]
        assert text[row["offset"] :].startswith(b"{")
        if row["file"] == "a.json":
            assert row["line"] == text.count(b"\n", 0, row["offset"]) + 1 > 1
        else:
            # All records begin on one line, which is the place of the first.
            assert row["line"] == (2 if row["offset"] == text.index(b"{", 1) else None)


def test_progress_is_told_after_each_block(logs: Path) -> None:
    seen: list[tuple[int, int, int]] = []
    estimate = estimate_of(logs, on_progress=lambda *now: seen.append(now))
    assert seen == sorted(seen)
    assert seen[-1] == (estimate["bytes_read"], estimate["records"], 1)


def test_a_text_file_beside_a_session_is_one_payload(tmp_path: Path) -> None:
    folder = tmp_path / "session" / "tool-results"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text(LOG * 30)
    (folder / "b.txt").write_text(json.dumps(LISTING))
    (folder / "c.txt").write_bytes(b"\xff" * 9)
    (tmp_path / "session" / "notes.txt").write_text("some notes")
    estimate = estimate_of(tmp_path, budgets=[128])
    assert [(row["path"], row["formats"], row["payloads"]) for row in estimate["paths"]] == [
        ("(text file)", [], 2)
    ]
    assert {row["kind"] for row in estimate["kinds"]} == {"text", "array"}
    assert estimate["all"]["saved"]["128"] > 0
    assert (estimate["files_without_records"], estimate["records"]) == (1, 2)
    ((name, note),) = estimate["notes"]
    assert name == "session/tool-results/c.txt"
    assert note.endswith("it is copied")
    assert {(row["file"], row["line"]) for row in estimate["largest"]} == {
        ("session/tool-results/a.txt", 1),
        ("session/tool-results/b.txt", 1),
    }
