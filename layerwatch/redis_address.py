"""What REDIS_URL says: one server, or the sentinels that know which of several servers is the master."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

SERVER_SCHEMES: Final = ("redis", "rediss", "unix")
SENTINEL: Final = "+sentinel"
SENTINEL_PORT: Final = 26379
HOST: Final = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s\[\]:,]+))(?::(?P<port>\d{1,5}))?")
# As RFC 3986 has it: urlsplit takes several hosts, of which one is in brackets, for a mistake, since its fixes of 2025.
URL: Final = re.compile(r"(?P<scheme>[^:/?#]+)://(?P<place>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?")
EXPECTED: Final = (
    "expected redis://HOST:6379/0, rediss://…, unix://… or redis+sentinel://HOST:26379,HOST:26379/SERVICE/0"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelAddress:
    """Sentinels, and the master that they are asked for.

    Attributes:
        sentinels: host and port of each.
        service: the name under which they watch the master.
        master_url: a redis:// or rediss:// URL with login, database and options for the master, whose host is no host.
        username, password: for the sentinels themselves, empty where they ask for none.
    """

    sentinels: tuple[tuple[str, int], ...]
    service: str
    master_url: str = field(repr=False)
    username: str = field(repr=False)
    password: str = field(repr=False)


def sentinel_address(url: str) -> SentinelAddress | None:
    """Return what redis+sentinel://[USER:PASSWORD@]HOST[:PORT],…/SERVICE[/DB] says, None for a URL of one server.

    rediss+sentinel:// speaks TLS to servers and sentinels alike. `?sentinel_username=` and `?sentinel_password=` are
    for the sentinels, other options for the servers, as redis-py knows them.

    Raises:
        ValueError: it is no such URL; the message does not repeat it, for it may hold a password.
    """
    scheme, place, path, query = _split(url)
    if scheme in SERVER_SCHEMES:
        try:
            urlsplit(url)
        except ValueError:
            raise ValueError(EXPECTED) from None  # its own message repeats the login
        return None
    if scheme.removesuffix(SENTINEL) not in {"redis", "rediss"}:
        raise ValueError(EXPECTED)
    login, at, hosts = place.rpartition("@")
    service, _, database = path.removeprefix("/").partition("/")
    if not service or not (database or "0").isdecimal():
        raise ValueError(EXPECTED)
    options = dict(parse_qsl(query))
    username, password = options.pop("sentinel_username", ""), options.pop("sentinel_password", "")
    return SentinelAddress(
        sentinels=tuple(_host(text) for text in hosts.split(",")),
        service=service,
        master_url=f"{scheme.removesuffix(SENTINEL)}://{login}{at}master/{database or 0}?{urlencode(options)}",
        username=username,
        password=password,
    )


def with_password(url: str, password: str) -> str:
    """Return a URL as in REDIS_URL with a password beside its user, or beside none.

    Raises:
        ValueError: it holds a password already, or is no URL; the message does not repeat it.
    """
    scheme, place, path, query = _split(url)
    login, _, hosts = place.rpartition("@")
    user, colon, _ = login.partition(":")
    if colon:
        raise ValueError("REDIS_URL holds a password already; leave one of the two out")
    return f"{scheme}://{user}:{quote(password, safe='')}@{hosts}{path}{'?' if query else ''}{query}"


def _split(url: str) -> tuple[str, str, str, str]:
    """Return scheme, logins and hosts, path, and query of a URL."""
    found = URL.fullmatch(url)
    if found is None:
        raise ValueError(EXPECTED)
    return found["scheme"], found["place"], found["path"], found["query"] or ""


def _host(text: str) -> tuple[str, int]:
    found = HOST.fullmatch(text)
    if found is None:
        raise ValueError(EXPECTED)
    return found["six"] or found["name"], int(found["port"] or SENTINEL_PORT)
