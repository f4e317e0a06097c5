"""Acknowledgements: that somebody has seen a verdict or an event; and all notes of a build."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from sqlalchemy import Engine

from layerwatch.layers import BUILD_NAME, PRINTER_NAME
from monitoring.history.build_queries import BuildQueries
from monitoring.history.layer_queries import LayerQueries
from monitoring.history.notes import Acknowledgement, Notes
from monitoring.web.access.audit import audit
from monitoring.web.access.user import Operator, Viewer
from monitoring.web.build.known import known_of
from monitoring.web.context import context_of
from monitoring.web.notes.corrections import Number
from monitoring.web.notes.models import (
    Acknowledgements,
    AcknowledgementSaid,
    Author,
    BuildNotes,
    NewAcknowledgement,
    Subject,
)
from monitoring.web.notes.views import acknowledgement_said, correction_said, own, said_by
from monitoring.web.problem import problems

MOST_NOTES = 1000

router = APIRouter(tags=["acknowledgements"])


@router.post(
    "/api/acknowledgements",
    status_code=201,
    responses=problems(
        forbidden="the role does not suffice",
        not_found="the history has neither an inspection nor an event of this id",
        unusable="the subject is no id, or the words are none",
        away="the history is away; nothing was kept",
    )
    | {200: {"model": AcknowledgementSaid, "description": "It was said before, in the same words."}},
)
def acknowledge(request: Request, response: Response, user: Operator, new: NewAcknowledgement) -> AcknowledgementSaid:
    """Say that you have seen a verdict or an event, and what of it. The same sent twice is one: status 200, not 201."""
    engine = context_of(request).history.engine()
    printer, build = _build_of(engine, new.subject)
    said = Acknowledgement(
        subject=new.subject,
        printer=printer,
        build=build,
        author=said_by(user, new.author),
        note=new.note,
        created=datetime.now(UTC),
    )
    audit(request, "acknowledge", new.subject)
    kept, is_new = Notes(engine).acknowledge(said)
    response.status_code = 201 if is_new else 200
    return acknowledgement_said(kept, user)


@router.get("/api/acknowledgements", responses=problems(unusable="the subject is no id", away="the history is away"))
def acknowledgements(request: Request, user: Viewer, subject: Annotated[Subject, Query()]) -> Acknowledgements:
    """Return who acknowledged an inspection or an event, in the order that it came."""
    engine = known_of(context_of(request)).engine
    its = () if engine is None else Notes(engine).acknowledgements_of(subject)
    return Acknowledgements(acknowledgements=tuple(acknowledgement_said(each, user) for each in its))


@router.delete(
    "/api/acknowledgements/{number}",
    responses=problems(
        forbidden="somebody else said so, and the role does not suffice",
        not_found="there is no such acknowledgement",
        conflict="it was taken back before",
        unusable="the number is none of an acknowledgement, or the author's name is none",
        away="the history is away; the acknowledgement holds",
    ),
)
def undo_acknowledgement(
    request: Request, user: Operator, number: Number, author: Annotated[Author, Query()] = ""
) -> AcknowledgementSaid:
    """Take an acknowledgement back: operators their own, engineers any.

    `author` is who takes it back, where nobody logs in.
    """
    notes = Notes(context_of(request).history.engine())
    kept = own(notes.acknowledgement(number), user, f"acknowledgement {number}")
    audit(request, "undo acknowledgement", f"{number}, {kept.subject}")
    done = notes.take_back_acknowledgement(number, by=said_by(user, author), when=datetime.now(UTC))
    now = notes.acknowledgement(number) or kept
    if not done:
        raise HTTPException(409, f"{now.undone_by} has taken acknowledgement {number} back already")
    return acknowledgement_said(now, user)


@router.get(
    "/api/builds/{printer}/{build}/notes",
    responses=problems(
        not_found="the history has no such build",
        unusable="a name is none of a printer or a build",
        away="the history is away",
    ),
)
def build_notes(
    request: Request,
    user: Viewer,
    printer: Annotated[str, Path(pattern=f"^{PRINTER_NAME.pattern}$")],
    build: Annotated[str, Path(pattern=f"^{BUILD_NAME.pattern}$")],
) -> BuildNotes:
    """Return what people said of a build and holds, oldest first; of more than 1,000 the latest."""
    engine = context_of(request).history.engine()
    if BuildQueries(engine).build(printer, build) is None:
        raise HTTPException(404, f"the history has no build {build} of {printer}")
    drawn = Notes(engine).corrections(printer, build)
    seen = Notes(engine).acknowledgements(printer, build)
    return BuildNotes(
        corrections=tuple(correction_said(each, user) for each in drawn[-MOST_NOTES:]),
        acknowledgements=tuple(acknowledgement_said(each, user) for each in seen[-MOST_NOTES:]),
        left_out=max(0, len(drawn) - MOST_NOTES) + max(0, len(seen) - MOST_NOTES),
    )


def _build_of(engine: Engine, subject: str) -> tuple[str, str]:
    """Return the printer and the build that an inspection or an event is of."""
    verdict = LayerQueries(engine).verdict(subject)
    if verdict is not None:
        return verdict.printer, verdict.build
    event = Notes(engine).event(subject)
    if event is None:
        raise HTTPException(404, f"the history has neither an inspection nor an event {subject}")
    return event.printer, event.build
