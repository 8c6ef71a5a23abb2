"""What the programs share: Beam's options with a local default, running, and exit codes."""

import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.metrics import MetricsFilter
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from apache_beam.runners.runner import PipelineResult, PipelineState

from headroom_beam import errors
from headroom_beam.elements import METRICS_NAMESPACE

__all__ = ["ExitCode", "counted", "exit_code", "pipeline_options", "run_pipeline"]

# A worker holds a pack and what it is made of, about 250 MB.
_LOCAL_WORKERS = 8


def pipeline_options(arguments: Sequence[str]) -> PipelineOptions:
    """Beam's options; where they name no runner, that of this process with a thread for each core, up to 8.

    >>> pipeline_options([]).view_as(StandardOptions).runner
    'FnApiRunner'
    """
    options = PipelineOptions(list(arguments))
    if options.view_as(StandardOptions).runner is None:
        options.view_as(StandardOptions).runner = "FnApiRunner"
        direct = options.view_as(DirectOptions)
        if not any(argument.startswith(("--direct_running_mode", "--direct_num_workers")) for argument in arguments):
            direct.direct_running_mode = "multi_threading"
            direct.direct_num_workers = min(os.cpu_count() or 1, _LOCAL_WORKERS)
    return options


def run_pipeline(pipeline: beam.Pipeline) -> PipelineResult | None:
    """Runs a pipeline to its end; None when it was only translated or staged, as with `--dry_run` or a template.

    Raises:
        RuntimeError: it failed.
    """
    result = pipeline.run()
    if result is None or result.wait_until_finish() != PipelineState.DONE:
        return None
    return result


def counted(result: PipelineResult, name: str) -> int:
    """The value of one of our counters, 0 when it was never counted."""
    counters = result.metrics().query(MetricsFilter().with_namespace(METRICS_NAMESPACE).with_name(name))["counters"]
    return sum(counter.result for counter in counters)


@dataclass
class ExitCode:
    """The exit code that `exit_code` ends with."""

    value: int = 0


@contextmanager
def exit_code() -> Iterator[ExitCode]:
    """Turns an error into one line on standard error and an exit code."""
    code = ExitCode()
    try:
        yield code
    except errors.HeadroomBeamError as error:
        code.value = _report(type(error).__name__, str(error), error.exit_code)
    except ValueError as error:
        code.value = _report("ValueError", str(error), 2)
    except Exception as error:
        # Runners send what failed on a worker as text; the last line of its traceback names the error.
        found = _ERROR.findall(str(error))
        if not found:
            raise
        logging.getLogger(__name__).info("the pipeline failed", exc_info=True)
        name, message = found[-1]
        code.value = _report(name, message, getattr(errors, name, errors.HeadroomBeamError).exit_code)


_ERROR = re.compile(r"^(?:headroom_beam\.\w+\.)(\w+): (.*?)(?: \[while running .*)?$", re.MULTILINE)


def _report(name: str, message: str, code: int) -> int:
    sys.stderr.write(f"{name}: {message}\n")
    return code
