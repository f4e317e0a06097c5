"""The running builds: the page, and its pieces that change."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import CURSOR, START
from monitoring.web.access.user import Role, user_of
from monitoring.web.context import Context, context_of
from monitoring.web.live.window import Seen
from monitoring.web.now.update import update_after
from monitoring.web.now.views import latest, replaced_by
from monitoring.web.rendering import render

MOST_PIECES = 200  # a page that is further behind loads anew
Cursor = Annotated[str, Query(pattern=f"^{CURSOR.pattern}$")]

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
        **_shown(request, context),
        rows=latest(window),
        cursor=window.cursor,
        told=context.present.told.cursor,
        feed=context.feed,
        stale_seconds=context.settings.stale_seconds,
        gone=bool(layer) and chosen is None,
        **_detail(context, chosen or _latest(context), following=not layer),
    )


@router.get("/live")
async def live(
    request: Request, after: Cursor, told: Cursor = START, standing: str = "", *, follow: bool = False
) -> HTMLResponse:
    """Return the pieces of the page that changed behind a cursor; status 205 where it has to load anew."""
    context = context_of(request)
    window, present = context.feed.window, context.present
    if not window.has_all_after(after) or len(window.after(after, MOST_PIECES)) == MOST_PIECES:
        return HTMLResponse(status_code=205)
    update = update_after(
        window,
        after,
        present.look().cards,
        told=present.told.after(told),
        all_cards=not present.lookout.is_behind_cards(standing),
    )
    return render(
        request,
        "live.html",
        **_shown(request, context),
        update=update,
        told=present.told.cursor,
        **_detail(context, _latest(context) if follow else None, following=True),
    )


@router.get("/layers/{cursor}")
async def layer_detail(request: Request, cursor: str, *, following: bool = False) -> HTMLResponse:
    """Return the piece that shows one verdict."""
    context = context_of(request)
    window = context.feed.window
    seen = window.find(cursor) if CURSOR.fullmatch(cursor) else None
    detail = _detail(context, seen, following=following)
    return render(request, "detail.html", status=200 if seen else 404, gone=seen is None, **detail)


def _shown(request: Request, context: Context) -> dict[str, Any]:
    shown = context.present.look()
    return {
        "cards": shown.cards,
        "headline": shown.headline,
        "standing": context.present.lookout.standing,
        "may_acknowledge": user_of(request).role.includes(Role.OPERATOR),
    }


def _latest(context: Context) -> Seen | None:
    return next(iter(latest(context.feed.window, 1)), None)


def _detail(context: Context, seen: Seen | None, *, following: bool) -> dict[str, Any]:
    if seen is None:
        return {"selected": None, "verdict": None, "following": following, "replacement": None}
    return {
        "selected": seen,
        "verdict": Verdict.from_json(seen.body),
        "following": following,
        "replacement": replaced_by(context.feed.window, seen),
    }
