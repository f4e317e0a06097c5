"""Checking a layer by a person: a form that works without script, and the page of one result."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from layerwatch.layers import CHECK_PRINTER, INSPECTION_ID, Stage
from layerwatch.redis_connection import UNAVAILABLE
from layerwatch.verdict import Decision
from monitoring.rows import row_of
from monitoring.web.access.limited import limited
from monitoring.web.access.rates import Rate
from monitoring.web.access.user import Operator, Role, user_of
from monitoring.web.check.answers import Inspection
from monitoring.web.check.refusal import UploadRefusedError
from monitoring.web.check.routes import progress_of, taken
from monitoring.web.check.upload import MOST_PICTURES, MOST_WAIT_SECONDS, WAIT_SECONDS
from monitoring.web.check.waiting import State
from monitoring.web.context import Context, context_of
from monitoring.web.rendering import render

LISTED: Final = 50  # regions on the page
WHAT_IT_MEANS: Final[Mapping[Decision, str]] = {
    Decision.PASS: "No defect reaches a limit.",
    Decision.REVIEW: "Look at the layer.",
    Decision.REJECT: "Stop the build if this layer is being printed, and look at it.",
    Decision.INVALID: "The pictures cannot be judged.",
}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

CheckId = Annotated[str, Path(pattern=f"^{CHECK_PRINTER}_{INSPECTION_ID.pattern}$", max_length=256)]
Wait = Annotated[float, Query(ge=0, le=MOST_WAIT_SECONDS)]


@router.get("/check")
def form(request: Request) -> HTMLResponse:
    """Return the form, and what keeps an upload from being inspected now."""
    return _form(request, trouble=_trouble(context_of(request)))


@router.post("/check", dependencies=[limited(Rate.CHECK)])
async def upload(request: Request, user: Operator) -> Response:
    """Take what the form sends, and go on to its result; a refusal comes with the form again."""
    del user
    try:
        inspection_id, wait = await taken(request)
    except UploadRefusedError as error:
        return _form(request, mistake=str(error), status=error.status)
    return RedirectResponse(f"/check/{inspection_id}?wait={wait:g}", HTTPStatus.SEE_OTHER)


@router.get("/check/{inspection_id}")
async def result(request: Request, inspection_id: CheckId, wait: Wait = 0) -> HTMLResponse:
    """Return what a check found, or how far it is."""
    progress = await progress_of(request, inspection_id, wait)
    answer = Inspection.of(progress)
    if progress.state is State.UNKNOWN:
        raise HTTPException(404, answer.summary)
    verdict = progress.verdict
    return render(
        request,
        "check_result.html",
        answer=answer,
        wait=WAIT_SECONDS,
        row=None if verdict is None else row_of(verdict),
        verdict=verdict,
        what_it_means=WHAT_IT_MEANS,
        listed=LISTED,
    )


def _form(request: Request, *, mistake: str = "", trouble: str = "", status: int = 200) -> HTMLResponse:
    kinds = context_of(request).check.kinds
    return render(
        request,
        "check.html",
        status=status,
        mistake=mistake,
        trouble=trouble,
        kinds=kinds,
        stages=tuple(Stage),
        most_pictures=MOST_PICTURES,
        may_check=user_of(request).role.includes(Role.OPERATOR),
    )


def _trouble(context: Context) -> str:
    try:
        return context.check.queue.why_nobody_inspects()
    except UNAVAILABLE:
        return "Redis does not answer; what is uploaded cannot be inspected until it is back"
