"""Options that several commands take."""

import argparse
import dataclasses
from typing import Any

from headroom_beam.crush.config import SmartCrusherConfig

__all__ = ["add_config_arguments", "add_store_argument", "config_from"]


def add_store_argument(parser: argparse.ArgumentParser) -> None:
    """Adds the option that names the store."""
    parser.add_argument(
        "--originals", required=True, metavar="ROOT", help="the store: a directory or gs://BUCKET/PREFIX"
    )


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
