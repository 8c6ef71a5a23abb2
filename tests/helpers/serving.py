"""Runs the HTTP server on a free port while a test needs it."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator

import httpx
import uvicorn
from helpers.generators import RUN_DATE, rows_of

from headroom_beam.serve.app import create_app
from headroom_beam.store.store import OriginalStore

SERVED_ROWS = b'[{"id": 1}, {"id": 2, "name": "J\xc3\xbcrgen \\ud800"}]'
NOT_UTF8 = b'{"broken": "\xff\xfe"}'
TOKEN = "a token of some length"


def put_originals(store: OriginalStore, *originals: bytes) -> list[str]:
    """Puts originals into a store, and returns the names of its new packs."""
    return store.put_many(rows_of(originals, kind="rows"), run_date=RUN_DATE)


@contextlib.contextmanager
def serving(
    store: OriginalStore, token: str | None = None, headers: dict[str, str] | None = None
) -> Iterator[httpx.Client]:
    """Yields a client of a server over this store. The server stops at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(store, token=token), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=url, headers=headers, timeout=300) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(300)
        listener.close()


def environment_without_token() -> dict[str, str]:
    """Returns the environment of this process, without the token of a server."""
    return {name: value for name, value in os.environ.items() if name != "HEADROOM_BEAM_TOKEN"}
