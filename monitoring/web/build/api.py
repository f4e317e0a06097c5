"""Builds and layers as programs and the page read them."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response

from layerwatch.layers import BUILD_NAME, MAX_LAYER, PRINTER_NAME, LayerKey, Stage
from monitoring.history.build_queries import BuildQueries
from monitoring.history.stage_queries import Place, StageQueries
from monitoring.web.access.user import Role, needs
from monitoring.web.build import answers
from monitoring.web.build.heads import PLACE, build_list, build_page, place_of, seen_page
from monitoring.web.build.known import Known, known_of
from monitoring.web.build.layer import layer_page
from monitoring.web.build.strip import strip_of
from monitoring.web.context import context_of
from monitoring.web.etag import TAGGED, tagged
from monitoring.web.problem import problems

MOST_PIXELS = 1_000_000  # of a coordinate
COLUMN_LAYERS = 5000
KEY = r"^[A-Za-z0-9-]{1,64}_[A-Za-z0-9_-]{1,128}_[0-9]{6,8}_(recoat|melt)$"
NO_BUILD = "no verdict of this build is known; /api/builds lists the builds"
NO_LAYER = "no verdict of this layer is known; the strip of its build lists the layers"
UNUSABLE = "a name or a number that cannot be"
AWAY = "there is no history, or its database does not answer"

PrinterName = Annotated[str, Path(pattern=f"^{PRINTER_NAME.pattern}$")]
BuildName = Annotated[str, Path(pattern=f"^{BUILD_NAME.pattern}$")]
Pixel = Annotated[int, Query(ge=0, le=MOST_PIXELS)]
Pixels = Annotated[int, Query(ge=1, le=MOST_PIXELS)]
Layer = Annotated[int, Query(ge=0, le=MAX_LAYER)]

router = APIRouter(prefix="/api", tags=["builds"], dependencies=[Depends(needs(Role.VIEWER))])


def known(request: Request) -> Known:
    return known_of(context_of(request))


KnownNow = Annotated[Known, Depends(known)]


@router.get("/builds", response_model=answers.BuildList, responses=TAGGED | problems(unusable=UNUSABLE, away=AWAY))
def builds(
    request: Request,
    printer: Annotated[str | None, Query(pattern=f"^{PRINTER_NAME.pattern}$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(pattern=f"^{PLACE}$", description="`next` of a page")] = None,
) -> Response:
    """List builds, the one with the newest verdict first, without checks of single layers."""
    queries = BuildQueries(context_of(request).history.engine())
    return tagged(request, build_list(queries, printer, limit, None if before is None else place_of(before)))


@router.get(
    "/builds/{printer}/{build}",
    response_model=answers.BuildPage,
    responses=TAGGED | problems(not_found=NO_BUILD, unusable=UNUSABLE, away=AWAY),
)
def build(request: Request, printer: PrinterName, build: BuildName, known: KnownNow) -> Response:
    """Say when a build ran, how many layers have which decision, and what was told of it."""
    page = None if known.engine is None else build_page(known.engine, printer, build)
    page = page or seen_page(known.seen(printer, build))
    if page is None:
        raise known.missing(NO_BUILD)
    return tagged(request, page)


@router.get(
    "/builds/{printer}/{build}/strip",
    response_model=answers.Strip,
    responses=TAGGED | problems(not_found=NO_BUILD, unusable=UNUSABLE, away=AWAY),
)
def strip(request: Request, printer: PrinterName, build: BuildName, known: KnownNow) -> Response:
    """Give all layers of a build as lists of equal length, in order; send the ETag again and get 304."""
    layers = known.strip(printer, build)
    if not layers:
        raise known.missing(NO_BUILD)
    return tagged(request, strip_of(layers))


@router.get(
    "/builds/{printer}/{build}/column",
    response_model=answers.Column,
    responses=TAGGED | problems(not_found=NO_BUILD, unusable=UNUSABLE, away=AWAY),
)
def column(  # noqa: PLR0913, PLR0917 - each is a parameter of the URL
    request: Request,
    printer: PrinterName,
    build: BuildName,
    stage: Stage,
    x: Pixel,
    y: Pixel,
    width: Pixels,
    height: Pixels,
    first: Annotated[int, Query(alias="from", ge=0, le=MAX_LAYER)] = 0,
    to: Layer = MAX_LAYER,
) -> Response:
    """Follow a place through the layers: those whose regions meet a box, in pixels of the picture."""
    engine = context_of(request).history.engine()
    if BuildQueries(engine).build(printer, build) is None:
        raise HTTPException(404, NO_BUILD)
    place = Place(printer=printer, build=build, stage=stage, box=(x, y, width, height))
    found = StageQueries(engine).column(place, first=first, last=to, limit=COLUMN_LAYERS + 1)
    shown = tuple(answers.ColumnPart.model_validate(each, from_attributes=True) for each in found[:COLUMN_LAYERS])
    rest = found[COLUMN_LAYERS].layer if len(found) > COLUMN_LAYERS else None
    return tagged(request, answers.Column(stage=stage, bbox=place.box, layers=shown, next=rest))


@router.get(
    "/layers/{key}",
    response_model=answers.LayerPage,
    responses=TAGGED | problems(not_found=NO_LAYER, unusable=UNUSABLE, away=AWAY),
)
def layer(
    request: Request, key: Annotated[str, Path(pattern=KEY, examples=["m290_job42_000123_melt"])], known: KnownNow
) -> Response:
    """Give the newest verdict on a layer, its revisions, and where its pictures and neighbours are."""
    page = layer_page(known, LayerKey.parse(key))
    if page is None:
        raise known.missing(NO_LAYER)
    return tagged(request, page)
