"""Formats the summary of a run as a table for people; `summary.summarize` makes the summary itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from headroom_beam.errors import FormatError
from headroom_beam.files.manifest import Totals

__all__ = ["format_bytes", "format_summary", "format_table"]

# Files that are named one by one: for their notes, and for their unrecognised records.
_NOTES = 10
_DOUBTFUL_FILES = 5

_HEADER = ("tool", "payloads", "tokens before", "after", "saved", "bytes before", "after", "rows dropped")


def format_summary(summary: Mapping[str, Any], *, tools: int = 20) -> str:
    """Formats the summary of a run: a table by tool, and lines for records, originals and failures.

    The tool with the most tokens comes first.

    Args:
        summary: the content of `_summary.json`.
        tools: number of tools with a row of their own. All others share one, so that the columns add up.

    Returns:
        The text, in several lines, without a last line end.

    Raises:
        FormatError: `summary` isn't the summary of a run.
    """
    try:
        return _format_summary(summary, tools)
    except (KeyError, TypeError, AttributeError) as error:
        raise FormatError("this isn't the summary of a run") from error


def _format_summary(summary: Mapping[str, Any], tools: int) -> str:
    rows = Totals({**row, "strategy": ""} for row in summary["tools"]).rows()
    rows.sort(key=lambda row: (-row["tokens_before"], row["tool"]))
    # A single other tool gets its own row: it takes no more room than "1 other tool", and says more.
    shown, rest = (rows, []) if len(rows) <= tools + 1 else (rows[:tools], rows[tools:])
    lines = [_cells(row) for row in [*shown, *_sum(rest, f"({len(rest)} other tools)"), *_sum(rows, "all")]]
    failures = ", ".join(f"{kind} {count:,}" for kind, count in sorted(summary["failures"].items())) or "none"
    facts = [
        ("records", f"{summary['records']:,} ({summary['compacted']:,} compacted)"),
        ("bytes", f"{format_bytes(summary['bytes_before'])} → {format_bytes(summary['bytes_after'])}"),
        *_files(summary),
        ("originals", f"{summary['originals']:,} ({format_bytes(summary['original_bytes'])})"),
        ("duplicates", f"{summary['duplicates']:,}"),
        ("failures", failures),
        *_unrecognised(summary),
        *_in_place(summary),
    ]
    if unproved := summary["unproved"]:
        what = "payloads left as they were, because they wouldn't have restored"
        facts.append(
            ("unproved", f"{unproved:,} {what}; nothing is lost, but this is a defect: please report it")
        )
    return "\n".join([format_table([_HEADER, *lines]), "", *(f"{name:12}  {value}" for name, value in facts)])


def _files(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = []
    if copied := summary["copied"]:
        facts.append(("copied", f"{copied:,} files ({format_bytes(summary['copied_bytes'])})"))
    if left_out := summary["left_out"]:
        facts.append(("left out", f"{left_out:,}"))
    notes = summary["notes"]
    facts += [("note", f"{_printable(name, 200)}: {note}") for name, note in notes[:_NOTES]]
    if len(notes) > _NOTES:
        facts.append(("note", f"{len(notes) - _NOTES:,} more; _manifest.json has them all"))
    return facts


def _unrecognised(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not summary["unrecognised"]:
        return []
    likely = summary["likely"]
    more = f"; something in {likely:,} of them looks like a result" if likely else ""
    facts = [("unrecognised", f"{summary['unrecognised']:,} records{more}")]
    files = sorted(summary["doubtful_files"], key=lambda file: -file["unrecognised"])
    facts += [
        ("", f"{_printable(file['file'], 200)}: {file['unrecognised']:,} of {file['records']:,}{_hint(file)}")
        for file in files[:_DOUBTFUL_FILES]
        if file["unrecognised"]
    ]
    what = "headroom-beam formats FILE shows what is in a file; --select PATH adds a payload path"
    return [*facts, ("", what)]


def _hint(file: Mapping[str, Any]) -> str:
    return f"; try --trace_format {' '.join(file['formats'])}" if file["formats"] else ""


def _in_place(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    files = summary["in_place"]
    facts = [("note", f"{_printable(name, 200)}: not to be put back in place; {why}") for name, why in files]
    if len(facts) > _NOTES:
        facts[_NOTES:] = [
            ("note", f"{len(files) - _NOTES:,} more are not to be put back; see _manifest.json")
        ]
    return facts


def _sum(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return Totals({**row, "tool": name, "strategy": ""} for row in rows).rows()


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    before, after = row["tokens_before"], row["tokens_after"]
    return (
        _printable(row["tool"]) or "(no name)",
        f"{row['payloads']:,}",
        f"{before:,}",
        f"{after:,}",
        f"{100 - 100 * after / before:.1f} %" if before else "-",
        format_bytes(row["bytes_before"]),
        format_bytes(row["bytes_after"]),
        f"{row['rows_total'] - row['rows_kept']:,}",
    )


def _printable(name: str, width: int = 48) -> str:
    # Tool names come from the input. Escape sequences in them must not reach the terminal.
    name = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
    return name if len(name) <= width else name[: width - 1] + "…"


def format_table(rows: Iterable[Iterable[str]]) -> str:
    """Aligns rows of cells: the first column to the left, the others to the right.

    >>> print(format_table([("tool", "tokens"), ("ls", "1,024")]))
    tool  tokens
    ls     1,024
    """
    lines = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def format_bytes(size_bytes: int) -> str:
    """Formats a size with its unit, where 1 KB is 1024 bytes.

    >>> format_bytes(2048), format_bytes(3 << 30), format_bytes(17)
    ('2.0 KB', '3.0 GB', '17 B')
    """
    if size_bytes < 1024:
        return f"{size_bytes} B"
    size = float(size_bytes)
    for unit in ("KB", "MB", "GB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TB"
