"""Who asks, and what a role may do."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request


class Role(StrEnum):
    VIEWER = "viewer"  # looks
    OPERATOR = "operator"  # also checks layers, acknowledges and corrects, and takes back what they said themselves
    ENGINEER = "engineer"  # also takes back what others said, and reads who did what

    def includes(self, other: "Role") -> bool:
        """Return whether this role may do what another one may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who asks.

    Attributes:
        local: nobody logged in: whoever sits at this machine.
    """

    name: str
    role: Role
    local: bool = False


LOCAL: Final = User(name="local", role=Role.ENGINEER, local=True)


def user_of(request: Request) -> User:
    """Return who asks."""
    user = getattr(request.state, "user", LOCAL)
    assert isinstance(user, User)  # noqa: S101 - the middleware puts nothing else there
    return user


def needs(role: Role) -> Callable[[Request], User]:
    """Return a dependency that hands over who asks, and refuses who may not."""

    def check(request: Request) -> User:
        user = user_of(request)
        if not user.role.includes(role):
            raise HTTPException(403, f"this takes the role {role}; {user.name} is a {user.role}")
        return user

    return check


Viewer = Annotated[User, Depends(needs(Role.VIEWER))]
Operator = Annotated[User, Depends(needs(Role.OPERATOR))]
Engineer = Annotated[User, Depends(needs(Role.ENGINEER))]
