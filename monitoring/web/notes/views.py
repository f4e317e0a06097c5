"""What is kept, as the API says it to who asks."""

from typing import TypeVar

from fastapi import HTTPException

from monitoring.history.notes import KeptAcknowledgement, KeptCorrection
from monitoring.web.access.user import Role, User
from monitoring.web.notes.models import AcknowledgementSaid, CorrectionSaid

Kept = KeptCorrection | KeptAcknowledgement
Said = TypeVar("Said", KeptCorrection, KeptAcknowledgement)


def may_undo(user: User, kept: Kept) -> bool:
    """Return whether somebody may take back what was said: operators what they said themselves, engineers all."""
    if not user.role.includes(Role.OPERATOR):
        return False
    return user.role.includes(Role.ENGINEER) or kept.author == user.name


def own(kept: Said | None, user: User, name: str) -> Said:
    """Return what somebody wants to take back, `name` is what it is called.

    Raises:
        HTTPException: there is no such thing, or somebody else said it and the role does not suffice.
    """
    if kept is None:
        raise HTTPException(404, f"there is no {name}")
    if not may_undo(user, kept):
        raise HTTPException(403, f"{kept.author} said so; an engineer may take it back")
    return kept


def said_by(user: User, told: str) -> str:
    """Return whose name stands under what is said: of who is logged in, else the one that was told."""
    return (told or user.name) if user.local else user.name


def correction_said(kept: KeptCorrection, user: User) -> CorrectionSaid:
    return CorrectionSaid(
        number=kept.number,
        inspection=kept.inspection,
        kind=kept.kind,
        points=tuple((x, y) for x, y in kept.points),
        note=kept.note,
        author=kept.author,
        created=kept.created,
        may_undo=may_undo(user, kept),
        undone=kept.undone,
        undone_by=kept.undone_by,
    )


def acknowledgement_said(kept: KeptAcknowledgement, user: User) -> AcknowledgementSaid:
    return AcknowledgementSaid(
        number=kept.number,
        subject=kept.subject,
        printer=kept.printer,
        build=kept.build,
        note=kept.note,
        author=kept.author,
        created=kept.created,
        may_undo=may_undo(user, kept),
        undone=kept.undone,
        undone_by=kept.undone_by,
    )
