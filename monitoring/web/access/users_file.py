"""The users file: names, roles, and the SHA-256 of the token of each. TOML, so that people can read and edit it."""

import json
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Annotated

import structlog
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from layerwatch.atomic import write_atomic
from layerwatch.errors import SettingsError, one_line
from monitoring.web.access.roles import LOCAL, Role
from monitoring.web.access.tokens import digest, same

log = structlog.get_logger(__name__)

HEAD = "# Who may use the page of layerwatch. Written by `python -m monitoring token`; changes count at once.\n"
ONLY_OWNER = 0o600
Mark = tuple[int, int, int]


def user_name(name: str) -> str:
    """Return a name that can be shown, logged and told from others.

    Raises:
        ValueError: it cannot.
    """
    if not 1 <= len(name) <= 64 or not name.isprintable() or name != name.strip() or name == LOCAL.name:
        raise ValueError(f"expected 1 to 64 letters that can be printed, and not {LOCAL.name!r}, got {name[:70]!r}")
    return name


class Entry(BaseModel):
    """One user.

    Attributes:
        token_sha256: 64 hex digits; None for a user that a reverse proxy logs in.
        created: when the token was made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(user_name)]
    role: Role
    token_sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = None
    created: AwareDatetime | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    users: tuple[Entry, ...] = ()


def read_users(path: Path) -> tuple[Entry, ...]:
    """Return the users of a file; a file that is not there has none.

    Raises:
        SettingsError: it cannot be read, or is no users file.
    """
    try:
        entries = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).users
    except FileNotFoundError:
        return ()
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_input=False)]
        raise SettingsError(f"{path}: {one_line(problems)}") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read as a users file ({type(error).__name__}: {error})") from None
    if len({entry.name for entry in entries}) < len(entries):
        raise SettingsError(f"{path}: two users have one name; remove one")
    return entries


def write_users(path: Path, entries: Sequence[Entry]) -> None:
    """Write the file anew, whole or not at all, for its owner alone."""
    text = HEAD + "".join(_toml(entry) for entry in entries)
    write_atomic(path, text.encode(), mode=ONLY_OWNER)


def _toml(entry: Entry) -> str:
    lines = ["", "[[users]]", f"name = {json.dumps(entry.name, ensure_ascii=False)}", f'role = "{entry.role}"']
    if entry.token_sha256 is not None:
        lines.append(f'token_sha256 = "{entry.token_sha256}"')
    if entry.created is not None:
        lines.append(f"created = {entry.created.astimezone(UTC).isoformat(timespec='seconds')}")
    return "\n".join([*lines, ""])


def with_token(entries: Sequence[Entry], name: str, role: Role | None, token: str) -> tuple[Entry, ...]:
    """Return users among whom one has this token, and no older one; without a role a known user keeps theirs."""
    known = {entry.name: entry for entry in entries}
    role = role or (known[name].role if name in known else Role.VIEWER)
    created = datetime.now(UTC).replace(microsecond=0)
    known[name] = Entry(name=name, role=role, token_sha256=digest(token), created=created)
    return tuple(known.values())


class UsersFile:
    """The users as the file has them now; it is read again when it changes. May be shared by threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._mark: Mark | None = None
        self._entries: tuple[Entry, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        """Return all users; none where the file cannot be used, which is logged once."""
        with self._lock:
            mark = _mark(self._path)
            if mark != self._mark:
                self._mark, self._entries = mark, self._read()
            return self._entries

    def with_token(self, token: str) -> Entry | None:
        """Return whose token this is."""
        wanted, found = digest(token), None
        for entry in self.entries():
            if same(entry.token_sha256 or "", wanted):
                found = entry
        return found

    def named(self, name: str) -> Entry | None:
        return next((entry for entry in self.entries() if entry.name == name), None)

    def _read(self) -> tuple[Entry, ...]:
        try:
            return read_users(self._path)
        except SettingsError as error:
            log.error("users_file_unusable", error=str(error))  # noqa: TRY400 - it is no bug, and nobody gets in
            return ()


def _mark(path: Path) -> Mark | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
