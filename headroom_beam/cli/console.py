"""Writes the output of the commands: data to standard output, the log to standard error."""

import json
import logging
import sys

__all__ = ["log_to_stderr", "write", "write_json"]


def log_to_stderr(level: int) -> None:
    """Sends log records of this level and above to standard error."""
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(message)s")


def write_json(value: object) -> None:
    """Writes a value as one line of JSON to standard output."""
    write(json.dumps(value).encode() + b"\n")


def write(data: bytes) -> None:
    """Writes all of the bytes to standard output."""
    # With PYTHONUNBUFFERED, `sys.stdout.buffer` writes only as much as a pipe takes at once. A buffered file
    # writes everything.
    with open(sys.stdout.fileno(), "wb", closefd=False) as output:
        output.write(data)
