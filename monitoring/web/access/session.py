"""What programs ask of access: who they are, and who did what."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from layerwatch.wire import Part
from monitoring.web.access.audit_log import AuditEntry
from monitoring.web.access.roles import Role
from monitoring.web.access.user import Viewer, needs
from monitoring.web.context import context_of

router = APIRouter(prefix="/api", tags=["access"])


class Session(Part):
    """Who asks.

    Attributes:
        local: nobody logs in here.
    """

    name: str
    role: Role
    local: bool


class AuditLines(Part):
    """The latest entries of the audit log, newest first."""

    entries: list[AuditEntry]


@router.get("/session")
def session(user: Viewer) -> Session:
    """Return who asks, and in which role."""
    return Session(name=user.name, role=user.role, local=user.local)


@router.get("/audit", dependencies=[Depends(needs(Role.ENGINEER))])
def audit_lines(request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> AuditLines:
    """Return who did what, newest first; for engineers."""
    return AuditLines(entries=context_of(request).access.audit.latest(limit))
