"""The cookie that holds a browser's token."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

NAME = "layerwatch"
THIRTY_DAYS = 30 * 24 * 3600


def token_in_cookie(connection: HTTPConnection) -> str:
    """Return the token, or nothing."""
    return connection.cookies.get(_name(connection), "")


def set_token(connection: HTTPConnection, response: Response, token: str) -> None:
    response.set_cookie(
        _name(connection),
        token,
        max_age=THIRTY_DAYS,
        path="/",
        secure=_is_https(connection),
        httponly=True,
        samesite="strict",
    )


def remove_token(connection: HTTPConnection, response: Response) -> None:
    response.delete_cookie(_name(connection), path="/", secure=_is_https(connection), httponly=True, samesite="strict")


def _name(connection: HTTPConnection) -> str:
    """Return the name; by https it has the prefix that no other host and no page without https can set."""
    return f"__Host-{NAME}" if _is_https(connection) else NAME


def _is_https(connection: HTTPConnection) -> bool:
    return bool(connection.scope["scheme"] == "https")
