"""Runs a pipeline for the command line, with Beam's options, and turns errors into exit codes."""

import argparse
import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from logging.handlers import MemoryHandler

import apache_beam as beam
from apache_beam.metrics import MetricsFilter
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from apache_beam.runners.runner import PipelineResult, PipelineState
from apache_beam.runners.worker import sdk_worker

from headroom_beam import errors
from headroom_beam.cli.exit_codes import USAGE_EXIT_CODE
from headroom_beam.transforms.metrics import METRICS_NAMESPACE

__all__ = ["ExitCode", "counted", "exit_code", "pipeline_options", "run_pipeline"]

log = logging.getLogger(__name__)

# These runners pass options that Beam doesn't know on to another program.
_RUNNERS_WITH_OPTIONS = ("PortableRunner", "FlinkRunner", "SparkRunner", "PrismRunner")

# A worker holds a pack and the originals for it, about 120 MB. Crushing 2.7 GB took 653 MB of memory with 2
# workers, 867 MB with 4 and 1,397 MB with 8. The default keeps a run under a gigabyte.
_LOCAL_WORKERS = 4


def pipeline_options(arguments: Sequence[str]) -> PipelineOptions:
    """Parses Beam's options.

    If they name no runner, the pipeline runs in this process, with a thread for each core, up to 4.

    Args:
        arguments: the arguments that the command itself doesn't know.

    Raises:
        ValueError: Beam doesn't know an option. Beam itself would only warn, and run without it.

    >>> pipeline_options([]).view_as(StandardOptions).runner
    'FnApiRunner'
    """
    options = PipelineOptions(list(arguments))
    unknown = _unknown(arguments)
    if unknown and options.view_as(StandardOptions).runner not in _RUNNERS_WITH_OPTIONS:
        raise ValueError(
            f"unknown options: {' '.join(unknown)}; see --help, and Beam's documentation of the runner"
        )
    if options.view_as(StandardOptions).runner is None:
        options.view_as(StandardOptions).runner = "FnApiRunner"
        direct = options.view_as(DirectOptions)
        if not any(
            argument.startswith(("--direct_running_mode", "--direct_num_workers")) for argument in arguments
        ):
            direct.direct_running_mode = "multi_threading"
            direct.direct_num_workers = min(os.cpu_count() or 1, _LOCAL_WORKERS)
    return options


def run_pipeline(pipeline: beam.Pipeline) -> PipelineResult | None:
    """Runs a pipeline to its end.

    Returns:
        The result. None if the pipeline was only translated or staged, as with `--dry_run` or a template.

    Raises:
        RuntimeError: the pipeline failed.
    """
    result = pipeline.run()
    # A runner that only translates returns a result without methods. The state of a template isn't DONE.
    if type(result) is PipelineResult or result.wait_until_finish() != PipelineState.DONE:
        return None
    return result


def counted(result: PipelineResult, name: str) -> int:
    """Returns the value of a counter in the package's namespace; 0 if nothing was counted."""
    counters = result.metrics().query(MetricsFilter().with_namespace(METRICS_NAMESPACE).with_name(name))[
        "counters"
    ]
    return sum(counter.result for counter in counters)


@dataclass
class ExitCode:
    """The exit code of a command. `exit_code` sets it when an error ends the `with` block."""

    value: int = 0


@contextmanager
def exit_code() -> Iterator[ExitCode]:
    """Turns an error into one line on standard error and an exit code."""
    code = ExitCode()
    # Runners log the traceback of every failed attempt, and the local runner's worker prints it as well. An
    # expected error needs only its one line, so Beam's log is held back until the kind of error is known.
    beam_log = logging.getLogger("apache_beam")
    held = MemoryHandler(capacity=1, flushLevel=logging.CRITICAL + 1)
    beam_log.addHandler(held)
    beam_log.propagate = False
    sdk_worker.print = _print_nothing
    try:
        yield code
    except Exception as error:
        cause = _cause(error)
        if cause is None:
            raise
        log.info("the pipeline failed", exc_info=True)
        name, message, code.value = cause
        held.buffer.clear()
        sys.stderr.write(f"{name}: {message}\n")
    finally:
        vars(sdk_worker).pop("print", None)
        beam_log.removeHandler(held)
        beam_log.propagate = True
        for record in held.buffer:
            beam_log.handle(record)


def _print_nothing(*_: object, **__: object) -> None:
    """Replaces `print` in a module that also logs what it prints."""


# Runners append the name of the step to the message. Some report an error of a worker as the text of its
# traceback.
_WHERE = re.compile(r" \[while running .*", re.DOTALL)
_RAISED = re.compile(r"^(headroom_beam(?:\.\w+)+|ValueError): (.*)$", re.MULTILINE)


def _cause(error: Exception) -> tuple[str, str, int] | None:
    """Returns name, message and exit code of an expected error; None if it needs its traceback."""
    if isinstance(error, errors.HeadroomBeamError | ValueError):
        kind, message = type(error), str(error)
    else:
        found = _RAISED.findall(str(error))
        if not found:
            return None
        module, _, name = found[-1][0].rpartition(".")
        kind, message = getattr(import_module(module or "builtins"), name), found[-1][1]
    return kind.__name__, _WHERE.sub("", message), getattr(kind, "exit_code", USAGE_EXIT_CODE)


def _unknown(arguments: Sequence[str]) -> list[str]:
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    for options in PipelineOptions.__subclasses__():
        # Beam has no public way to ask whether it knows an option.
        options._add_argparse_args(parser)  # noqa: SLF001
    return parser.parse_known_args(list(arguments))[1]
