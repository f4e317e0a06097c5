"""The pictures of a layer, as JPEG for the eye: each light, and how it differs from a lower layer."""

import asyncio
from functools import partial
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response

from layerwatch.layers import INSPECTION_ID, LIGHT_NAME
from layerwatch.redis_pictures import RedisPictures
from layerwatch.verdict import ImageFacts, Verdict
from layerwatch.vision.read import Picture
from monitoring.web.access.user import Role, needs
from monitoring.web.build.known import known_of
from monitoring.web.build.layer import lights_below
from monitoring.web.build.originals import Originals, PictureGoneError, PicturesAwayError
from monitoring.web.build.pictures import PicturesDifferError, difference, shown
from monitoring.web.context import Context, context_of
from monitoring.web.problem import problems

FOR_EVER = "private, max-age=31536000, immutable"
COMPARED_WITH = "X-Compared-With"
GONE = 499  # the reader left; nobody gets this
RETRY = {"Retry-After": "10"}
ID = f"^{INSPECTION_ID.pattern}$"
NO_PICTURE = "nothing is known of the inspection, or its picture is not to be had; `detail` says which"
NO_DIFFERENCE = f"{NO_PICTURE}; or there is no lower layer with this light, or its pictures differ in size"
UNUSABLE = "an id, a light or a size that cannot be"
AWAY = "the printers' folder, Redis or the history is away; try again"
JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}, "description": "a JPEG"}}

InspectionId = Annotated[str, Path(pattern=ID, max_length=256)]
Light = Annotated[str, Query(pattern=f"^{LIGHT_NAME.pattern}$", description="Empty where the printer has one light.")]
Side = Annotated[int, Query(alias="max", ge=256, le=2048, description="Pixels of the longer side at most.")]

router = APIRouter(
    prefix="/api/inspections",
    tags=["pictures"],
    dependencies=[Depends(needs(Role.VIEWER))],
    default_response_class=Response,
)


log = structlog.get_logger(__name__)


@router.get("/{inspection}/picture", responses=JPEG | problems(not_found=NO_PICTURE, unusable=UNUSABLE, away=AWAY))
async def picture(request: Request, inspection: InspectionId, light: Light = "", side: Side = 2048) -> Response:
    """Show a picture that was inspected, stretched for the eye; it never changes."""
    make = partial(_picture, context_of(request), inspection, light, side)
    return await _made(request, ("picture", inspection, light, side), make)


@router.get(
    "/{inspection}/difference",
    summary="Difference",
    responses=JPEG | problems(not_found=NO_DIFFERENCE, unusable=UNUSABLE, away=AWAY),
)
async def difference_to(
    request: Request,
    inspection: InspectionId,
    light: Light = "",
    to: Annotated[str | None, Query(pattern=ID, max_length=256, description="An inspection of another layer.")] = None,
    side: Side = 2048,
) -> Response:
    """Show what is brighter (orange) or darker (blue) than in a lower layer, with one stretch for both.

    Without `to` it is the nearest lower layer of the same stage with this light; the header X-Compared-With names it.
    """
    context = context_of(request)
    lower = await asyncio.to_thread(_below, context, inspection, light) if to is None else to
    make = partial(_difference, context, inspection, lower, light, side)
    answer = await _made(request, ("difference", inspection, lower, light, side), make)
    answer.headers[COMPARED_WITH] = lower
    if to is None:  # which layer that is may change
        answer.headers["Cache-Control"] = "no-cache"
    return answer


async def _made(request: Request, key: tuple[object, ...], make: partial[bytes]) -> Response:
    content = await context_of(request).pictures.made(key, make, gone=request.is_disconnected)
    if content is None:
        return Response(status_code=GONE)
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": FOR_EVER})


def _picture(context: Context, inspection: str, light: str, side: int) -> bytes:
    return shown(_read(context, _image(_verdict(context, inspection), light)), side=side)


def _difference(context: Context, inspection: str, other: str, light: str, side: int) -> bytes:
    upper, lower = _verdict(context, inspection), _verdict(context, other)
    if (upper.printer, upper.build, upper.stage) != (lower.printer, lower.build, lower.stage):
        raise HTTPException(404, f"{other} is not of the same build and stage as {inspection}")
    pictures = [_read(context, _image(verdict, light)) for verdict in (upper, lower)]
    try:
        return difference(*pictures, side=side)
    except PicturesDifferError as error:
        raise HTTPException(404, f"layers {upper.layer} and {lower.layer}: {error}") from error


def _below(context: Context, inspection: str, light: str) -> str:
    known = known_of(context)
    verdict = _verdict(context, inspection)
    _image(verdict, light)
    lower = lights_below(known, verdict).get(light)
    if lower is None:
        raise known.missing(f"no layer below {verdict.key} has a picture of this light to compare with")
    return lower.id


def _verdict(context: Context, inspection: str) -> Verdict:
    known = known_of(context)
    verdict = known.verdict(inspection)
    if verdict is None:
        raise known.missing(f"nothing is known of an inspection {inspection}")
    return verdict


def _image(verdict: Verdict, light: str) -> ImageFacts:
    for image in verdict.images:
        if image.light == light:
            return image
    lights = ", ".join(image.light or "none by name" for image in verdict.images) or "none"
    raise HTTPException(404, f"{verdict.id} has no picture of light {light!r}; its lights: {lights}")


def _read(context: Context, image: ImageFacts) -> Picture:
    originals = Originals(context.settings.sources_dir, RedisPictures(context.redis))
    try:
        return originals.read(image)
    except PictureGoneError as error:
        raise HTTPException(404, str(error)) from error
    except PicturesAwayError as error:
        log.warning("pictures_away", path=image.path, error=str(error))
        raise HTTPException(503, str(error), headers=RETRY) from error
