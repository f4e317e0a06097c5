"""No body is larger than its route takes, and whoever sends too much is told so."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitoring.web.problems import answer

MOST_BYTES = 64_000
DISCARD_SECONDS = 10.0
UPLOADS = frozenset({("POST", "/api/inspect"), ("POST", "/check")})
Limit = Callable[[str, str], int]


def limit_of(max_upload_mb: int) -> Limit:
    """Return a function that says how many bytes the body of a method and a path may have."""

    def most(method: str, path: str) -> int:
        return max_upload_mb * 1_000_000 if (method, path) in UPLOADS else MOST_BYTES

    return most


class BodyLimit:
    """Answers 413 at once where Content-Length says too much, and else when too much has come."""

    def __init__(self, app: ASGIApp, *, most: Limit) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        most = self._most(scope["method"], scope["path"])
        body = _Body(scope, receive, send, most)
        app = self._app if body.length <= most else answer(Request(scope), *too_much(most))
        await app(scope, body.receive, body.send)


class _Body:
    """The body of one request.

    A client that sends everything before it reads would find its connection reset where it is answered early. So what
    it still sends is read and forgotten, for a while, before the answer ends; not from one that waits for `100
    Continue`, which has sent nothing yet.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        headers = Headers(scope=scope)
        told = headers.get("content-length", "")
        self.length = int(told[:20]) if told.isascii() and told.isdigit() else 0
        self._scope, self._receive, self._send = scope, receive, send
        self._most = most
        self._came = 0
        self._ended = False
        self._answered = False
        self._waits = headers.get("expect", "").lower() == "100-continue"

    async def receive(self) -> Message:
        message = await self._receive()
        self._waits = False
        self._came += len(message.get("body", b""))
        self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        if self._came > self._most and not self._answered:
            raise HTTPException(*too_much(self._most))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._answered = True
            if not self._ended:
                MutableHeaders(scope=message)["Connection"] = "close"
        if message.get("more_body") or message["type"] != "http.response.body" or self._ended or self._waits:
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        await self._discard()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _discard(self) -> None:
        try:
            async with asyncio.timeout(DISCARD_SECONDS):
                while not self._ended:
                    await self.receive()
        except TimeoutError:
            return


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def too_much(most: int) -> tuple[int, str]:
    """Return status and words for a body above the limit."""
    raised_by = "" if most == MOST_BYTES else "; MONITORING_MAX_UPLOAD_MB raises the limit"
    words = f"the body is too large: at most {most:,} bytes are taken here{raised_by}"
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words
