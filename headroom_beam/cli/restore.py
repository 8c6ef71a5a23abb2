"""Restores the files that `headroom-beam crush` has crushed, byte for byte, on any Beam runner.

    headroom-beam restore --input out --originals originals --output restored

Beam's options are accepted as well. Without `--runner` the pipeline runs in this process, as for
`headroom-beam crush`. If a line can't be restored, the log names it and the reason, its file isn't written,
and the exit code is 6.
"""

import argparse
import json
import logging
import sys
from collections.abc import Sequence

import apache_beam as beam

from headroom_beam.cli.beam_runner import counted, exit_code, pipeline_options, run_pipeline
from headroom_beam.errors import OriginalNotFound
from headroom_beam.files.restore_file import Unresolved
from headroom_beam.transforms.restore_files import RestoreFiles

__all__ = ["main"]

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None, *, prog: str = "headroom-beam restore") -> int:
    """Runs the command and returns its exit code; `docs/operations.md` lists the codes.

    Args:
        arguments: the arguments after the command's name; None for those of the process.
        prog: the name of the program in its messages.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--input", required=True, metavar="ROOT", help="the output of `headroom-beam crush`")
    parser.add_argument("--originals", required=True, metavar="ROOT", help="the store of that run")
    parser.add_argument(
        "--output",
        required=True,
        metavar="ROOT",
        help="where restored files go: a directory or gs://bucket/prefix",
    )
    parser.add_argument("--json", action="store_true", help="print the counts as JSON instead of a sentence")
    known, beam_arguments = parser.parse_known_args(arguments)
    with exit_code() as code:
        restore = RestoreFiles(known.input, known.originals, known.output)
        pipeline = beam.Pipeline(options=pipeline_options(beam_arguments))
        restored = pipeline | "RestoreFiles" >> restore
        _ = restored.unresolved | "Log" >> beam.Map(_log)
        result = run_pipeline(pipeline)
        if result is not None:
            files, size_bytes, lines = (
                counted(result, name) for name in ("restored_files", "restored_bytes", "unresolved_lines")
            )
            if known.json:
                counts = {"restored_files": files, "restored_bytes": size_bytes, "unresolved_lines": lines}
                sys.stdout.write(json.dumps(counts) + "\n")
            else:
                sys.stdout.write(
                    f"{files:,} files restored, {size_bytes:,} bytes; {lines:,} lines can't be restored\n"
                )
            if lines:
                code.value = OriginalNotFound.exit_code
    return code.value


def _log(row: Unresolved) -> None:
    log.warning("%s, byte %d: %s", row.part, row.offset, row.message)
