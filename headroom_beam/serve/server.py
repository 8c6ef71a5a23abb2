"""Listens on an address and serves the application, for `headroom-beam serve`."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

from headroom_beam.serve.app import create_app
from headroom_beam.serve.gate import is_loopback

if TYPE_CHECKING:
    from headroom_beam.store.store import OriginalStore

__all__ = ["check_binding", "serve"]

MAX_PORT = 65535


def check_binding(host: str, token: str | None) -> None:
    """Checks that a token is set if other machines can reach the address.

    Raises:
        ValueError: the address isn't loopback and there is no token.

    >>> check_binding("127.0.0.1", None)
    >>> check_binding("0.0.0.0", None)
    Traceback (most recent call last):
    ValueError: 0.0.0.0 can be reached from other machines; set a token, or listen on 127.0.0.1
    """
    if token is None and not is_loopback(host):
        raise ValueError(
            f"{host or 'every address'} can be reached from other machines; "
            "set a token, or listen on 127.0.0.1"
        )


def serve(
    store: OriginalStore, *, host: str = "127.0.0.1", port: int = 8788, token: str | None = None
) -> None:
    """Serves until the process is interrupted. Standard error says where.

    Args:
        store: where originals are looked up.
        host: the address to listen on.
        port: 0 takes a free one.
        token: what requests must carry, as for `create_app`.

    Raises:
        ValueError: other machines can reach the address and there is no token, the token is too short, or the
            port is out of its range.
        OSError: the address is taken or isn't one of this machine.
    """
    check_binding(host, token)
    if not 0 <= port <= MAX_PORT:
        raise ValueError(f"port is {port}; it must be from 0 to {MAX_PORT}")
    app = create_app(store, token=token)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    # uvicorn's access log goes to standard output and prints raw paths. The application logs lookups itself.
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
    where = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    sys.stderr.write(f"headroom-beam serves {store.root} on {where}\n")
    sys.stderr.flush()
    with listener:
        uvicorn.Server(config).run(sockets=[listener])
