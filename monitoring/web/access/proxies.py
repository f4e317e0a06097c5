"""What a reverse proxy says of the client is believed from the proxies that are trusted, and from nobody else."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, cast

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

Network = IPv4Network | IPv6Network


class TrustedProxies:
    """Takes address and scheme of the client from X-Forwarded-For and X-Forwarded-Proto of a trusted proxy."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted
        named = [str(network) for network in trusted]
        self._behind_proxy: Any = ProxyHeadersMiddleware(cast("Any", app), trusted_hosts=named)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._trusts(scope.get("client")):
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["by_proxy"] = True
        await self._behind_proxy(scope, receive, send)

    def _trusts(self, client: tuple[str, int] | None) -> bool:
        try:
            peer = ip_address(client[0] if client else "")
        except ValueError:
            return False
        return any(peer in network for network in self._trusted)


def came_by_proxy(connection: HTTPConnection) -> bool:
    """Return whether a trusted proxy handed this on."""
    return bool(getattr(connection.state, "by_proxy", False))
