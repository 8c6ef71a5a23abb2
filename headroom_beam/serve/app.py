"""Makes the ASGI application that gives out originals over HTTP.

| request | answer |
|---|---|
| `POST /v1/retrieve` with `{"hash": HASH}` | the original |
| `GET /v1/retrieve/HASH` | the original |
| `POST /v1/retrieve/tool_call` with `{"tool_call": …, "provider": …}` | the original as a tool result |
| `GET /v1/retrieve/stats` | size of the store, lookups by outcome since the start, uptime |
| `GET /healthz`, `GET /livez` | whether the process answers |

Every answer is JSON. An error has `error`, a word for programs, and `message`, a sentence for people. Neither
holds text of an original. `headroom_beam.serve.gate` decides whose requests are answered.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from headroom_beam.errors import IntegrityError, InvalidHash, StoreError
from headroom_beam.records import check_hash, describe_original
from headroom_beam.serve.gate import Gate
from headroom_beam.store.resolution import resolution_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from headroom_beam.store.store import OriginalStore

__all__ = ["MAX_BODY_BYTES", "create_app"]

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 << 10
"""Longest request body: a request holds only one hash."""
MIN_TOKEN_LENGTH = 16

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
        token: what all requests but health checks must carry as `Authorization: Bearer TOKEN`. If None, only
            requests from this machine to itself are served.

    Raises:
        ValueError: the token has fewer than 16 characters.
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
    app.add_middleware(Gate, token=token)
    return app


class _Retrieval:
    """The endpoints over one store. Counts lookups by outcome."""

    def __init__(self, store: OriginalStore) -> None:
        self._store = store
        self._outcomes: Counter[str] = Counter()
        self._start_s = time.monotonic()

    async def post(self, request: Request) -> JSONResponse:
        body = await _json_body(request)
        if not isinstance(body.get("hash"), str):
            raise HTTPException(HTTPStatus.BAD_REQUEST, 'the body needs "hash", a string')
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
        # A lookup without an original is no failed request: the model must get the reason as a tool result.
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
    """Returns the hash that a model's tool call asks for.

    Raises:
        HTTPException: it is no such call (status 400).
    """
    try:
        function: Any = call["function"] if provider == "openai" else call
        arguments = json.loads(function["arguments"]) if provider == "openai" else function["input"]
        # Frameworks put the server's name before the tool's, as in mcp__headroom__headroom_retrieve.
        if function["name"].endswith(_TOOL_NAME) and isinstance(arguments["hash"], str):
            return str(arguments["hash"])
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        pass
    what = f"the tool call isn't a call of {_TOOL_NAME} with a hash, in the form of {provider}"
    raise HTTPException(HTTPStatus.BAD_REQUEST, what)


async def _json_body(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is over {MAX_BODY_BYTES} bytes"
            )
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
