"""No other site writes with a user's cookie, or through the browser of who sits at this machine."""

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from monitoring.web.access.asking import address_of
from monitoring.web.problems import answer

log = structlog.get_logger(__name__)

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
OWN = frozenset({"same-origin", "none"})
WHY = (
    "this was sent by a page of another site, and writing is for this page and for programs; "
    "behind a reverse proxy, see that it hands on the Host that the browser asked for"
)


def comes_from_elsewhere(method: str, headers: Headers) -> bool:
    """Return whether a browser sends this for another site, and it would change something.

    A browser says so in Sec-Fetch-Site, and where it does not (over plain http), in Origin. What has neither header is
    no browser, and no other site can make it send.
    """
    if method in SAFE_METHODS:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in OWN
    origin = headers.get("origin")
    return origin is not None and _host(origin) != headers.get("host", "").lower()


def _host(origin: str) -> str | None:
    """Return host and port of an origin; None for `null` and what is no origin."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


class CrossSite:
    """Refuses what comes from elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not comes_from_elsewhere(scope["method"], Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        log.warning("cross_site_refused", path=scope["path"][:200], address=address_of(request))
        await answer(request, HTTPStatus.FORBIDDEN, WHY)(scope, receive, send)
