"""Retrieval over HTTP: `headroom-beam serve`.

| request | answer |
|---|---|
| `POST /v1/retrieve` with `{"hash": HASH}` | the original |
| `GET /v1/retrieve/HASH` | the original |
| `POST /v1/retrieve/tool_call` with `{"tool_call": …, "provider": …}` | the original as a tool result for a model |
| `GET /v1/retrieve/stats` | size of the store, lookups by outcome since the start |
| `GET /healthz`, `GET /livez` | whether the process answers |

Every answer is JSON. An error has `error`, a word for programs, and `message`, a sentence for people; neither holds
text of an original. Without a token only this machine is served: `serve` refuses to listen anywhere else, and the
application refuses requests that come from, or are addressed to, anything but loopback.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import logging
import socket
import sys
import time
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from headroom_beam.errors import IntegrityError, InvalidHash, StoreError
from headroom_beam.records import check_hash, describe_original
from headroom_beam.store.resolution import resolution_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from headroom_beam.store.store import OriginalStore

__all__ = ["check_binding", "create_app", "serve"]

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 << 10
"""A longer request body is refused: a request holds one hash."""
MIN_TOKEN_LENGTH = 16
MAX_PORT = 65535

OUTCOMES = {
    "missing": HTTPStatus.NOT_FOUND,
    "expired": HTTPStatus.GONE,
    "erased": HTTPStatus.GONE,
    "ambiguous": HTTPStatus.CONFLICT,
    "damaged": HTTPStatus.INTERNAL_SERVER_ERROR,
}
_TOOL_NAME = "headroom_retrieve"


def create_app(store: OriginalStore, *, token: str | None = None) -> Starlette:
    """Makes the ASGI application.

    Args:
        store: where originals are looked up.
        token: what requests must carry as `Authorization: Bearer TOKEN`, save for the health check; without one only
            requests from this machine to this machine are served.

    Raises:
        ValueError: the token is too short to keep anybody out.
    """
    if token is not None and len(token) < MIN_TOKEN_LENGTH:
        raise ValueError(f"the token has {len(token)} characters; it needs at least {MIN_TOKEN_LENGTH}")
    retrieval = _Retrieval(store)
    app = Starlette(
        routes=[
            Route("/v1/retrieve", retrieval.post, methods=["POST"]),
            Route("/v1/retrieve/tool_call", retrieval.tool_call, methods=["POST"]),
            Route("/v1/retrieve/stats", retrieval.stats, methods=["GET"]),
            Route("/v1/retrieve/{hash}", retrieval.get, methods=["GET"]),
            Route("/healthz", _health, methods=["GET"]),
            Route("/livez", _health, methods=["GET"]),
        ],
        exception_handlers={
            HTTPException: _http_error,
            InvalidHash: _invalid_hash,
            IntegrityError: _store_error,
            StoreError: _store_error,
        },
    )
    app.add_middleware(_Gate, token=token)
    return app


def check_binding(host: str, token: str | None) -> None:
    """Refuses an address that others can reach, unless a token is set.

    Raises:
        ValueError: the address isn't loopback and there is no token.

    >>> check_binding("127.0.0.1", None)
    >>> check_binding("0.0.0.0", None)
    Traceback (most recent call last):
    ValueError: 0.0.0.0 can be reached from other machines; set a token, or listen on 127.0.0.1
    """
    if token is None and not _is_loopback(host):
        raise ValueError(
            f"{host or 'every address'} can be reached from other machines; set a token, or listen on 127.0.0.1"
        )


def serve(store: OriginalStore, *, host: str = "127.0.0.1", port: int = 8788, token: str | None = None) -> None:
    """Serves until the process is interrupted. Says on standard error where it listens; port 0 takes a free one.

    Raises:
        ValueError: an address that others can reach, without a token; a token that is too short; no port.
        OSError: the address is taken or isn't one of this machine.
    """
    check_binding(host, token)
    if not 0 <= port <= MAX_PORT:
        raise ValueError(f"port is {port}; it is from 0 to {MAX_PORT}")
    app = create_app(store, token=token)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    # One line of our own stands for each request: the usual access log goes to standard output and prints raw paths.
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
    where = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    sys.stderr.write(f"headroom-beam serves {store.root} on {where}\n")
    sys.stderr.flush()
    with listener:
        uvicorn.Server(config).run(sockets=[listener])


class _Retrieval:
    """The endpoints over one store, with counts of what they answered."""

    def __init__(self, store: OriginalStore) -> None:
        self._store = store
        self._outcomes: Counter[str] = Counter()
        self._start_s = time.monotonic()

    async def post(self, request: Request) -> JSONResponse:
        body = await _json_body(request)
        if not isinstance(body.get("hash"), str):
            raise HTTPException(HTTPStatus.BAD_REQUEST, 'the body lacks "hash"')
        status, answer = await self._look_up(body["hash"])
        return JSONResponse(answer, status)

    async def get(self, request: Request) -> JSONResponse:
        status, answer = await self._look_up(request.path_params["hash"])
        return JSONResponse(answer, status)

    async def tool_call(self, request: Request) -> JSONResponse:
        body = await _json_body(request)
        call, provider = body.get("tool_call"), body.get("provider", "anthropic")
        if not isinstance(call, dict) or provider not in ("anthropic", "openai"):
            raise HTTPException(
                HTTPStatus.BAD_REQUEST, 'the body needs "tool_call" and "provider": anthropic or openai'
            )
        _, answer = await self._look_up(_hash_of_call(call, provider))
        # A miss is no failure of this request: the model must be told, in the shape in which it asked.
        success = "error" not in answer
        content = json.dumps(answer, ensure_ascii=False)
        if provider == "openai":
            result = {"role": "tool", "tool_call_id": call.get("id", ""), "content": content}
        else:
            result = {"type": "tool_result", "tool_use_id": call.get("id", ""), "content": content}
            result |= {} if success else {"is_error": True}
        return JSONResponse({"tool_result": result, "success": success, "data": answer})

    async def stats(self, request: Request) -> JSONResponse:  # noqa: ARG002
        size = await run_in_threadpool(self._store.size)
        return JSONResponse(
            {
                "store": {"packs": size.pack_count, "pack_bytes": size.pack_file_bytes},
                "lookups": dict(sorted(self._outcomes.items())),
                "uptime_s": round(time.monotonic() - self._start_s, 3),
            }
        )

    async def _look_up(self, text: str) -> tuple[int, dict[str, Any]]:
        check_hash(text)
        start_s = time.monotonic()
        lookup = await run_in_threadpool(self._store.get_many, [text])
        outcome = lookup.unresolved.get(text, "found")
        self._outcomes[outcome] += 1
        log.info("lookup %s %s %.1f ms", text, outcome, 1000 * (time.monotonic() - start_s))
        if text in lookup.unresolved:
            error = resolution_error(text, lookup.unresolved[text])
            return OUTCOMES[outcome], {"error": outcome, "message": str(error), "hash": text}
        return HTTPStatus.OK, describe_original(text, lookup.found.to_pylist()[0])


def _hash_of_call(call: Mapping[str, Any], provider: str) -> str:
    """Gives the hash that a model's tool call asks for; raises a 400 for anything else."""
    try:
        function: Any = call["function"] if provider == "openai" else call
        arguments = json.loads(function["arguments"]) if provider == "openai" else function["input"]
        # Frameworks put the server's name before that of the tool, as in mcp__headroom__headroom_retrieve.
        if function["name"].endswith(_TOOL_NAME) and isinstance(arguments["hash"], str):
            return str(arguments["hash"])
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        pass
    what = f"the tool call isn't one of {_TOOL_NAME} with a hash, in the form of {provider}"
    raise HTTPException(HTTPStatus.BAD_REQUEST, what)


