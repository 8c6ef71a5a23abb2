"""`headroom-beam formats`: lists the trace formats, their paths, or what is found in files."""

import argparse
import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from headroom_beam.cli.console import log_to_stderr, write, write_json
from headroom_beam.cli.options import add_sample_arguments, sample_size_from
from headroom_beam.crush.trace_formats import TRACE_FORMATS, TraceFormat, named_formats, resolve
from headroom_beam.files.found_formats import check_found, find_formats
from headroom_beam.files.found_formats_report import format_found

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code.

    Args:
        arguments: the arguments after the command's name; None for those of the process.

    Raises:
        PayloadNotFound: there are records, but nothing in them looks like a result. The rest was printed.
        StoreError: no input is found, or it can't be read.
        IntegrityError: an input file is truncated or damaged.
        ValueError: a name is unknown, or the sample is neither a share nor a size.
        OSError: a file of formats can't be read.
    """
    parser = _parser()
    known = parser.parse_args(arguments)
    log_to_stderr(logging.WARNING)
    if known.input and known.paths:
        parser.error("give either INPUT or --paths")
    if not known.input and (known.all or known.sample is not None):
        parser.error("--sample and --all are for files; INPUT is missing")
    if known.input:
        return _print_found(known)
    formats = _formats_of(known.paths) if known.paths else TRACE_FORMATS.values()
    if known.json:
        write_json([_described(one) for one in formats])
    elif known.paths:
        write(_lines(path for one in formats for path in one.paths))
    else:
        write(_lines(_listed(formats)))
    return 0


def _print_found(known: argparse.Namespace) -> int:
    found = find_formats(known.input, size=sample_size_from(known))
    if known.json:
        write_json(found)
    else:
        write(format_found(found).encode(errors="backslashreplace") + b"\n")
    check_found(found)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headroom-beam formats",
        description="Lists the trace formats: name, newest version whose records were looked at, whether a "
        "crushed file may take the place of the logged one, and what writes such records. With files, prints "
        "what is found in them, path by path: by which format, or by its shape, and how sure that is. Paths "
        "that somebody has to confirm are printed as options.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "input", nargs="*", metavar="INPUT", help="files, directories or patterns, local or gs://"
    )
    parser.add_argument(
        "--paths",
        nargs="+",
        metavar="NAME",
        help="print the payload paths of these formats instead, one a line; auto stands for all, and a file "
        "of formats (.toml) may be named too",
    )
    add_sample_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser


def _formats_of(names: Iterable[str]) -> list[TraceFormat]:
    """Returns the formats that have paths, of these names.

    Raises:
        ValueError: a name is unknown.
    """
    formats = []
    for name in names:
        resolve(name)
        found = named_formats(name)
        if not found:
            raise ValueError(f"no trace format has the path {name!r}")
        formats += [one for one in found if one.paths]
    return formats


def _described(one: TraceFormat) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "version": one.version,
        "in_place": _in_place(one),
        "not_in_place_because": one.in_place or None,
        "paths": list(one.paths),
        "keep": list(one.keep),
        "side_files": list(one.side_files),
    }


def _listed(formats: Iterable[TraceFormat]) -> Iterator[str]:
    """Yields the lines of a table, and why files of some formats are not put back in place."""
    words = {True: "yes", False: "no", None: ""}
    rows = [("name", "version", "in place", "records of")]
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
