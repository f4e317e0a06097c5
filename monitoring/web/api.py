"""What programs read: verdicts, events, artifacts, metrics, health."""

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST

from layerwatch.errors import ArtifactsAwayError
from layerwatch.health import exposition, health_report
from layerwatch.verdict_stream import CURSOR, START
from monitoring.web.artifacts import MEDIA_TYPES, artifact_response, why_not_there
from monitoring.web.context import context_of
from monitoring.web.live.event_stream import resume_cursor
from monitoring.web.problem import Problem, problems

MOST_READERS = 200
ARTIFACTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}},
    404: {"model": Problem, "description": "There is none of that name; an image may have made room."},
}
FOR_EVER = "private, max-age=31536000, immutable"
Cursor = Annotated[str | None, Query(pattern=f"^{CURSOR.pattern}$", description="A stream id; 0 is the start.")]

UNBUFFERED = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
EVENTS_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "A stream without an end.", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
    **problems(unusable="A cursor is none.", away="There are too many readers."),
}


class EventStreamResponse(StreamingResponse):
    media_type = "text/event-stream"


router = APIRouter()
log = structlog.get_logger()


@router.get("/api/verdicts", tags=["verdicts"])
async def verdicts(
    request: Request, after: Cursor = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Response:
    """Return verdicts behind a cursor, oldest first; without one, the latest.

    `next` is the cursor to ask with again. `missed` says that some behind the cursor are no longer held here;
    the Redis stream may still have them.
    """
    window = context_of(request).feed.window
    new = window.newest(limit)[::-1] if after is None else window.after(after, limit)
    missed = after not in (None, START) and not window.has_all_after(after or START)
    items = b",".join(b'{"cursor":"%s","verdict":%s}' % (seen.cursor.encode(), seen.body) for seen in new)
    cursor = new[-1].cursor if new else after or window.cursor
    body = b'{"verdicts":[%s],"next":"%s","missed":%s}' % (items, cursor.encode(), b"true" if missed else b"false")
    return Response(body, media_type="application/json")


@router.get("/api/events", tags=["verdicts"], response_class=EventStreamResponse, responses=EVENTS_ANSWERS)
async def events(
    request: Request,
    after: Cursor = None,
    told: Annotated[str | None, Query(pattern=f"^{CURSOR.pattern}$", description="The same for `told`.")] = None,
    last_event_id: Annotated[str, Header(pattern=f"^({CURSOR.pattern})?$")] = "",
) -> StreamingResponse:
    """Send each verdict as it comes (server-sent events), and how everything is.

    - `verdict`: the exact body; its id is the stream id. `Last-Event-ID` goes on where a reader was, and wins over
      `after`; without both, it begins with what is new.
    - `told`: an event over layers, the exact body, without an id; from `told` on, else with what is new.
    - `status`: the body of `/api/status`, at once, at each change, and every five seconds at least: a reader that
      hears nothing for twenty seconds is to connect again.
    - `missed`: verdicts behind the reader's cursor are no longer held here; it goes on behind `from`.
    """
    context = context_of(request)
    if context.readers >= MOST_READERS:
        raise HTTPException(503, "too many readers of /api/events; close some", headers={"Retry-After": "10"})
    stream = context.counted(context.events.read(resume_cursor(last_event_id, after), told))
    return EventStreamResponse(stream, headers=UNBUFFERED)


@router.get("/artifacts/{path:path}", tags=["artifacts"], response_class=Response, responses=ARTIFACTS)
def artifact(request: Request, path: str, v: str = "") -> Response:
    """Return an overlay, a mask or a verdict file; with `v` (anything that changes with it) it is kept for ever."""
    artifacts = context_of(request).artifacts
    try:
        answer = artifact_response(artifacts, path)
        why_not = why_not_there(artifacts, path) if answer is None else ""
    except ArtifactsAwayError as error:
        log.warning("artifact_not_read", path=path, error=str(error))
        raise HTTPException(
            503, "the object store of the artifacts does not answer; try again", headers={"Retry-After": "10"}
        ) from error
    if answer is None:
        raise HTTPException(404, why_not)
    answer.headers["Cache-Control"] = FOR_EVER if v else "no-cache"
    return answer


@router.get("/metrics", tags=["operation"], response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """Return what Prometheus scrapes."""
    return Response(exposition(context_of(request).registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


@router.get("/health", tags=["operation"])
async def health(request: Request, response: Response) -> dict[str, object]:
    """Return whether the page sees new verdicts; status 503 while it does not."""
    feed = context_of(request).feed
    healthy, report = health_report({"redis": lambda: bool(feed.answers), "verdicts_read": lambda: feed.loaded})
    response.status_code = 200 if healthy else 503
    return report
