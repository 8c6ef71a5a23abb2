"""`headroom-beam estimate`: prints what crushing would save, and writes nothing."""

import argparse
import logging
from collections.abc import Sequence

from headroom_beam.cli.console import log_to_stderr, write, write_json
from headroom_beam.cli.options import (
    add_config_arguments,
    add_payload_arguments,
    add_sample_arguments,
    config_from,
    sample_size_from,
    trace_format_from,
)
from headroom_beam.cli.progress import ProgressLine
from headroom_beam.crush.trace_formats import side_files_of
from headroom_beam.files.estimate import (
    BUDGETS,
    check_payloads,
    estimate_files,
)
from headroom_beam.files.estimate_report import format_estimate
from headroom_beam.files.inputs import find_inputs
from headroom_beam.files.sample import plan_sample
from headroom_beam.files.sources import LeftOut

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code.

    Args:
        arguments: the arguments after the command's name; None for those of the process.

    Raises:
        PayloadNotFound: there are records, but no payload in any of them, or most of them are failures. The
            estimate was printed.
        StoreError: no input is found, or it can't be read.
        IntegrityError: an input file is truncated or damaged.
        ValueError: an option is out of its range.
    """
    known = _parser().parse_args(arguments)
    log_to_stderr(logging.WARNING)
    config = config_from(known)
    trace_format = trace_format_from(known)
    budgets = known.budgets or sorted({*BUDGETS, config.max_tokens})
    size = sample_size_from(known)
    left_out: list[LeftOut] = []
    sources = find_inputs(
        known.input,
        side_files=side_files_of(trace_format),
        max_bytes=config.max_record_bytes,
        left_out=left_out,
    )
    pieces = plan_sample(sources, size)
    with ProgressLine(sum(piece.size_bytes for piece in pieces)) as progress:
        estimate = estimate_files(
            sources,
            pieces,
            trace_format=trace_format,
            config=config,
            budgets=budgets,
            left_out=left_out,
            on_progress=lambda size_bytes, records, failures: progress.update(
                size_bytes, records=records, failures=failures
            ),
        )
    if known.json:
        write_json(estimate)
    else:
        write(format_estimate(estimate).encode(errors="backslashreplace") + b"\n")
    check_payloads(estimate)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headroom-beam estimate",
        description="Reads a sample of the input, or all of it, and prints by format, tool and kind how many "
        "tokens crushing would save: without loss, and at several budgets. Writes nothing.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "input", nargs="+", metavar="INPUT", help="files, directories or patterns, local or gs://"
    )
    add_payload_arguments(parser)
    add_sample_arguments(parser)
    parser.add_argument(
        "--budgets",
        nargs="+",
        type=int,
        metavar="N",
        help="budgets of a payload to try, in tokens "
        f"(default: {' '.join(map(str, BUDGETS))}, and max_tokens)",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object instead of tables")
    add_config_arguments(parser)
    return parser
