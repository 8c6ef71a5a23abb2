"""`headroom-beam check`: reads a whole store, and a run's compacted files, and says what is wrong."""

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
    """Runs the command and returns its exit code: 0 when nothing is wrong.

    Args:
        arguments: those behind the command's name; the process's own unless given.

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
        description="Reads every pack, index and tombstone; with --input also every compacted file of a run, "
        "whose markers must all resolve. Prints one line for each problem: kind, where, what. "
        "No lines: all is well.",
        allow_abbrev=False,
    )
    parser.add_argument("--input", metavar="OUT", help="output of a run whose originals these are")
    parser.add_argument("--json", action="store_true", help="one JSON object, instead of lines")
    add_store_argument(parser)
    return parser
