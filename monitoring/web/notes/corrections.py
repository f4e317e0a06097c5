"""Corrections: what people draw over a verdict."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from layerwatch.layers import INSPECTION_ID
from layerwatch.verdict import Verdict
from monitoring.corrections.desk import CorrectionDesk, TooManyCorrectionsError
from monitoring.corrections.folder import CorrectionFileError, CorrectionFolder
from monitoring.corrections.pictures import PicturesThere
from monitoring.history.layer_queries import LayerQueries
from monitoring.history.notes import Correction, Notes
from monitoring.web.access.audit import audit
from monitoring.web.access.user import Operator, Viewer
from monitoring.web.build.known import known_of
from monitoring.web.context import context_of
from monitoring.web.notes.drawn import drawn_points
from monitoring.web.notes.models import Author, CorrectionSaid, LayerCorrections, NewCorrection
from monitoring.web.notes.views import correction_said, own, said_by
from monitoring.web.problem import problems

Inspection = Annotated[str, Path(pattern=f"^{INSPECTION_ID.pattern}$", max_length=256)]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]

router = APIRouter(tags=["corrections"])


@router.post(
    "/api/inspections/{inspection}/corrections",
    status_code=201,
    responses=problems(
        forbidden="the role does not suffice",
        not_found="the history has no such inspection",
        conflict="nothing can be drawn over these pictures, or there are too many corrections",
        unusable="it is no outline within the picture, or there is no such region",
        away="history or the folder of corrections is away; nothing was kept",
    )
    | {200: {"model": CorrectionSaid, "description": "It was said before, in the same words."}},
)
def correct(
    request: Request, response: Response, user: Operator, inspection: Inspection, new: NewCorrection
) -> CorrectionSaid:
    """Say where a verdict is wrong: a false alarm, a missed defect, or a place that nobody can judge.

    The trainer learns it with its next `--corrections`. The same sent twice is one correction: status 200, not 201.
    """
    verdict = _verdict(request, inspection)
    correction = Correction(
        inspection=inspection,
        kind=new.kind,
        points=drawn_points(new, verdict, context_of(request).artifacts),
        author=said_by(user, new.author),
        note=new.note,
        created=datetime.now(UTC),
    )
    audit(request, "correct", f"{inspection} {correction.kind}")
    try:
        kept, is_new = desk_of(request).take_in(correction)
    except CorrectionFileError as error:
        raise _not_written(error) from error
    except TooManyCorrectionsError as error:
        raise HTTPException(409, str(error)) from error
    response.status_code = 201 if is_new else 200
    return correction_said(kept, user)


@router.get(
    "/api/inspections/{inspection}/corrections",
    responses=problems(
        not_found="nobody knows this inspection",
        unusable="the name is none of an inspection",
        away="the history is away",
    ),
)
def corrections(request: Request, user: Viewer, inspection: Inspection) -> LayerCorrections:
    """Return what was drawn over the pictures of an inspection and holds, in the order that it came."""
    known = known_of(context_of(request))
    verdict = known.verdict(inspection)
    if verdict is None:
        raise known.missing(f"nobody knows the inspection {inspection}")
    drawn, file = ((), None) if known.engine is None else desk_of(request).drawn_over(verdict)
    return LayerCorrections(file=file, corrections=tuple(correction_said(each, user) for each in drawn))


@router.delete(
    "/api/corrections/{number}",
    responses=problems(
        forbidden="somebody else said so, and the role does not suffice",
        not_found="there is no such correction",
        conflict="it was taken back before",
        unusable="the number is none of a correction, or the author's name is none",
        away="history or the folder of corrections is away; the correction holds",
    ),
)
def undo_correction(
    request: Request, user: Operator, number: Number, author: Annotated[Author, Query()] = ""
) -> CorrectionSaid:
    """Take a correction back: operators their own, engineers any. It stays known who said it, and who took it back.

    `author` is who takes it back, where nobody logs in.
    """
    notes = Notes(context_of(request).history.engine())
    kept = own(notes.correction(number), user, f"correction {number}")
    audit(request, "undo correction", f"{number}, {kept.inspection} {kept.kind}")
    try:
        done = desk_of(request).take_back(kept, by=said_by(user, author), when=datetime.now(UTC))
    except CorrectionFileError as error:
        raise _not_written(error) from error
    now = notes.correction(number) or kept
    if not done:
        raise HTTPException(409, f"{now.undone_by} has taken correction {number} back already")
    return correction_said(now, user)


def desk_of(request: Request) -> CorrectionDesk:
    context = context_of(request)
    folder = CorrectionFolder(context.settings.corrections_dir)
    return CorrectionDesk(context.history.engine(), folder, PicturesThere(context.settings.sources_dir))


def _verdict(request: Request, inspection: str) -> Verdict:
    verdict = LayerQueries(context_of(request).history.engine()).verdict(inspection)
    if verdict is None or not inspection.startswith(f"{verdict.key}-"):
        raise HTTPException(404, f"the history has no inspection {inspection}, or not yet; try again in a moment")
    return verdict


def _not_written(error: CorrectionFileError) -> HTTPException:
    return HTTPException(503, f"nothing was changed, as the trainer would not learn of it: {error}")
