"""Formats an estimate as tables for people; `estimate.estimate_files` makes the estimate itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headroom_beam.files.report import format_bytes, format_table
from headroom_beam.files.terminal_text import left_table, one_line

__all__ = ["format_estimate"]

_TOOLS = 20
_FILES = 10
_PATH_WIDTH = 100


def format_estimate(estimate: Mapping[str, Any]) -> str:
    """Formats an estimate, as `headroom_beam.files.estimate.estimate_files` returns it.

    Returns:
        The text, in several lines, without a last line end.
    """
    parts = ["\n".join(_facts(estimate))]
    if estimate["all"]["payloads"]:
        parts += _tables(estimate)
        parts.append("\n".join(_notes(estimate)))
    if estimate["notes"]:
        parts.append("\n".join(_file_notes(estimate["notes"])))
    if estimate["without_payloads"]:
        parts.append("\n".join(_files_without(estimate["without_payloads"])))
    return "\n\n".join(parts)


def _facts(estimate: Mapping[str, Any]) -> Iterator[str]:
    files = f"{estimate['files_read']:,} of {estimate['files']:,} files"
    size = format_bytes(estimate["bytes_read"])
    what = "everything" if estimate["complete"] else "a sample; --all reads everything"
    counted = "counted exactly" if estimate["exact_tokens"] else "estimated; --exact_tokens counts them"
    failures = ", ".join(f"{kind} {count:,}" for kind, count in estimate["failures"].items()) or "none"
    share = f"{100 * estimate['all']['share']:.1f} %"
    yield f"read      {files}, {size} ({what})"
    if estimate["files_without_records"]:
        others = f"{estimate['files_without_records']:,} files without records"
        yield f"others    {others}, {format_bytes(estimate['bytes_without_records'])}; a run copies them"
    yield f"records   {estimate['records']:,} (failures: {failures})"
    yield f"payloads  {estimate['all']['payloads']:,}, {share} of {estimate['tokens']:,} tokens read"
    yield f"tokens    {counted}"


def _tables(estimate: Mapping[str, Any]) -> Iterator[str]:
    for title, rows, name in (
        ("format and path", estimate["paths"], _path_name),
        ("tool", estimate["tools"], lambda row: one_line(row["tool"]) or "(no name)"),
        ("kind", estimate["kinds"], lambda row: row["kind"]),
    ):
        header = [
            title,
            "payloads",
            "tokens",
            "share",
            "without loss",
            *(f"at {size:,}" for size in estimate["budgets"]),
            "in copies",
        ]
        cells = [[name(row), *_cells(row)] for row in rows[:_TOOLS]]
        if len(rows) > _TOOLS:
            cells.append([f"({len(rows) - _TOOLS:,} more: see --json)", *[""] * (len(header) - 1)])
        yield format_table([header, *cells, ["all", *_cells(estimate["all"])]])
    rows = [
        [
            f"{number}.",
            f"{row['tokens']:,}",
            _place(row),
            one_line(row["tool"]),
            one_line(row["path"], _PATH_WIDTH),
        ]
        for number, row in enumerate(estimate["largest"], 1)
    ]
    yield "\n".join(left_table([["largest", "tokens", "record", "tool", "path"], *rows]))


def _path_name(row: Mapping[str, Any]) -> str:
    names = "/".join(row["formats"])
    path = one_line(row["path"], _PATH_WIDTH) or "(whole record)"
    return f"{names}  {path}" if names else path


def _place(row: Mapping[str, Any]) -> str:
    file = one_line(row["file"], _PATH_WIDTH)
    return f"{file}@{row['offset']}" if row["line"] is None else f"{file}:{row['line']}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    tokens = row["tokens"]
    saved = [row["saved_without_loss"], *row["saved"].values()]
    return [
        f"{row['payloads']:,}",
        f"{tokens:,}",
        f"{100 * row['share']:.1f} %",
        *(_percent(one, tokens) for one in [*saved, row["copy_tokens"]]),
    ]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _notes(estimate: Mapping[str, Any]) -> Iterator[str]:
    total = estimate["all"]
    yield (
        f"copies: {total['copies']:,} payloads, {total['copy_tokens']:,} tokens, repeat a text of the same "
        f"file; a marker in their place would save {total['saved_by_reference']:,} tokens"
    )
    if total["uncompared_tokens"]:
        yield f"not compared: {total['uncompared_tokens']:,} tokens of JSON values and short texts"
    if not estimate["complete"]:
        yield "in a sample, copies of texts that weren't read can't be seen"
    if not estimate["copies_complete"]:
        yield "a file has more texts than are remembered, so there may be more copies"


def _file_notes(notes: Sequence[Sequence[str]]) -> Iterator[str]:
    for name, note in notes[:_FILES]:
        yield f"note: {one_line(name, _PATH_WIDTH)}: {note}"
    if len(notes) > _FILES:
        yield f"and {len(notes) - _FILES:,} more: see --json"


def _files_without(files: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"no payload in what was read of {len(files):,} files:"
    for file in files[:_FILES]:
        records, failures = file["records"], file["failures"]
        if 2 * failures > records:
            what = f"{failures:,} of {records:,} lines are no records: is it JSON?"
        elif file["formats"]:
            what = f"{records:,} records; try --trace_format {' '.join(file['formats'])}"
        else:
            what = f"{records:,} records; headroom-beam formats shows what is in them"
        yield f"  {one_line(file['file'], _PATH_WIDTH)}: {what}"
    if len(files) > _FILES:
        yield f"  and {len(files) - _FILES:,} more: see --json"
