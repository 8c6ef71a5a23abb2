"""`headroom-beam show`: prints the payloads of one record of a run, before and after, and why."""

import argparse
import logging
import shutil
from collections.abc import Sequence

from headroom_beam.cli.console import log_to_stderr, write, write_json
from headroom_beam.files.find_record import parse_place
from headroom_beam.files.record_report import MOST_LINES, describe_record, format_record
from headroom_beam.files.record_view import view_record

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code.

    Args:
        arguments: the arguments after the command's name; None for those of the process.

    Raises:
        ValueError: the place is none, the run has no such file, or the file no such line.
        HeadroomBeamError: as for `headroom_beam.files.record_view.view_record`.
    """
    known = _parser().parse_args(arguments)
    log_to_stderr(logging.WARNING)
    view = view_record(known.run, parse_place(known.record), originals=known.originals)
    if known.json:
        write_json(describe_record(view))
    else:
        # Without a terminal, and without COLUMNS in the environment, the width is 80.
        width = shutil.get_terminal_size().columns
        write(format_record(view, width=width, full=known.full).encode() + b"\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headroom-beam show",
        description="Prints the payloads of one record of a run before and after, what was decided and why. "
        "Control characters of the record are printed as escapes.",
        allow_abbrev=False,
    )
    parser.add_argument("run", metavar="RUN", help="the output of `headroom-beam crush`")
    parser.add_argument(
        "record",
        metavar="RECORD",
        help="FILE:LINE (lines are counted from 1), FILE@OFFSET, or the hash of a marker "
        "for the first record that has it",
    )
    parser.add_argument("--originals", metavar="ROOT", help="the store (default: where the run put it)")
    parser.add_argument(
        "--full", action="store_true", help=f"print texts whole, not only {MOST_LINES} lines of each"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object, with whole texts")
    return parser
