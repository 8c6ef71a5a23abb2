"""Formats what was found in files for people; `found_formats.find_formats` finds it."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from headroom_beam.crush.format_names import BY_SHAPE
from headroom_beam.files.report import format_bytes
from headroom_beam.files.terminal_text import left_table, one_line, visible

__all__ = ["format_found"]

_FILES = 30
_PATHS = 40
_TOOLS = 3
_NAME_WIDTH = 100
_PATH_WIDTH = 160

_KINDS = {
    "lines": "JSON Lines",
    "document": "JSON",
    "tar": "tar archive",
    "zip": "zip archive",
    "text": "the text of one result",
    "parquet": "Parquet",
}


def format_found(found: Mapping[str, Any]) -> str:
    """Formats what was found, as `headroom_beam.files.found_formats.find_formats` returns it.

    Returns:
        The text, in several lines, without a last line end.
    """
    files = found["files"]
    parts = ["\n".join(_file_lines(file)) for file in files[:_FILES]]
    if len(files) > _FILES:
        parts.append(f"{len(files) - _FILES:,} more files: see --json")
    if others := found["files_without_records"]:
        parts.append(f"{others:,} files without records, which a run copies")
    parts += [f"{one_line(name, _NAME_WIDTH)}: {note}; left out" for name, note in found["left_out"]]
    return "\n\n".join(parts)


def _file_lines(file: Mapping[str, Any]) -> Iterator[str]:
    yield one_line(file["file"], _NAME_WIDTH)
    yield f"  {_kind(file)}, {_counts(file)}"
    yield from (f"  note: {note}" for note in file["notes"])
    paths = file["paths"]
    if paths:
        header = ["results", "tokens", "share", "found by", "tools", "path"]
        rows = [header, *map(_cells, paths[:_PATHS])]
        yield from ("  " + line for line in left_table(rows, right=3))
    if len(paths) > _PATHS:
        yield f"  {len(paths) - _PATHS:,} more paths: see --json"
    yield from ("  " + line for line in _advice(file))


def _kind(file: Mapping[str, Any]) -> str:
    kind = _KINDS.get(file["kind"], file["kind"])
    if file["kind"] in ("tar", "zip"):
        kind += f" of {file['contents']:,} files"
    return kind if file["codec"] == "plain" else f"{kind}, compressed with {file['codec']}"


def _counts(file: Mapping[str, Any]) -> str:
    failures = f" ({file['failures']:,} failures)" if file["failures"] else ""
    part = "" if file["complete"] else " in a sample; --all reads everything"
    size = format_bytes(file["bytes_read"])
    return f"{file['records']:,} records{failures}, {size}, {file['tokens']:,} tokens{part}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    found_by = "/".join(row["formats"]) or row["reason"]
    if row["formats"] == [BY_SHAPE]:
        found_by = f"{BY_SHAPE}, {'sure' if row['is_sure'] else 'likely'}: {row['reason']}"
    tools = [one_line(tool, 24) for tool in row["tools"]]
    more = [f"{len(tools) - _TOOLS} more"] if len(tools) > _TOOLS else []
    return [
        f"{row['results']:,}",
        f"{row['tokens']:,}",
        f"{100 * row['share']:.1f} %",
        found_by,
        ", ".join([*tools[:_TOOLS], *more]),
        one_line(row["path"], _PATH_WIDTH),
    ]


def _advice(file: Mapping[str, Any]) -> Iterator[str]:
    """Says what to do about what isn't crushed as it is."""
    selected = [row["select"] for row in file["paths"] if row["select"] is not None]
    if selected:
        yield "likely results aren't crushed until their paths are confirmed:"
    for path in selected[:_PATHS]:
        # A path that can't be printed as it is can't be copied from here either.
        printable = visible(path) == path and "\n" not in path
        yield f"  --select {shlex.quote(path)}" if printable else "  one that can't be printed: see --json"
    if file["unreachable"]:
        yield f"{file['unreachable']:,} results can't be selected by a path: a key on their way is data"
    if 2 * file["failures"] > file["records"]:
        yield "most records are failures: is it JSON?"
    elif file["records"] and not file["paths"] and not file["unreachable"]:
        yield "nothing looks like a result of a tool; say where results are with --select PATH, such as"
        yield "  --select '.steps[*].output'"
