"""Who asks, as it travels with a request: access control writes it down, all others read it."""

from starlette.requests import HTTPConnection
from starlette.types import Scope

from monitoring.web.access.roles import User

NOWHERE = "unknown"


def remember(scope: Scope, user: User | None) -> None:
    scope.setdefault("state", {})["user"] = user


def asking(connection: HTTPConnection) -> User | None:
    """Return who asks; None before a login."""
    user = getattr(connection.state, "user", None)
    assert user is None or isinstance(user, User)  # noqa: S101 - nothing else is written there
    return user


def address_of(connection: HTTPConnection) -> str:
    """Return the address that asks: behind a trusted proxy the one that it names."""
    return connection.client.host if connection.client else NOWHERE
