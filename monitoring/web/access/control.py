"""Nothing but the login page is shown, and nothing is written, before it is known who asks."""

from http import HTTPStatus
from urllib.parse import quote

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitoring.web.access.asking import remember
from monitoring.web.access.cross_site import SAFE_METHODS
from monitoring.web.access.gates import CHALLENGE, Gate
from monitoring.web.access.limited import who_counts
from monitoring.web.access.rates import Rate, Rates
from monitoring.web.access.roles import User
from monitoring.web.problems import answer

OPEN_PATHS = frozenset({"/login", "/logout", "/health", "/metrics"})
OPEN_FOLDER = "/static/"
LONGEST_PATH = 1000


class AccessControl:
    """Puts who asks on the request, or answers that they have to log in; the writes of each are limited."""

    def __init__(self, app: ASGIApp, *, gate: Gate, rates: Rates) -> None:
        self._app = app
        self._gate = gate
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        remember(scope, None)
        if is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            user = self._admit(request)
        except HTTPException as refused:
            await _refusal(request, refused)(scope, receive, send)
            return
        await self._app(scope, receive, self._while_admitted(request, user, send))

    def _admit(self, request: Request) -> User:
        user = self._gate.user(request)
        if user is None:
            raise HTTPException(401, "log in first: see /login, or send `Authorization: Bearer TOKEN`", CHALLENGE)
        remember(request.scope, user)
        if request.method not in SAFE_METHODS:
            self._rates.take(Rate.WRITE, who_counts(request))
        return user

    def _while_admitted(self, request: Request, user: User, send: Send) -> Send:
        """Return a `send` that ends an answer without end when its user is removed, or becomes another."""
        has_end = cut_off = False

        async def send_while_admitted(message: Message) -> None:
            nonlocal has_end, cut_off
            if cut_off:
                return
            has_end = has_end or "content-length" in Headers(raw=message.get("headers", []))
            if message.get("more_body") and not has_end and not self._is_still(request, user):
                cut_off = True
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        return send_while_admitted

    def _is_still(self, request: Request, user: User) -> bool:
        try:
            return self._gate.user(request) == user
        except HTTPException:
            return False


def is_open(path: str) -> bool:
    """Return whether anybody may ask for this: it names no printer's layers, and shows none."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def _refusal(request: Request, refused: HTTPException) -> Response:
    if refused.status_code == HTTPStatus.UNAUTHORIZED and _shows_pages(request):
        here = b"?".join(filter(None, (request.scope["raw_path"], request.scope["query_string"]))).decode("latin-1")
        return RedirectResponse(f"/login?next={quote(here[:LONGEST_PATH], safe='/')}", HTTPStatus.SEE_OTHER)
    return answer(request, refused.status_code, str(refused.detail), dict(refused.headers or {}))


def _shows_pages(request: Request) -> bool:
    """Return whether a person looks at what comes back: a script that is sent to a login page would insert it."""
    return (
        request.method in {"GET", "HEAD"}
        and not request.scope["path"].startswith("/api/")
        and request.headers.get("sec-fetch-mode", "navigate") == "navigate"
        and "text/html" in request.headers.get("accept", "")
    )
