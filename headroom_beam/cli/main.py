"""The command line: `headroom-beam COMMAND`. The table `_COMMANDS` below lists the commands.

Standard output carries data, standard error everything else. An expected error is one line, without a
traceback. `docs/operations.md` lists the exit codes.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from headroom_beam.cli.exit_codes import INTERRUPTED_EXIT_CODE, USAGE_EXIT_CODE
from headroom_beam.errors import HeadroomBeamError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

# Each command is imported when it is called, because only some need Beam, Arrow or the HTTP server.


def _crush(arguments: Sequence[str]) -> int:
    from headroom_beam.cli import crush

    return crush.main(arguments)


def _restore(arguments: Sequence[str]) -> int:
    from headroom_beam.cli import restore

    return restore.main(arguments)


def _estimate(arguments: Sequence[str]) -> int:
    from headroom_beam.cli import estimate

    return estimate.main(arguments)


def _formats(arguments: Sequence[str]) -> int:
    from headroom_beam.cli import formats

    return formats.main(arguments)


def _show(arguments: Sequence[str]) -> int:
    from headroom_beam.cli import show

    return show.main(arguments)


def _export(arguments: Sequence[str]) -> int:
    from headroom_beam.cli import export

    return export.main(arguments)


def _get(arguments: Sequence[str]) -> int:
    from headroom_beam.cli import get

    return get.main(arguments)


def _check(arguments: Sequence[str]) -> int:
    from headroom_beam.cli import check

    return check.main(arguments)


def _serve(arguments: Sequence[str]) -> int:
    from headroom_beam.cli import serve

    return serve.main(arguments)


_COMMANDS: dict[str, tuple[Callable[[Sequence[str]], int], str]] = {
    "crush": (_crush, "crush files into compacted files and a store of originals"),
    "restore": (_restore, "restore the files of a run, byte for byte"),
    "estimate": (_estimate, "print what crushing would save, and write nothing"),
    "formats": (_formats, "list the trace formats, or print what is found in files"),
    "show": (_show, "print the payloads of one record of a run, before and after"),
    "export": (_export, "print the conversations in an agent's SQLite store as JSON Lines"),
    "get": (_get, "write one original to standard output, byte for byte"),
    "check": (_check, "check a whole store, and the compacted files of a run"),
    "serve": (_serve, "answer retrieval requests over HTTP"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code.

    Args:
        arguments: the arguments after the program's name; None for those of the process.

    >>> main(["get", "abc", "--originals", "somewhere"])
    5
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in _COMMANDS:
            command, _ = _COMMANDS[given[0]]
            return command(given[1:])
        # This exits, with the help if it was asked for, else with a usage error.
        _parser().parse_args(given[:1])
        return USAGE_EXIT_CODE
    except HeadroomBeamError as error:
        return _print_error(error, error.exit_code)
    except ValueError as error:
        return _print_error(error, USAGE_EXIT_CODE)
    except BrokenPipeError:
        # The reader closed the pipe early, as `head` does. Python's last flush must not fail on it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return StoreError.exit_code
    except OSError as error:
        return _print_error(error, StoreError.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED_EXIT_CODE


def _print_error(error: Exception, exit_code: int) -> int:
    sys.stderr.write(f"{type(error).__name__}: {error}\n")
    return exit_code


def _parser() -> argparse.ArgumentParser:
    """Makes the parser of the command's name. The command's own parser takes the arguments after it."""
    parser = argparse.ArgumentParser(
        prog="headroom-beam",
        description="Crush LLM tool traces; every byte comes back.",
        epilog="headroom-beam COMMAND --help says more.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (_, text) in _COMMANDS.items():
        commands.add_parser(name, help=text)
    return parser
