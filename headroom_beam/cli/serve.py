"""`headroom-beam serve`: answers retrieval requests over HTTP."""

import argparse
import contextlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from headroom_beam.cli.console import log_to_stderr
from headroom_beam.cli.options import add_store_argument
from headroom_beam.serve.server import serve
from headroom_beam.store.store import OriginalStore

__all__ = ["TOKEN_VARIABLE", "main"]

TOKEN_VARIABLE = "HEADROOM_BEAM_TOKEN"  # noqa: S105


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until the process is interrupted.

    Args:
        arguments: the arguments after the command's name; None for those of the process.

    Raises:
        ValueError: other machines can reach the address and there is no token, the token is too short, or the
            port isn't one.
        OSError: the address is taken or isn't one of this machine, or the file with the token can't be read.
        StoreError: there is no store, or it can't be read.
    """
    known = _parser().parse_args(arguments)
    log_to_stderr(logging.INFO)
    token = os.environ.get(TOKEN_VARIABLE) or None
    if known.token_file is not None:
        token = known.token_file.read_text(encoding="utf-8").strip()
    store = OriginalStore.open(known.originals, create=False)
    with contextlib.suppress(KeyboardInterrupt):
        serve(store, host=known.host, port=known.port, token=token)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="headroom-beam serve",
        description="Answers retrieval requests over HTTP, without a token for this machine only. The token "
        f"comes from --token-file or {TOKEN_VARIABLE}. Requests carry it as Authorization: Bearer TOKEN.",
        allow_abbrev=False,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, default=8788, help="port to listen on, 0 for a free one (default: 8788)"
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="file with the token that requests must carry"
    )
    add_store_argument(parser)
    return parser
