"""The command line: `headroom-beam crush | restore | get | check | serve`.

Standard output is data, standard error is talk. Exit codes are those of the errors, listed in `docs/operations.md`;
an error on purpose is one line, without a traceback.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from headroom_beam.errors import FormatError, HeadroomBeamError, IntegrityError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from headroom_beam.files.manifest import CompactedPart
    from headroom_beam.objects.base import Objects
    from headroom_beam.store.check import Problem

__all__ = ["main"]

TOKEN_VARIABLE = "HEADROOM_BEAM_TOKEN"  # noqa: S105
USAGE_EXIT_CODE = 2
INTERRUPTED_EXIT_CODE = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and gives its exit code.

    Args:
        arguments: those behind the program's name; the process's own unless given.

    >>> main(["get", "abc", "--originals", "somewhere"])
    5
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in _PIPELINES:
            return _PIPELINES[given[0]](given[1:])
        parsed = _parser().parse_args(given)
        logging.basicConfig(stream=sys.stderr, level=parsed.log_level, format="%(asctime)s %(levelname)s %(message)s")
        command: Callable[[argparse.Namespace], int] = parsed.command
        return command(parsed)
    except HeadroomBeamError as error:
        return _say(error, error.exit_code)
    except ValueError as error:
        return _say(error, USAGE_EXIT_CODE)
    except BrokenPipeError:
        # The reader has had enough, as `head` has. Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return StoreError.exit_code
    except OSError as error:
        return _say(error, StoreError.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED_EXIT_CODE


def _say(error: Exception, exit_code: int) -> int:
    sys.stderr.write(f"{type(error).__name__}: {error}\n")
    return exit_code


def _crush(arguments: Sequence[str]) -> int:
    from headroom_beam.cli import crush

    return crush.main(arguments)


def _restore(arguments: Sequence[str]) -> int:
    from headroom_beam.cli import restore

    return restore.main(arguments)


# These two take every option of Beam's and are whole programs, with a parser and a --help of their own.
_PIPELINES = {"crush": _crush, "restore": _restore}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headroom-beam",
        description="Crush LLM tool traces; every byte comes back.",
        epilog="headroom-beam COMMAND --help says more.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    commands.add_parser("crush", help="crush JSONL files into compacted files and a store of originals")
    commands.add_parser("restore", help="restore the files of a run, byte for byte")

    get = commands.add_parser("get", help="write one original to standard output, byte for byte", allow_abbrev=False)
    get.add_argument("hash", metavar="HASH", help="24 digits as in a marker, or the full digest of 64")
    get.add_argument("--json", action="store_true", help="one JSON object with what is known of it, instead of bytes")
    get.set_defaults(command=_get, log_level=logging.WARNING)

    check = commands.add_parser(
        "check",
        help="read a whole store, and a run's compacted files, and say what is wrong",
        description="Reads every pack, index and tombstone; with --input also every compacted file of a run, whose "
        "markers must all resolve. Prints one line for each problem: kind, where, what. No lines: all is well.",
        allow_abbrev=False,
    )
    check.add_argument("--input", metavar="OUT", help="output of a run whose originals these are")
    check.add_argument("--json", action="store_true", help="one JSON object, instead of lines")
    check.set_defaults(command=_check, log_level=logging.WARNING)

    serve = commands.add_parser(
        "serve",
        help="answer retrieval requests over HTTP",
        description="Answers retrieval over HTTP, for this machine only unless a token is set, by --token-file "
        f"or in {TOKEN_VARIABLE}; requests then carry it as Authorization: Bearer TOKEN.",
        allow_abbrev=False,
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, default=8788, help="port to listen on, 0 for a free one (default: 8788)")
    serve.add_argument("--token-file", type=Path, metavar="FILE", help="file with the token that requests must carry")
    serve.set_defaults(command=_serve, log_level=logging.INFO)

    for each in (get, check, serve):
        each.add_argument(
            "--originals", required=True, metavar="ROOT", help="the store: a directory or gs://BUCKET/PREFIX"
        )
    return parser


def _get(arguments: argparse.Namespace) -> int:
    from headroom_beam.records import check_hash, describe_original
    from headroom_beam.store.lookup import lookup_many, resolution_error
    from headroom_beam.store.store import OriginalStore

    check_hash(arguments.hash)
    lookup = lookup_many(OriginalStore.open(arguments.originals, create=False), [arguments.hash])
    if arguments.hash in lookup.unresolved:
        raise resolution_error(arguments.hash, lookup.unresolved[arguments.hash])
    (row,) = lookup.found.to_pylist()
    if arguments.json:
        _write_json(describe_original(arguments.hash, row))
    else:
        _write(row["original"])
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from headroom_beam.files.report import format_bytes
    from headroom_beam.objects.base import open_objects
    from headroom_beam.store.store import OriginalStore

    store = OriginalStore.open(arguments.originals, create=False)
    found: list[Problem] = []
    hashes = None if arguments.input is None else _hashes(open_objects(arguments.input), found)
    report = store.check(hashes=hashes)
    problems = [*found, *report.problems]
    if arguments.json:
        _write_json({**report._asdict(), "problems": [problem._asdict() for problem in problems]})
    for problem in [] if arguments.json else problems:
        sys.stdout.write(f"{problem.kind}\t{problem.name}\t{problem.message}\n")
    orphans = "" if report.orphan_count is None else f", {report.orphan_count:,} that no marker names"
    sys.stderr.write(
        f"{report.pack_count:,} packs, {report.original_count:,} originals "
        f"({format_bytes(report.original_bytes)}){orphans}: {len(problems):,} problems\n"
    )
    return IntegrityError.exit_code if problems else 0


def _hashes(output: Objects, problems: list[Problem]) -> Iterator[str]:
    """Gives the hash of every marker of a run, while it compares each part with the manifest."""
    from headroom_beam.files.manifest import read_manifest
    from headroom_beam.objects.base import ObjectNotFound
    from headroom_beam.store.check import Problem

    for part in read_manifest(output).parts:
        try:
            yield from _part_hashes(output, part)
        except ObjectNotFound:
            problems.append(Problem("lost", f"{output.root}/{part.part}", "the manifest lists it, and it isn't there"))
        except (FormatError, IntegrityError) as error:
            problems.append(Problem("corrupt", f"{output.root}/{part.part}", str(error)))


def _part_hashes(output: Objects, part: CompactedPart) -> Iterator[str]:
    from headroom_beam import _core
    from headroom_beam.files.blocks import chunks_of, cut_blocks
    from headroom_beam.files.codecs import open_decompressed

    digest = hashlib.sha256()
    for block in cut_blocks(chunks_of(open_decompressed(output, part.part))):
        digest.update(block.data)
        yield from _core.markers(block.data).column("hash").to_pylist()
    if digest.hexdigest() != part.compacted_digest:
        raise IntegrityError("the part isn't what the run wrote: its SHA-256 isn't the manifest's")


def _serve(arguments: argparse.Namespace) -> int:
    from headroom_beam.serve.app import serve
    from headroom_beam.store.store import OriginalStore

    token = os.environ.get(TOKEN_VARIABLE) or None
    if arguments.token_file is not None:
        token = arguments.token_file.read_text(encoding="utf-8").strip()
    store = OriginalStore.open(arguments.originals, create=False)
    with contextlib.suppress(KeyboardInterrupt):
        serve(store, host=arguments.host, port=arguments.port, token=token)
    return 0


def _write_json(value: object) -> None:
    _write(json.dumps(value).encode() + b"\n")


def _write(data: bytes) -> None:
    # With PYTHONUNBUFFERED standard output writes what a pipe takes at once and leaves the rest; this writes it all.
    with open(sys.stdout.fileno(), "wb", closefd=False) as output:
        output.write(data)


if __name__ == "__main__":
    sys.exit(main())
