"""The application: routes, templates, and the feed that lives as long as it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from prometheus_client import CollectorRegistry, ProcessCollector
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from layerwatch import __version__
from layerwatch.artifacts import open_artifacts
from monitoring.metrics import VerdictMetrics
from monitoring.redis_metrics import RedisCollector, connect_for_scrapes
from monitoring.rows import area_text, seconds_text
from monitoring.settings import MonitoringSettings
from monitoring.web import api, pages
from monitoring.web.artifacts import overlay_url
from monitoring.web.context import Context
from monitoring.web.feed import Feed, connect_for_feed
from monitoring.web.security import SecurityHeaders, allowed_hosts
from monitoring.web.views import WHAT_NOW


def create_app(settings: MonitoringSettings) -> FastAPI:
    """Return the application; it connects to Redis when it starts, not here."""
    registry = page_registry(settings.redis_url)
    redis = connect_for_feed(settings.redis_url)
    feed = Feed(redis, size=settings.window, metrics=VerdictMetrics(registry))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        reading = asyncio.create_task(feed.run())
        try:
            yield
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
            await redis.aclose()

    # The documentation pages of FastAPI load scripts from elsewhere; /openapi.json stays.
    app = FastAPI(title="layerwatch", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.context = Context(
        feed=feed,
        artifacts=open_artifacts(settings.artifacts_dir),
        registry=registry,
        templates=templates(),
        stale_seconds=settings.stale_seconds,
    )
    app.include_router(api.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=Path(str(resources.files("monitoring.web") / "static"))))
    app.add_exception_handler(HTTPException, _error_page)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(settings.host, settings.allowed_hosts))
    app.add_middleware(SecurityHeaders)
    return app


def page_registry(redis_url: str) -> CollectorRegistry:
    """Return what /metrics shows, but for the verdicts."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(RedisCollector(connect_for_scrapes(redis_url)))
    return registry


def templates() -> Environment:
    """Return the templates, with everything escaped and every forgotten name an error."""
    environment = Environment(
        loader=PackageLoader("monitoring.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(overlay_url=overlay_url, what_now=WHAT_NOW, version=__version__)
    environment.filters.update(area=area_text, seconds=seconds_text)
    return environment


async def _error_page(request: Request, error: Exception) -> Response:
    """Answer people with a page and programs with JSON."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else "error"
    headers = error.headers if isinstance(error, HTTPException) else None
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"detail": detail}, status, headers=headers)
    html = request.app.state.context.templates.get_template("error.html").render(status=status, detail=detail)
    return HTMLResponse(html, status, headers=headers)
