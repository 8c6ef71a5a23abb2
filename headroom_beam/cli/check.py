"""`headroom-beam check`: reads a whole store, and the compacted files of a run, and reports problems."""

import argparse
import logging
import sys
from collections.abc import Sequence

from headroom_beam.cli.console import log_to_stderr, write_json
from headroom_beam.cli.options import add_store_argument
from headroom_beam.errors import IntegrityError
from headroom_beam.files.check_parts import marker_hashes
from headroom_beam.files.report import format_bytes
from headroom_beam.objects.open import open_objects
from headroom_beam.store.check import Problem
from headroom_beam.store.store import OriginalStore

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0 if there are no problems.

    Args:
        arguments: the arguments after the command's name; None for those of the process.

    Raises:
        StoreError: the store, or the run's output, can't be read.
        FormatError: the run's manifest is damaged, or of an unknown version.
    """
    known = _parser().parse_args(arguments)
    log_to_stderr(logging.WARNING)
    store = OriginalStore.open(known.originals, create=False)
    found: list[Problem] = []
    hashes = None if known.input is None else marker_hashes(open_objects(known.input), found)
    report = store.check(hashes=hashes)
    problems = [*found, *report.problems]
    if known.json:
        write_json({**report._asdict(), "problems": [problem._asdict() for problem in problems]})
    for problem in [] if known.json else problems:
        sys.stdout.write(f"{problem.kind}\t{problem.name}\t{problem.message}\n")
    orphans = "" if report.orphan_count is None else f", {report.orphan_count:,} that no marker names"
    sys.stderr.write(
        f"{report.pack_count:,} packs, {report.original_count:,} originals "
        f"({format_bytes(report.original_bytes)}){orphans}: {len(problems):,} problems\n"
    )
    return IntegrityError.exit_code if problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headroom-beam check",
        description="Reads every pack, index file and tombstone. With --input it also reads every compacted "
        "file of a run, and looks up all its markers. Prints one line for each problem: kind, name, message. "
        "No lines mean that all is well.",
        allow_abbrev=False,
    )
    parser.add_argument("--input", metavar="OUT", help="output of a run that stored its originals here")
    parser.add_argument("--json", action="store_true", help="print a JSON object instead of lines")
    add_store_argument(parser)
    return parser
