"""The list of builds, and one build: pages that say what counts without a script."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from layerwatch.layers import CHECK_PRINTER, MAX_LAYER, PRINTER_NAME, LayerKey, Stage
from monitoring.event_words import EVENT_WORDS
from monitoring.history.build_queries import BuildQueries
from monitoring.web.access.user import Role, needs
from monitoring.web.build.api import NO_BUILD, BuildName, KnownNow, PrinterName
from monitoring.web.build.heads import PLACE, build_list, build_page, place_of, seen_page
from monitoring.web.build.layer import layer_page
from monitoring.web.build.views import as_views, build_view, chosen_layer, worst_layers
from monitoring.web.context import context_of
from monitoring.web.rendering import render

LISTED = 25
WORST = 24  # as many as static/build/head.js lists

router = APIRouter(
    include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(needs(Role.VIEWER))]
)


@router.get("/builds")
def builds(
    request: Request,
    printer: Annotated[str, Query(pattern=f"^({PRINTER_NAME.pattern})?$")] = "",
    before: Annotated[str | None, Query(pattern=f"^{PLACE}$")] = None,
) -> HTMLResponse:
    """Return the builds that had a verdict last, newest first, a page of them."""
    queries = BuildQueries(context_of(request).history.engine())
    found = build_list(queries, printer or None, LISTED, None if before is None else place_of(before))
    return render(
        request,
        "builds.html",
        builds=as_views(found.builds),
        older=found.next,
        printers=tuple(name for name in queries.printers() if name != CHECK_PRINTER),
        printer=printer,
        before=before,
    )


@router.get("/builds/{printer}/{build}")
def build(  # noqa: PLR0913, PLR0917 - each is a parameter of the URL
    request: Request,
    printer: PrinterName,
    build: BuildName,
    known: KnownNow,
    layer: Annotated[int | None, Query(ge=0, le=MAX_LAYER)] = None,
    stage: Stage | None = None,
) -> HTMLResponse:
    """Return one build with one of its layers, the latest unless another is asked for."""
    feed = context_of(request).feed
    cursor = feed.window.cursor  # before the rest is read: what comes meanwhile is told behind it
    head = None if known.engine is None else build_page(known.engine, printer, build)
    head = head or seen_page(known.seen(printer, build))
    strip = known.strip(printer, build)
    if head is None or not strip:
        raise known.missing(NO_BUILD)
    chosen = chosen_layer(strip, layer, stage)
    page = layer_page(known, LayerKey(printer=printer, build=build, layer=chosen.layer, stage=chosen.stage))
    assert page is not None  # noqa: S101 - the strip has it
    return render(
        request,
        "build.html",
        view=build_view(head),
        layers=len({each.layer for each in strip}),
        events=tuple(reversed(head.events)),
        event_words=EVENT_WORDS,
        worst=worst_layers(strip, limit=WORST),
        page=page,
        verdict=page.verdict,
        not_there=layer if layer is not None and chosen.layer != layer else None,
        feed=feed,
        cursor=cursor,
        stale_seconds=context_of(request).settings.stale_seconds,
    )
