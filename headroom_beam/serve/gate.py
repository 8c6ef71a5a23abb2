"""Decides which requests are answered: those with the token or, if there is none, those on this machine."""

from __future__ import annotations

import hmac
import ipaddress
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Gate", "is_loopback"]


class Gate:
    """Lets in requests that carry the token or, if there is none, that come from and go to this machine.

    The Host header must name this machine too. A browser on this machine may show a web page of another site
    whose host name points here, and its requests then come from this machine.

    Args:
        app: the application behind the gate.
        token: what requests must carry as `Authorization: Bearer TOKEN`, or None.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request to the application, or refuses it."""
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
            body = {
                "error": "unauthorized",
                "message": "this server needs its token as Authorization: Bearer TOKEN",
            }
            return JSONResponse(body, HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
        client = scope.get("client")
        if (client is None or is_loopback(client[0])) and is_loopback(_host_name(headers.get(b"host", b""))):
            return None
        body = {"error": "forbidden", "message": "without a token, this server serves its own machine only"}
        return JSONResponse(body, HTTPStatus.FORBIDDEN)


def _host_name(header: bytes) -> str:
    try:
        return urlsplit("//" + header.decode("latin-1")).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Returns whether a host name or address is loopback."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
