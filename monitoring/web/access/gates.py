"""Who is let in, in each mode of MONITORING_ACCESS."""

from typing import Protocol

from fastapi import HTTPException
from starlette.requests import HTTPConnection

from layerwatch.errors import SettingsError
from monitoring.settings import MonitoringSettings
from monitoring.web.access.asking import address_of
from monitoring.web.access.cookie import token_in_cookie
from monitoring.web.access.proxies import came_by_proxy
from monitoring.web.access.rates import Rate, Rates, household
from monitoring.web.access.roles import LOCAL, Role, User
from monitoring.web.access.tokens import LONGEST
from monitoring.web.access.users_file import UsersFile, read_users, user_name

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host")
CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Gate(Protocol):
    def user(self, connection: HTTPConnection) -> User | None:
        """Return who asks, None where they have to log in first.

        Raises:
            HTTPException: nobody is let in this way; the answer says why.
        """
        ...


class LocalGate:
    """Whoever sits at this machine; what a proxy hands on may come from anywhere, and is refused."""

    def user(self, connection: HTTPConnection) -> User | None:
        if any(name in connection.headers for name in FORWARDED):
            raise HTTPException(
                403, "a proxy hands this on, but nobody logs in here: set MONITORING_ACCESS to token or proxy"
            )
        return LOCAL


class TokenGate:
    """Whoever has a token of the users file: a program in its header, a browser in its cookie."""

    def __init__(self, users: UsersFile, rates: Rates) -> None:
        self._users = users
        self._rates = rates

    @property
    def has_users(self) -> bool:
        return any(entry.token_sha256 for entry in self._users.entries())

    def user(self, connection: HTTPConnection) -> User | None:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = token_in_cookie(connection)
            return self.with_token(token) if token else None
        user = self.with_token(token.strip())
        if user is None:
            self.count_failure(connection)
            raise HTTPException(401, "nobody has this token (any more); ask for a new one", headers=CHALLENGE)
        return User(name=user.name, role=user.role)

    def with_token(self, token: str) -> User | None:
        """Return whose token this is, as somebody who logged in on this page."""
        entry = self._users.with_token(token) if token and len(token) <= LONGEST else None
        return User(name=entry.name, role=entry.role, logs_out=True) if entry else None

    def count_failure(self, connection: HTTPConnection) -> None:
        """Count a wrong token; a right one is let in however many wrong ones came from the same hall.

        Raises:
            HTTPException: too many of them.
        """
        self._rates.take(Rate.LOGIN, household(address_of(connection)))


class ProxyGate:
    """Whoever a trusted reverse proxy has logged in."""

    def __init__(self, users: UsersFile, *, user_header: str, role_header: str | None, default: Role) -> None:
        self._users = users
        self._user_header = user_header
        self._role_header = role_header
        self._default = default

    def user(self, connection: HTTPConnection) -> User | None:
        if not came_by_proxy(connection):
            raise HTTPException(403, "this page is reached by its reverse proxy alone (MONITORING_TRUSTED_PROXIES)")
        name = _only(connection, self._user_header)
        if name is None:
            return None
        try:
            return User(name=user_name(name), role=self._role(connection, name))
        except ValueError as error:
            raise HTTPException(403, f"the proxy names a user or a role that cannot be used: {error}") from None

    def _role(self, connection: HTTPConnection, name: str) -> Role:
        told = _only(connection, self._role_header) if self._role_header else None
        if told is not None:
            return Role(told.lower())
        entry = self._users.named(name)
        return entry.role if entry else self._default


def _only(connection: HTTPConnection, header: str) -> str | None:
    """Return a header that may be there once; twice is a proxy that hands on what its client claims."""
    values = connection.headers.getlist(header)
    if len(values) > 1:
        raise HTTPException(403, f"{header} came more than once: let the proxy replace it")
    return values[0].encode("latin-1").decode("utf-8", "replace").strip() or None if values else None


def open_gate(settings: MonitoringSettings, rates: Rates) -> Gate:
    """Return the gate of a mode.

    Raises:
        SettingsError: a setting that the mode needs is missing, or the users file cannot be used.
    """
    if settings.access == "local":
        return LocalGate()
    read_users(settings.users_file)  # one that cannot be used stops the start
    users = UsersFile(settings.users_file)
    if settings.access == "token":
        return TokenGate(users, rates)
    if not settings.trusted_proxies:
        raise SettingsError(
            "MONITORING_ACCESS is proxy: name the proxy's address in MONITORING_TRUSTED_PROXIES, such as 10.0.0.5"
        )
    return ProxyGate(
        users,
        user_header=settings.proxy_user_header,
        role_header=settings.proxy_role_header,
        default=Role(settings.proxy_default_role),
    )
