"""`headroom-beam export`: prints the conversations in an agent's SQLite store as JSON Lines."""

import argparse
import logging
import sys
from collections.abc import Sequence

from headroom_beam.cli.console import log_to_stderr, write
from headroom_beam.files.sqlite_stores import STORES, export_records

__all__ = ["main"]

_WRITE_BYTES = 1 << 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code.

    Args:
        arguments: the arguments after the command's name; None for those of the process.

    Raises:
        StoreError: the store can't be read, or is locked.
        FormatError: it isn't SQLite, or no known store.
        IntegrityError: it is damaged.
    """
    known = _parser().parse_args(arguments)
    log_to_stderr(logging.WARNING)
    store, records = export_records(known.store)
    lines: list[bytes] = []
    waiting_bytes = count = 0
    for record in records:
        lines.append(record)
        waiting_bytes += len(record)
        count += 1
        if waiting_bytes >= _WRITE_BYTES:
            write(b"".join(lines))
            lines, waiting_bytes = [], 0
    write(b"".join(lines))
    sys.stderr.write(f"{count} records of {store.title}; crush them with --trace_format {store.name}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    stores = "".join(
        f"  {store.title}: {store.place}{f' ({store.own_export})' if store.own_export else ''}\n"
        for store in STORES.values()
    )
    parser = argparse.ArgumentParser(
        prog="headroom-beam export",
        description="Print the conversations in an agent's SQLite store as JSON Lines.",
        epilog=f"stores, and where they lie on Linux:\n{stores}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("store", metavar="STORE", help="the file; it is only read, and may be in use")
    return parser
