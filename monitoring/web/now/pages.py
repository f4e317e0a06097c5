"""The running builds: the page, and its pieces that change."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import CURSOR
from monitoring.web.context import Context, context_of
from monitoring.web.live.window import Seen
from monitoring.web.now.views import TABLE_ROWS, builds, replaced_by, update_after
from monitoring.web.rendering import render

MOST_PIECES = 200  # a page that is further behind loads anew

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
async def page(request: Request, layer: str = "") -> HTMLResponse:
    """Return the whole page, readable without script; `layer` is the cursor of the selected verdict."""
    context = context_of(request)
    window = context.feed.window
    chosen = window.find(layer) if CURSOR.fullmatch(layer) else None
    return render(
        request,
        "now.html",
        builds=builds(window),
        rows=window.newest(TABLE_ROWS),
        cursor=window.cursor,
        feed=context.feed,
        stale_seconds=context.settings.stale_seconds,
        gone=bool(layer) and chosen is None,
        **_detail(context, chosen or window.last, following=not layer),
    )


@router.get("/live")
async def live(
    request: Request, after: Annotated[str, Query(pattern=f"^{CURSOR.pattern}$")], *, follow: bool = False
) -> HTMLResponse:
    """Return the pieces of the page that changed behind a cursor; status 205 where it has to load anew."""
    context = context_of(request)
    window = context.feed.window
    if not window.has_all_after(after) or len(window.after(after, MOST_PIECES)) == MOST_PIECES:
        return HTMLResponse(status_code=205)
    detail = _detail(context, window.last if follow else None, following=True)
    update = update_after(window, after)
    return render(request, "live.html", update=update, **detail)


@router.get("/layers/{cursor}")
async def layer_detail(request: Request, cursor: str, *, following: bool = False) -> HTMLResponse:
    """Return the piece that shows one verdict."""
    context = context_of(request)
    window = context.feed.window
    seen = window.find(cursor) if CURSOR.fullmatch(cursor) else None
    detail = _detail(context, seen, following=following)
    return render(request, "detail.html", status=200 if seen else 404, gone=seen is None, **detail)


def _detail(context: Context, seen: Seen | None, *, following: bool) -> dict[str, Any]:
    if seen is None:
        return {"selected": None, "verdict": None, "following": following, "replacement": None}
    return {
        "selected": seen,
        "verdict": Verdict.from_json(seen.body),
        "following": following,
        "replacement": replaced_by(context.feed.window, seen),
    }
