"""The list of builds, and one build: pages that say what counts without a script."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import AwareDatetime, Field

from layerwatch.layers import BUILD_NAME, MAX_LAYER, PRINTER_NAME, Stage
from monitoring.history.build_queries import BuildQueries
from monitoring.history.layer_queries import LayerQueries
from monitoring.history.notes import Notes
from monitoring.web.build.views import build_view, chosen_layer, told_events
from monitoring.web.context import context_of
from monitoring.web.rendering import render

LISTED = 25
WORST = 40
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

PrinterName = Annotated[str, Path(pattern=f"^{PRINTER_NAME.pattern}$")]
BuildName = Annotated[str, Path(pattern=f"^{BUILD_NAME.pattern}$")]
Before = Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST)]

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/builds")
def builds_page(
    request: Request,
    printer: Annotated[str, Query(pattern=f"^({PRINTER_NAME.pattern})?$")] = "",
    before: Before | None = None,
) -> HTMLResponse:
    """Return the builds that had a verdict last, newest first, a page of them."""
    queries = BuildQueries(context_of(request).history.engine())
    found = queries.builds(printer or None, limit=LISTED + 1, before=before)
    return render(
        request,
        "builds.html",
        builds=[build_view(facts) for facts in found[:LISTED]],
        older=found[LISTED - 1].last_published if len(found) > LISTED else None,
        printers=queries.printers(),
        printer=printer,
        before=before,
    )


@router.get("/builds/{printer}/{build}")
def build_page(
    request: Request,
    printer: PrinterName,
    build: BuildName,
    layer: Annotated[int | None, Query(ge=0, le=MAX_LAYER)] = None,
    stage: Stage | None = None,
) -> HTMLResponse:
    """Return one build with one of its layers, the latest unless another is asked for."""
    context = context_of(request)
    cursor = context.feed.window.cursor  # before the history is read: what comes meanwhile is told behind it
    engine = context.history.engine()
    facts = BuildQueries(engine).build(printer, build)
    queries = LayerQueries(engine)
    strip = queries.strip(printer, build)
    if facts is None or not strip:
        raise HTTPException(404, f"the history knows no build {build} of printer {printer}; /builds lists all")
    chosen = chosen_layer(strip, layer, stage)
    return render(
        request,
        "build.html",
        view=build_view(facts),
        layers=len({each.layer for each in strip}),
        events=told_events(Notes(engine).events(printer, build)),
        worst=queries.worst_layers(printer, build, limit=WORST),
        chosen=chosen,
        verdict=queries.verdict(chosen.inspection),
        not_there=layer is not None and chosen.layer != layer,
        asked_for=layer,
        feed=context.feed,
        cursor=cursor,
        stale_seconds=context.settings.stale_seconds,
    )
