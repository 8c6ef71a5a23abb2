"""`headroom-beam formats`: prints what is found in files, path by path, and writes nothing."""

import argparse
import logging
from collections.abc import Sequence

from headroom_beam.cli.console import log_to_stderr, write, write_json
from headroom_beam.files.estimate import SAMPLE_BYTES
from headroom_beam.files.found_formats import check_found, find_formats
from headroom_beam.files.found_formats_report import format_found
from headroom_beam.files.report import format_bytes
from headroom_beam.files.sample import parse_sample

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code.

    Args:
        arguments: the arguments after the command's name; None for those of the process.

    Raises:
        PayloadNotFound: there are records, but nothing in them looks like a result. The rest was printed.
        StoreError: no input is found, or it can't be read.
        IntegrityError: an input file is truncated or damaged.
        ValueError: the sample is neither a share nor a size.
    """
    known = _parser().parse_args(arguments)
    log_to_stderr(logging.WARNING)
    size = SAMPLE_BYTES if known.sample is None else parse_sample(known.sample)
    found = find_formats(known.input, size=None if known.all else size)
    if known.json:
        write_json(found)
    else:
        write(format_found(found).encode(errors="backslashreplace") + b"\n")
    check_found(found)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headroom-beam formats",
        description="Prints what is found in files, path by path: by which format, or by its shape, and how "
        "sure that is. Paths that somebody has to confirm are printed as options.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "input", nargs="+", metavar="INPUT", help="files, directories or patterns, local or gs://"
    )
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument(
        "--sample",
        metavar="SHARE_OR_BYTES",
        help="how much to read, such as 0.1, 10%% or 200MB, spread over the files "
        f"(default: {format_bytes(SAMPLE_BYTES)})",
    )
    amount.add_argument("--all", action="store_true", help="read everything")
    parser.add_argument("--json", action="store_true", help="print a JSON object instead of tables")
    return parser
