"""A run without payloads, or mostly of failures, is an error that says what to do."""

from typing import Any

import pytest

from headroom_beam.errors import PayloadNotFound
from headroom_beam.files.payload_check import check_counts, check_summary


def file_of(name: str, records: int = 9, failures: int = 0, formats: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"file": name, "records": records, "failures": failures, "formats": list(formats)}


def message_of(*arguments: Any, **options: Any) -> str:
    with pytest.raises(PayloadNotFound) as raised:
        check_counts(*arguments, **options)
    return str(raised.value)


@pytest.mark.parametrize(
    ("records", "failures", "payloads"),
    [(0, {}, 0), (9, {}, 1), (4, {"invalid_json": 2}, 1)],
)
def test_an_input_without_records_and_one_with_payloads_is_no_error(
    records: int, failures: dict[str, int], payloads: int
) -> None:
    check_counts(records, failures, payloads, [])


def test_without_payloads_the_message_names_what_would_find_some() -> None:
    files = [file_of("a", formats=("openai",)), file_of("b", formats=("mcp", "openai")), file_of("c")]
    assert message_of(27, {}, 0, files) == ("no payload in 27 records; --trace_format openai would find some")


def test_without_payloads_the_message_says_what_to_look_at() -> None:
    assert "in 3 of them looks like" in message_of(9, {"invalid_json": 2}, 0, [], unrecognised=7, likely=3)
    assert "(2 failures)" in message_of(9, {"invalid_json": 2}, 0, [], unrecognised=7)
    assert "--select PATH" in message_of(9, {}, 0, [], unrecognised=9)
    assert "their formats are known" in message_of(9, {}, 0, [], unrecognised=0)


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("invalid_json", "are they JSON"),
        ("invalid_utf8", "UTF-8"),
        ("too_large", "--max_record_bytes"),
        ("too_deep", "--max_depth"),
        ("internal", "report it"),
    ],
)
def test_more_failures_than_other_records_are_an_error_even_with_payloads(kind: str, advice: str) -> None:
    files = [file_of("a"), file_of("b\x1b[2J", 9, 5), file_of("c", 9, 1)]
    message = message_of(11, {"other": 1, kind: 5}, 5, files)
    assert message.startswith(f"6 of 11 records are failures ({kind} 5, other 1), most of them in b\\x1b[2J")
    assert advice in message


def test_the_summary_of_a_run_is_checked_in_the_same_way() -> None:
    summary = {
        "records": 9,
        "failures": {},
        "payloads": 0,
        "unrecognised": 2,
        "likely": 2,
        "doubtful_files": [file_of("a")],
    }
    with pytest.raises(PayloadNotFound, match="something in 2 of them looks like a result"):
        check_summary(summary)
    check_summary({**summary, "payloads": 1})
