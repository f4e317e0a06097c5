"""What went wrong, as a page for people and as JSON for programs, in words that say what to do."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from layerwatch.errors import SettingsError
from layerwatch.redis_connection import UNAVAILABLE
from monitoring.history.database import in_words
from monitoring.web.access.audit_log import AuditAwayError
from monitoring.web.history import NoHistoryError
from monitoring.web.rendering import render

log = structlog.get_logger(__name__)

RETRY = {"Retry-After": "10"}


def add_problems(app: FastAPI) -> None:
    """Let the application answer what its routes raise."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(NoHistoryError, _no_history)
    app.add_exception_handler(SettingsError, _no_history)  # an older or a newer history
    app.add_exception_handler(AuditAwayError, _audit_away)
    for away in (DBAPIError, PoolTimeoutError):
        app.add_exception_handler(away, _database_away)
    for kind in UNAVAILABLE:
        app.add_exception_handler(kind, _redis_away)


def answer(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """Return a page for who asks for one, and JSON for everybody else."""
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"detail": detail}, status, headers=headers)
    page = render(request, "error.html", status=status, detail=detail, code=status)
    page.headers.update(headers or {})
    return page


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as it is registered
    return answer(request, error.status_code, str(error.detail), dict(error.headers or {}))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as it is registered
    said = [f"{'.'.join(map(str, item['loc'][1:])) or item['loc'][0]}: {item['msg']}" for item in error.errors()]
    return answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(said))


async def _no_history(request: Request, error: Exception) -> Response:
    return answer(request, HTTPStatus.SERVICE_UNAVAILABLE, str(error), RETRY)


async def _audit_away(request: Request, error: Exception) -> Response:
    log.error("audit_away", error=str(error))
    return answer(request, HTTPStatus.SERVICE_UNAVAILABLE, str(error), RETRY)


async def _database_away(request: Request, error: Exception) -> Response:
    log.warning("history_away", error=in_words(error))
    return answer(request, HTTPStatus.SERVICE_UNAVAILABLE, "the history database does not answer; try again", RETRY)


async def _redis_away(request: Request, error: Exception) -> Response:
    log.warning("redis_away", error=type(error).__name__)
    return answer(request, HTTPStatus.SERVICE_UNAVAILABLE, "Redis does not answer; try again", RETRY)
