"""Crushes files into compacted files and a store of originals, on any Beam runner.

    headroom-beam crush --input 'logs/**/*.jsonl' --output out --originals originals

Input files hold JSON Lines or JSON of any layout, plain, compressed or in archives, or are Parquet files.
Text files to which an agent wrote whole results, beside its session, are crushed too. Other files in a folder
are copied.

Beam's options are accepted as well. Without `--runner` the pipeline runs in this process, on `FnApiRunner`
with a thread for each core, up to 4. Beam's own default, `DirectRunner`, would first try to download another
runner.

To finish an interrupted run, run the same command again. The summary of the run goes to standard output. On a
terminal, standard error shows the progress. A run without payloads, or mostly of failures, ends with code 12:
all that it has written is whole, but the error says what to do.
"""

import argparse
import json
import sys
from collections.abc import Sequence

import apache_beam as beam

from headroom_beam.cli.beam_runner import exit_code, pipeline_options, run_pipeline
from headroom_beam.cli.options import (
    add_config_arguments,
    add_payload_arguments,
    config_from,
    trace_format_from,
)
from headroom_beam.cli.progress import RunProgress
from headroom_beam.files.manifest import read_manifest
from headroom_beam.files.payload_check import check_summary
from headroom_beam.files.report import format_summary
from headroom_beam.files.shards import SHARD_BYTES
from headroom_beam.objects.open import open_objects
from headroom_beam.transforms.crush_files import CrushFiles

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None, *, prog: str = "headroom-beam crush") -> int:
    """Runs the command and returns its exit code; `docs/operations.md` lists the codes.

    Args:
        arguments: the arguments after the command's name; None for those of the process.
        prog: the name of the program in its messages.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if "--streaming" in given:
        # Imported here: it needs the client of Pub/Sub, which is an extra of the package.
        from headroom_beam.cli import stream

        return stream.main(given, prog=f"{prog} --streaming")
    parser = _parser(prog)
    known, beam_arguments = parser.parse_known_args(given)
    for name in ("input", "output", "originals"):
        if not getattr(known, name):
            parser.error(f"--{name} is missing")
    with exit_code() as code:
        crush = CrushFiles(
            known.input,
            known.output,
            known.originals,
            trace_format=trace_format_from(known),
            config=config_from(known),
            shard_bytes=known.shard_bytes,
            run_date=known.run_date,
            max_file_tokens=known.max_file_tokens,
            explain=known.explain,
            pad_lines=known.pad_lines,
        )
        pipeline = beam.Pipeline(options=pipeline_options(beam_arguments))
        _ = pipeline | "CrushFiles" >> crush
        with RunProgress(known.output):
            result = run_pipeline(pipeline)
        if result is not None:
            summary = read_manifest(open_objects(known.output)).summary
            sys.stdout.write((json.dumps(summary) if known.json else format_summary(summary)) + "\n")
            sys.stdout.flush()
            check_summary(summary)
    return code.value


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--input",
        nargs="+",
        action="extend",
        metavar="PATTERN",
        help="files, directories or patterns, local or gs://",
    )
    parser.add_argument(
        "--output", metavar="ROOT", help="where compacted files go: a directory or gs://bucket/prefix"
    )
    parser.add_argument("--originals", metavar="ROOT", help="the store: a directory or gs://bucket/prefix")
    add_payload_arguments(parser)
    parser.add_argument(
        "--shard_bytes",
        type=int,
        default=SHARD_BYTES,
        metavar="N",
        help="approximate input bytes of a shard, the unit of work (default: %(default)s)",
    )
    parser.add_argument(
        "--run_date",
        metavar="DATE",
        help="date stored with each original, such as 2026-01-31 (default: today, UTC)",
    )
    parser.add_argument(
        "--max_file_tokens",
        type=int,
        default=0,
        metavar="N",
        help="budget of all payloads of a file together, in tokens, where a file is one conversation; 0 for "
        "none. Files with a budget aren't divided (default: %(default)s)",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="write what was decided for each payload, and why, to _explanations/ below the output",
    )
    parser.add_argument(
        "--pad_lines",
        action="store_true",
        help="pad each compacted line of a JSON Lines file with blanks to its old length, for programs that "
        "remember in bytes how far they have read it; restoring takes the blanks off",
    )
    parser.add_argument(
        "--streaming", action="store_true", help=f"crush Pub/Sub messages: see {prog} --streaming --help"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON instead of a table")
    add_config_arguments(parser)
    return parser
