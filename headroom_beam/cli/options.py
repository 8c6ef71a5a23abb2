"""Options that several commands take."""

import argparse
import dataclasses
from typing import Any

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.crush.trace_formats import AUTO, TRACE_FORMATS
from headroom_beam.files.estimate import SAMPLE_BYTES
from headroom_beam.files.report import format_bytes
from headroom_beam.files.sample import SampleSize, parse_sample

__all__ = [
    "add_config_arguments",
    "add_payload_arguments",
    "add_sample_arguments",
    "add_store_argument",
    "config_from",
    "sample_size_from",
    "trace_format_from",
]


def add_store_argument(parser: argparse.ArgumentParser) -> None:
    """Adds the option that names the store."""
    parser.add_argument(
        "--originals", required=True, metavar="ROOT", help="the store: a directory or gs://BUCKET/PREFIX"
    )


def add_payload_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say where payloads are."""
    parser.add_argument(
        "--trace_format",
        nargs="+",
        metavar="NAME",
        help="where payloads are: auto, json (the whole record), the name of a format such as openai or "
        "claude-code, a file of formats (.toml), or payload paths; `headroom-beam formats` lists the names "
        "(default: auto)",
    )
    parser.add_argument(
        "--select",
        nargs="+",
        action="extend",
        metavar="PATH",
        help="payload paths such as '.steps[*].output', beside --trace_format; without that, beside auto",
    )


def trace_format_from(known: argparse.Namespace) -> list[str]:
    """Returns what the options of `add_payload_arguments` say, as `trace_formats.resolve` takes it.

    Raises:
        ValueError: `--select` names something that is no path.
    """
    return [*(known.trace_format or [AUTO]), *map(_selected, known.select or ())]


def add_sample_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say how much of the input is read."""
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument(
        "--sample",
        metavar="SHARE_OR_BYTES",
        help="how much to read, such as 0.1, 10%% or 200MB. The sample is the same each time, and spread "
        f"over the files (default: {format_bytes(SAMPLE_BYTES)})",
    )
    amount.add_argument("--all", action="store_true", help="read everything")


def sample_size_from(known: argparse.Namespace) -> SampleSize | int | None:
    """Returns what the options of `add_sample_arguments` say; None for everything.

    Raises:
        ValueError: the sample is neither a share nor a size.
    """
    if known.all:
        return None
    return SAMPLE_BYTES if known.sample is None else parse_sample(known.sample)


def _selected(path: str) -> str:
    if path in TRACE_FORMATS or path == AUTO or path.endswith(".toml"):
        raise ValueError(f"--select takes payload paths; {path} is for --trace_format")
    try:
        _core.check_payload_path(path)
    except ValueError as error:
        raise ValueError(f"--select: {error}") from None
    return path


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds an option for each field of `SmartCrusherConfig`, with the field's name."""
    group = parser.add_argument_group("crushing")
    for field in dataclasses.fields(SmartCrusherConfig):
        flag, text = f"--{field.name}", field.metadata["help"]
        if isinstance(field.default, bool):
            text = f"{text} (default: {'on' if field.default else 'off'})"
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        elif isinstance(field.default, int | float):
            group.add_argument(
                flag, type=type(field.default), metavar="N", help=f"{text} (default: {field.default})"
            )
        else:
            group.add_argument(flag, nargs="+", action="extend", metavar="TEXT", help=text)


def config_from(known: argparse.Namespace) -> SmartCrusherConfig:
    """Makes the configuration from the options that were given.

    Raises:
        ValueError: an option is out of its range.
    """
    names = (field.name for field in dataclasses.fields(SmartCrusherConfig))
    given: dict[str, Any] = {name: getattr(known, name) for name in names if getattr(known, name) is not None}
    return SmartCrusherConfig(**given)