async def _json_body(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is over {MAX_BODY_BYTES} bytes")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body isn't a JSON object")
    return value


async def _health(request: Request) -> JSONResponse:  # noqa: ARG001
    return JSONResponse({"status": "healthy", "alive": True})


WORDS = {400: "bad_request", 404: "no_such_endpoint", 405: "method_not_allowed", 413: "too_large"}


async def _http_error(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    assert isinstance(error, HTTPException)
    body = {"error": WORDS.get(error.status_code, "http_error"), "message": error.detail}
    return JSONResponse(body, error.status_code, headers=error.headers)


async def _invalid_hash(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    return JSONResponse({"error": "invalid_hash", "message": str(error)}, HTTPStatus.BAD_REQUEST)


async def _store_error(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    log.error("the store can't be read: %s", error)
    retryable = isinstance(error, StoreError) and error.retryable
    status = HTTPStatus.SERVICE_UNAVAILABLE if retryable else HTTPStatus.INTERNAL_SERVER_ERROR
    return JSONResponse({"error": "store", "message": "the store can't be read now"}, status)


class _Gate:
    """Lets a request in that carries the token or, where there is none, stays on this machine.

    The address in the Host header counts as well: a web page of another site, whose name was made to point here, is
    opened by a browser on this machine.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (refusal := self._refusal(scope)) is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = dict(scope["headers"])
        if self._token is not None:
            if scope["path"] in ("/healthz", "/livez"):
                return None
            given, expected = headers.get(b"authorization", b""), f"Bearer {self._token}".encode()
            if hmac.compare_digest(given, expected):
                return None
            body = {"error": "unauthorized", "message": "this server wants its token as Authorization: Bearer TOKEN"}
            return JSONResponse(body, HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
        client = scope.get("client")
        if (client is None or _is_loopback(client[0])) and _is_loopback(_host_name(headers.get(b"host", b""))):
            return None
        body = {"error": "forbidden", "message": "without a token this server serves its own machine only"}
        return JSONResponse(body, HTTPStatus.FORBIDDEN)


def _host_name(header: bytes) -> str:
    try:
        return urlsplit("//" + header.decode("latin-1")).hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
