"""The command of access control: `token`."""

from pathlib import Path
from typing import Annotated

import typer

from layerwatch.errors import SettingsError
from layerwatch.settings import load_settings
from monitoring.settings import MonitoringSettings
from monitoring.web.access.roles import Role
from monitoring.web.access.tokens import new_token
from monitoring.web.access.users_file import read_users, user_name, with_token, write_users

EXAMPLES = """
**Examples**

    # a token for somebody new; it is shown once
    python -m monitoring token anna --role operator

    # a new one for her, and the old one no longer counts
    python -m monitoring token anna

    # who there is
    python -m monitoring token --list

    # out at once
    python -m monitoring token --remove anna

Users stand in MONITORING_USERS_FILE (history/users.toml), with the SHA-256 of their tokens. A running page reads the
file again by itself.
"""


def token(
    name: Annotated[str | None, typer.Argument(help="Whose token; made if unknown.", show_default=False)] = None,
    role: Annotated[
        Role | None, typer.Option(help="viewer, operator or engineer.", show_default="as before, else viewer")
    ] = None,
    *,
    list_users: Annotated[bool, typer.Option("--list", metavar="", help="List names and roles.")] = False,
    remove: Annotated[str | None, typer.Option(metavar="NAME", help="Remove a user.", show_default=False)] = None,
) -> None:
    """Make a token with which somebody logs in on the page, list users, or remove one."""
    if sum((name is not None, list_users, remove is not None)) != 1:
        raise typer.BadParameter("give one of NAME, --list and --remove NAME")
    if role is not None and name is None:
        raise typer.BadParameter("--role goes with NAME")
    path = load_settings(MonitoringSettings).users_file
    if name is not None:
        _make(path, name, role)
    elif remove is not None:
        _remove(path, remove)
    else:
        _list(path)


def _make(path: Path, name: str, role: Role | None) -> None:
    made = new_token()
    try:
        users = with_token(read_users(path), user_name(name), role, made)
    except ValueError as error:
        raise typer.BadParameter(f"NAME: {error}") from None
    write_users(path, users)
    user = next(user for user in users if user.name == name)
    typer.echo(f"the token of {user.name}, {user.role}; it is shown only now:", err=True)
    typer.echo(made)


def _remove(path: Path, name: str) -> None:
    users = read_users(path)
    if all(user.name != name for user in users):
        raise SettingsError(f"{path} has no user {name!r}; --list shows who there is")
    write_users(path, [user for user in users if user.name != name])
    typer.echo(f"removed {name}", err=True)


def _list(path: Path) -> None:
    for user in read_users(path):
        made = f"token of {user.created:%Y-%m-%d %H:%M} UTC" if user.created else "no token"
        typer.echo(f"{user.name}\t{user.role}\t{made if user.token_sha256 else 'by the proxy alone'}")


def add_commands(app: typer.Typer) -> None:
    app.command(epilog=EXAMPLES)(token)
