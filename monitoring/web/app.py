"""The application: routes, templates, and the feed that lives as long as it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from prometheus_client import CollectorRegistry, ProcessCollector
from redis import Redis
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from layerwatch import __version__
from layerwatch.artifacts import open_artifacts
from layerwatch.redis_connection import connect
from monitoring.metrics import VerdictMetrics
from monitoring.redis_metrics import RedisCollector, connect_for_scrapes
from monitoring.rows import area_text, seconds_text
from monitoring.settings import MonitoringSettings
from monitoring.web import api
from monitoring.web.access import login, session
from monitoring.web.access.body_limit import BodyLimit, limit_of
from monitoring.web.access.control import AccessControl
from monitoring.web.access.cross_site import CrossSite
from monitoring.web.access.parts import Access
from monitoring.web.access.proxies import TrustedProxies
from monitoring.web.addresses import layer_url
from monitoring.web.artifacts import overlay_url
from monitoring.web.build import api as build_api
from monitoring.web.build import pages as build_pages
from monitoring.web.build import picture_api
from monitoring.web.build.making import PictureMaking
from monitoring.web.check import page as check_page
from monitoring.web.check import routes as check_routes
from monitoring.web.check.desk import desk_of
from monitoring.web.context import Context
from monitoring.web.headers import SecurityHeaders, allowed_hosts
from monitoring.web.history import PageHistory
from monitoring.web.live.bell import Bell
from monitoring.web.live.event_stream import EventStream
from monitoring.web.live.feed import Feed, connect_for_feed
from monitoring.web.live.told import ToldFeed
from monitoring.web.notes import acknowledgements, corrections
from monitoring.web.notes.kinds import MISSED
from monitoring.web.notes.reconciling import reconcile_for_ever
from monitoring.web.now import api as now_api
from monitoring.web.now import pages
from monitoring.web.now.condition import WHAT_NOW
from monitoring.web.now.facts import connect_for_facts
from monitoring.web.now.lookout import Lookout
from monitoring.web.now.present import Present
from monitoring.web.now.status import status_of
from monitoring.web.problem import Problem
from monitoring.web.problems import add_problems
from monitoring.web.scripts import scripts_of
from monitoring.web.summary import percent_text
from monitoring.web.words import with_code

COMMAND_TIMEOUT_SECONDS = 5.0
WHAT_GOES_WRONG = {
    400: "The request cannot be read.",
    401: "Nobody is logged in: see /login, or send `Authorization: Bearer TOKEN`.",
    403: "The role is not enough, or the request comes from another site.",
    413: "The body is too large.",
    422: "A value is not as described; the detail names it.",
    429: "Too many in this minute; Retry-After says when to go on.",
    503: "Redis or the history does not answer; try again.",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": words} for status, words in WHAT_GOES_WRONG.items()
}
PAGES = (("/", "Now"), ("/builds", "Builds"), ("/check", "Check a layer"))


def create_app(settings: MonitoringSettings) -> FastAPI:
    """Return the application; it connects to Redis when it starts, not here.

    Raises:
        SettingsError: a setting cannot be used.
    """
    access = Access.from_settings(settings)
    registry = page_registry(settings.redis_url)
    redis = connect_for_feed(settings.redis_url)
    commands = connect_for_commands(settings.redis_url)
    history, facts = PageHistory(settings.database_url), connect_for_facts(settings.redis_url)
    bell = Bell()
    feed = Feed(redis, size=settings.window, metrics=VerdictMetrics(registry), bell=bell)
    told = ToldFeed(redis, bell)
    lookout = Lookout(facts, history, feed.window, bell)
    present = Present(feed, told, lookout)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        parts = (feed.run(), told.run(), lookout.run(), reconcile_for_ever(app.state.context))
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await redis.aclose()
            facts.close()
            app.state.context.close()

    # The documentation pages of FastAPI load scripts from elsewhere; /openapi.json stays.
    app = FastAPI(
        title="layerwatch", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, responses=PROBLEMS
    )
    app.state.context = Context(
        feed=feed,
        present=present,
        events=EventStream(feed, told, bell, lambda: status_of(present).model_dump_json()),
        artifacts=open_artifacts(settings.artifacts_dir),
        registry=registry,
        templates=templates(),
        settings=settings,
        history=history,
        access=access,
        pictures=PictureMaking(),
        redis=commands,
        check=desk_of(settings, commands),
    )
    app.include_router(api.router)
    app.include_router(now_api.router)
    app.include_router(build_api.router)
    app.include_router(build_pages.router)
    app.include_router(picture_api.router)
    app.include_router(pages.router)
    app.include_router(login.router)
    app.include_router(session.router)
    app.include_router(check_routes.router)
    app.include_router(check_page.router)
    app.include_router(corrections.router)
    app.include_router(acknowledgements.router)
    app.mount("/static", StaticFiles(directory=Path(str(resources.files("monitoring.web") / "static"))))
    add_problems(app)
    # The last one added is the first to see a request.
    app.add_middleware(AccessControl, gate=access.gate, rates=access.rates)
    app.add_middleware(CrossSite)
    hosts = allowed_hosts(settings.access, settings.host, settings.allowed_hosts)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)  # but pictures and event streams
    app.add_middleware(BodyLimit, most=limit_of(settings.max_upload_mb))
    app.add_middleware(SecurityHeaders)
    app.add_middleware(TrustedProxies, trusted=settings.trusted_proxies)
    return app


def connect_for_commands(url: str) -> Redis:
    """Return a client for what somebody waits for: it fails soon, and is called in threads."""
    return connect(url, retries=1, timeout_seconds=COMMAND_TIMEOUT_SECONDS)


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
    environment.globals.update(
        missed_kinds=MISSED,
        overlay_url=overlay_url,
        layer_url=layer_url,
        what_now=WHAT_NOW,
        version=__version__,
        pages=PAGES,
        scripts={"build": scripts_of("build", "notes"), "now": scripts_of("now")},
    )
    environment.filters.update(area=area_text, seconds=seconds_text, percent=percent_text, with_code=with_code)
    return environment
