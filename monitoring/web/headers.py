"""Headers that every answer carries: nothing from elsewhere, nothing inline, in nobody's frame."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{what} {sources}" for what, sources in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none, a form of this page would be sent with `Origin: null`
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
A_YEAR_OF_HTTPS = "max-age=31536000"
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")


class SecurityHeaders:
    """Adds the headers; caches ask again unless an answer says otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = A_YEAR_OF_HTTPS
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        await self._app(scope, receive, send_with_headers)


def allowed_hosts(access: str, host: str, configured: tuple[str, ...]) -> list[str]:
    """Return the names under which the page answers.

    A page on which nobody logs in only answers to this machine's names: another site cannot point its own name here
    and read along. Elsewhere that site's name would come without a login.
    """
    if configured:
        return list(configured)
    return [*LOCAL_NAMES, host] if access == "local" else ["*"]
