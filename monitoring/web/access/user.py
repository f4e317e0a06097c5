"""What a route asks for: the user, in a role that may do this."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from monitoring.web.access.asking import asking
from monitoring.web.access.audit import audit_refusal
from monitoring.web.access.cross_site import SAFE_METHODS
from monitoring.web.access.roles import LOCAL, Role, User

__all__ = ["LOCAL", "Engineer", "Operator", "Role", "User", "Viewer", "needs", "user_of"]


def user_of(request: Request) -> User:
    """Return who asks.

    Raises:
        HTTPException: nobody has logged in.
    """
    user = asking(request)
    if user is None:
        raise HTTPException(401, "log in first", headers={"WWW-Authenticate": "Bearer"})
    return user


def needs(role: Role) -> Callable[[Request], User]:
    """Return a dependency that hands over who asks, and refuses who may not."""

    def check(request: Request) -> User:
        user = user_of(request)
        if not user.role.includes(role):
            if request.method not in SAFE_METHODS:
                audit_refusal(request, f"{request.method} {request.scope['path']}")
            raise HTTPException(403, f"this takes the role {role}; {user.name} is {_a(user.role)}")
        return user

    return check


def _a(role: Role) -> str:
    return f"a{'n' if role[0] in 'aeiou' else ''} {role}"


Viewer = Annotated[User, Depends(needs(Role.VIEWER))]
Operator = Annotated[User, Depends(needs(Role.OPERATOR))]
Engineer = Annotated[User, Depends(needs(Role.ENGINEER))]
