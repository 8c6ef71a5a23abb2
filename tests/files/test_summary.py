"""The summary names the files with failures and unrecognised records, and those not to be put back."""

from typing import Any

from headroom_beam.files.manifest import CompactedPart, ShardResult
from headroom_beam.files.summary import DOUBTFUL_FILES, summarize


def part_of(source: str, records: int = 10, failures: int = 0, **more: Any) -> CompactedPart:
    return CompactedPart(
        source, source, 0, 1, "before", more.pop("digest", "after"), 1, records, failures, [], **more
    )


def summary_of(*parts: CompactedPart) -> dict[str, Any]:
    results = [ShardResult(at, [part], [], [], {}, 0, 0, 0) for at, part in enumerate(parts)]
    return summarize(results)


def test_unrecognised_and_likely_records_are_added_up_by_file() -> None:
    summary = summary_of(
        part_of("a", unrecognised=3, likely=2, formats=["mcp"]),
        part_of("a", unrecognised=4, formats=["openai", "mcp"]),
        part_of("b", failures=9),
        part_of("c", payloads=10),
        part_of("d", payloads=1, unrecognised=9, formats=["openai"]),
    )
    assert (summary["unrecognised"], summary["likely"]) == (16, 2)
    files = [tuple(file.values()) for file in summary["doubtful_files"]]
    assert files == [
        ("b", 10, 9, 0, 0, 0, []),
        # It has payloads, so no other format has to find some.
        ("d", 10, 0, 1, 9, 0, []),
        ("a", 20, 0, 0, 7, 2, ["mcp", "openai"]),
    ]


def test_only_so_many_doubtful_files_are_named() -> None:
    summary = summary_of(*(part_of(f"{at:02}", unrecognised=at) for at in range(30)))
    assert len(summary["doubtful_files"]) == DOUBTFUL_FILES
    assert summary["doubtful_files"][0]["file"] == "29"


def test_changed_files_that_must_not_be_put_back_are_named_once() -> None:
    summary = summary_of(
        part_of("a", in_place="har: why"),
        part_of("a", in_place="har: why"),
        part_of("b"),
        part_of("c", digest="before", in_place="har: why"),
    )
    assert summary["in_place"] == [["a", "har: why"]]
    many = summary_of(*(part_of(f"{at}", in_place="why") for at in range(1001)))
    assert many["in_place"][-1] == ["…", "1 more"]
