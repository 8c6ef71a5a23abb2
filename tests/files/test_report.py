"""Summaries as tables: a line for each tool, and a sum."""

import json

import pytest

from headroom_beam.errors import FormatError
from headroom_beam.files.manifest import CompactedPart, ShardResult, StoredPack
from headroom_beam.files.report import format_bytes, format_summary, format_table
from headroom_beam.files.summary import summarize


def totals(tool: str, strategy: str, tokens_before: int, tokens_after: int) -> dict[str, object]:
    return {
        "tool": tool,
        "strategy": strategy,
        "payloads": 2,
        "bytes_before": 4096,
        "bytes_after": 1024,
        "tokens_before": tokens_before,
        "tokens_after": tokens_after,
        "rows_total": 60,
        "rows_kept": 15,
    }


def summary_of(*rows: dict[str, object], unproved: int = 0) -> dict[str, object]:
    part = CompactedPart(
        "a.jsonl", "a.jsonl", 0, 8192, "0" * 64, "1" * 64, 2048, records=7, failures=3, packs=["p"]
    )
    pack = StoredPack("p", originals=4, original_bytes=6144, pack_bytes=900)
    return summarize(
        [
            ShardResult(
                0, [part], [pack], rows, {"too_deep": 1, "invalid_json": 2}, 5, refused=0, unproved=unproved
            )
        ]
    )


def printed_words(table: str) -> dict[str, list[str]]:
    return {line.split("  ")[0]: line.split() for line in table.splitlines() if line}


def test_the_table_has_a_line_per_tool_with_most_tokens_first_and_a_sum() -> None:
    text = format_summary(
        summary_of(
            totals("ls", "table", 100, 40), totals("ls", "blob", 100, 10), totals("grep", "table", 1000, 250)
        )
    )
    lines = text.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["tool", "grep", "ls", "all"]
    assert lines[1].split() == ["grep", "2", "1,000", "250", "75.0", "%", "4.0", "KB", "1.0", "KB", "45"]
    assert lines[2].split() == ["ls", "4", "200", "50", "75.0", "%", "8.0", "KB", "2.0", "KB", "90"]
    assert lines[3].split() == ["all", "6", "1,200", "300", "75.0", "%", "12.0", "KB", "3.0", "KB", "135"]


def test_the_table_counts_records_bytes_originals_and_failures() -> None:
    facts = printed_words(format_summary(summary_of(totals("ls", "table", 100, 40))))
    assert facts["records"] == ["records", "7", "(4", "compacted)"]
    assert facts["bytes"] == ["bytes", "8.0", "KB", "→", "2.0", "KB"]
    assert facts["originals"] == ["originals", "4", "(6.0", "KB)"]
    assert facts["duplicates"] == ["duplicates", "5"]
    assert facts["failures"] == ["failures", "invalid_json", "2,", "too_deep", "1"]


def test_unproved_payloads_have_a_line_that_asks_to_report_them() -> None:
    assert "unproved" not in format_summary(summary_of())
    line = format_summary(summary_of(unproved=1234)).splitlines()[-1]
    assert line.startswith("unproved      1,234 payloads")
    assert line.endswith("please report it")


def test_unrecognised_records_are_counted_and_their_files_named() -> None:
    assert "unrecognised" not in format_summary(summary_of())
    doubtful = [
        {"file": f"{at}\x1b[2J", "records": 9, "unrecognised": at, "formats": ["mcp"] * (at == 7)}
        for at in range(8)
    ]
    summary = {**summary_of(), "unrecognised": 28, "likely": 3, "doubtful_files": doubtful}
    text = format_summary(summary)
    lines = text[text.index("unrecognised") :].splitlines()
    assert lines[0].endswith("  28 records; something in 3 of them looks like a result")
    assert [line.split(": ")[-1] for line in lines[1:-1]] == [
        "7 of 9; try --trace_format mcp",
        *(f"{at} of 9" for at in (6, 5, 4, 3)),
    ]
    assert "headroom-beam formats FILE" in lines[-1]
    assert "\x1b" not in text


def test_files_that_must_not_be_put_back_are_named_with_the_reason() -> None:
    files = [[f"{at}.har", "har: why"] for at in range(12)]
    lines = format_summary({**summary_of(), "in_place": files}).splitlines()
    assert lines[-2] == "note          9.har: not to be put back in place; har: why"
    assert lines[-1] == "note          2 more are not to be put back; see _manifest.json"


def test_tools_beyond_the_asked_number_share_a_line_and_the_columns_still_add_up() -> None:
    rows = [totals(f"tool_{number}", "table", 100 + number, 50) for number in range(9)]
    lines = format_summary(summary_of(*rows), tools=4).splitlines()
    assert [line.split("  ")[0] for line in lines[:7]] == [
        "tool", "tool_8", "tool_7", "tool_6", "tool_5", "(5 other tools)", "all",
    ]  # fmt: skip
    shown = [int(line.removeprefix("(5 other tools)").split()[-1]) for line in lines[1:6]]
    assert sum(shown) == int(lines[6].split()[-1]) == 45 * 9


def test_a_summary_without_payloads_is_a_table_too() -> None:
    text = format_summary(summary_of())
    assert text.startswith("tool")
    assert "records" in text


def test_a_tool_name_can_not_steer_the_terminal() -> None:
    text = format_summary(
        summary_of(totals("\x1b[31m\n\u202eevil", "table", 1, 1), totals("x" * 500, "table", 1, 1))
    )
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert max(map(len, text.splitlines())) < 160


def test_a_summary_survives_json() -> None:
    summary = summary_of(totals("ls", "table", 100, 40))
    assert format_summary(json.loads(json.dumps(summary))) == format_summary(summary)


@pytest.mark.parametrize("value", [{}, {"tools": 7}, {"tools": [{}]}, {"tools": [[]], "failures": {}}])
def test_a_dict_without_the_fields_is_no_summary(value: dict[str, object]) -> None:
    with pytest.raises(FormatError, match="isn't the summary of a run"):
        format_summary(value)


def test_columns_are_aligned() -> None:
    assert format_table([("a", "b"), ("long", "1"), ("c", "234")]) == "a       b\nlong    1\nc     234"


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KB"),
        (1536, "1.5 KB"),
        (5 << 20, "5.0 MB"),
        (1 << 50, "1024.0 TB"),
    ],
)
def test_sizes_count_1024_bytes_as_a_kilobyte(size_bytes: int, text: str) -> None:
    assert format_bytes(size_bytes) == text
