"""Checking a layer by a program: upload, and ask how far it is."""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from redis.exceptions import RedisError

from layerwatch.layers import INSPECTION_ID, LIGHT_NAME, Stage
from monitoring.web.access.audit import audit
from monitoring.web.access.limited import limited
from monitoring.web.access.rates import Rate
from monitoring.web.access.user import Operator, Viewer
from monitoring.web.check.answers import Inspection
from monitoring.web.check.refusal import UploadRefusedError
from monitoring.web.check.upload import MOST_PICTURES, MOST_WAIT_SECONDS, WAIT_SECONDS
from monitoring.web.check.waiting import Progress, State, in_time, look_up
from monitoring.web.context import context_of
from monitoring.web.problem import Problem

router = APIRouter(tags=["check"])

InspectionId = Annotated[str, Path(pattern=f"^{INSPECTION_ID.pattern}$", max_length=256)]
Wait = Annotated[float, Query(ge=0, le=MOST_WAIT_SECONDS, description="Seconds to wait for the verdict.")]
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["pictures"],
    "properties": {
        "pictures": {
            "type": "array",
            "items": {"type": "string", "format": "binary"},
            "minItems": 1,
            "maxItems": MOST_PICTURES,
            "description": "PNG, TIFF, JPEG or BMP, one for each light of one layer.",
        },
        "lights": {
            "type": "array",
            "items": {"type": "string", "pattern": f"^{LIGHT_NAME.pattern}$"},
            "description": "A name for each picture, in their order; else what their names say, else a, b, c.",
        },
        "profile": {"type": "string", "description": "The kind of printer: none, or the name of a profile."},
        "stage": {"type": "string", "enum": [stage.value for stage in Stage], "default": Stage.MELT.value},
        "mm_per_px": {"type": "number", "exclusiveMinimum": 0, "maximum": 100, "description": "Edge of a pixel."},
        "wait": {"type": "number", "minimum": 0, "maximum": MOST_WAIT_SECONDS, "default": WAIT_SECONDS},
    },
}
BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body is no form, or broke off."},
    403: {"model": Problem, "description": "This takes the role operator."},
    413: {"model": Problem, "description": "Too many bytes, or too many pixels."},
    415: {"model": Problem, "description": "A file is no picture that is read."},
    422: {"model": Problem, "description": "The pictures cannot be judged together, or a field is wrong."},
    429: {"model": Problem, "description": "Too many checks in a minute."},
    503: {"model": Problem, "description": "No worker runs, there is no room, or Redis does not answer."},
}


@router.post(
    "/api/inspect",
    dependencies=[limited(Rate.CHECK)],
    openapi_extra=BODY,
    responses={202: {"model": Inspection, "description": "Not done yet: ask at `Location`."}, **REFUSALS},
)
async def inspect(request: Request, response: Response, user: Operator) -> Inspection:
    """Inspect the pictures of one layer, through the same queue and workers as every layer.

    With the verdict if it comes in `wait` seconds; else 202, and `Location` says where to ask.
    """
    del user  # the dependency refuses who may not
    try:
        inspection_id, wait = await taken(request)
    except UploadRefusedError as error:
        raise HTTPException(error.status, str(error), headers=error.headers) from error
    progress = await follow(request, inspection_id, wait)
    response.headers["Location"] = f"/api/inspections/{inspection_id}"
    response.status_code = HTTPStatus.OK if progress.state is State.DONE else HTTPStatus.ACCEPTED
    return Inspection.of(progress)


async def taken(request: Request) -> tuple[str, float]:
    """Queue what a request uploads; return the id of the inspection, and how long the sender waits for it.

    Raises:
        UploadRefusedError: it is not taken, and nothing is queued.
        AuditAwayError: it cannot be written down who sent it, and nothing is queued.
    """
    return await context_of(request).check.take(request, partial(audit, request, "check"))


async def follow(request: Request, inspection_id: str, seconds: float) -> Progress:
    """Return how far an inspection is that was queued just now, when it is done or the time is over."""
    try:
        return await progress_of(request, inspection_id, seconds)
    except RedisError:  # it went after it had taken the job: who sent the pictures has to know their id
        return Progress(id=inspection_id, state=State.QUEUED)


@router.get(
    "/api/inspections/{inspection}",
    responses={404: {"model": Inspection, "description": "Nobody knows of it."}, 503: REFUSALS[503]},
)
async def how_far(
    request: Request, response: Response, user: Viewer, inspection: InspectionId, wait: Wait = 0
) -> Inspection:
    """Return how far an inspection is, of an uploaded layer or any other, and what it found."""
    del user
    progress = await progress_of(request, inspection, wait)
    response.status_code = HTTPStatus.NOT_FOUND if progress.state is State.UNKNOWN else HTTPStatus.OK
    response.headers["Cache-Control"] = "no-store"
    return Inspection.of(progress)


async def progress_of(request: Request, inspection_id: str, seconds: float) -> Progress:
    """Return how far an inspection is, when it is done or the time is over.

    Raises:
        RedisError: Redis does not answer.
        sqlalchemy.exc.DBAPIError: the database does not answer.
    """
    context = context_of(request)
    verdict = await in_time(context.feed, inspection_id, 0, request)
    if verdict is None:
        progress = await asyncio.to_thread(look_up, inspection_id, context.redis, context.history)
        if progress.state not in {State.QUEUED, State.RUNNING} or not seconds:
            return progress
        verdict = await in_time(context.feed, inspection_id, seconds, request)
    if verdict is None:
        return await asyncio.to_thread(look_up, inspection_id, context.redis, context.history)
    return Progress(id=inspection_id, state=State.DONE, verdict=verdict)
