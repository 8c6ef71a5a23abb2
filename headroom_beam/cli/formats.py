"""`headroom-beam formats`: lists the trace formats, or prints the paths of those that are named."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from headroom_beam.cli.console import write, write_json
from headroom_beam.crush.trace_formats import TRACE_FORMATS, TraceFormat, named

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code.

    Args:
        arguments: the arguments after the command's name; None for those of the process.

    Raises:
        ValueError: a name is unknown, or a file of formats says nothing right.
        OSError: a file of formats can't be read.
    """
    known = _parser().parse_args(arguments)
    formats = [one for name in known.paths for one in named(name)] if known.paths else TRACE_FORMATS.values()
    if known.json:
        write_json([_described(one) for one in formats])
    elif known.paths:
        write(_lines(path for one in formats for path in one.paths))
    else:
        write(_lines(_listed(formats)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headroom-beam formats",
        description="Lists the trace formats: name, newest version whose records were looked at, whether a "
        "crushed file may take the place of the logged one, and what writes such records.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--paths",
        nargs="+",
        metavar="NAME",
        help="print the payload paths of these formats instead, one a line; a file of formats (.toml) may be "
        "named too",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON array of objects, with the paths")
    return parser


def _described(one: TraceFormat) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "version": one.version,
        "in_place": _in_place(one),
        "not_in_place_because": one.in_place or None,
        "paths": list(one.paths),
        "keep": list(one.keep),
    }


def _listed(formats: Iterable[TraceFormat]) -> Iterable[str]:
    """Yields a table: all columns but the last padded."""
    rows = [("name", "version", "in place", "records of")]
    words = {True: "yes", False: "no", None: ""}
    rows += [(one.name, one.version, words[_in_place(one)], one.title) for one in formats]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield from (f"{one.name} not in place: {one.in_place}" for one in formats if one.in_place)


def _in_place(one: TraceFormat) -> bool | None:
    """Tells whether a crushed file may take the place of the logged one.

    None for a format without paths, which says nothing of what a file is for.
    """
    return not one.in_place if one.paths else None


def _lines(texts: Iterable[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()
