"""`headroom-beam get`: writes one original to standard output, byte for byte."""

import argparse
import logging
from collections.abc import Sequence

from headroom_beam.cli.console import log_to_stderr, write, write_json
from headroom_beam.cli.options import add_store_argument
from headroom_beam.records import check_hash, describe_original
from headroom_beam.store.lookup import lookup_many
from headroom_beam.store.resolution import resolution_error
from headroom_beam.store.store import OriginalStore

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code.

    Args:
        arguments: the arguments after the command's name; None for those of the process.

    Raises:
        InvalidHash: the argument is neither a hash nor a digest.
        OriginalNotFound, OriginalExpired, AmbiguousHash, IntegrityError: the original can't be given out.
        StoreError: the store can't be read.
    """
    known = _parser().parse_args(arguments)
    log_to_stderr(logging.WARNING)
    check_hash(known.hash)
    lookup = lookup_many(OriginalStore.open(known.originals, create=False), [known.hash])
    if known.hash in lookup.unresolved:
        raise resolution_error(known.hash, lookup.unresolved[known.hash])
    (row,) = lookup.found.to_pylist()
    if known.json:
        write_json(describe_original(known.hash, row))
    else:
        write(row["original"])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="headroom-beam get", allow_abbrev=False)
    parser.add_argument("hash", metavar="HASH", help="24 digits as in a marker, or the full digest of 64")
    parser.add_argument(
        "--json", action="store_true", help="print a JSON object with the original and its properties"
    )
    add_store_argument(parser)
    return parser
