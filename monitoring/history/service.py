"""The role `record` as a whole: its parts, its health and metrics, until it is told to stop."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from sqlalchemy import Engine, text

from layerwatch.artifacts import open_artifacts
from layerwatch.health import serve_health
from layerwatch.redis_connection import answers, connect
from layerwatch.redis_events import RedisEvents
from layerwatch.signals import stop_on_signals
from layerwatch.verdict import Verdict
from monitoring.history.catch_up import CatchUp
from monitoring.history.database import open_database
from monitoring.history.kept_events import KeptEvents
from monitoring.history.layer_queries import LayerQueries
from monitoring.history.metrics import LagCollector, RecorderMetrics
from monitoring.history.migrate import migrate
from monitoring.history.notes import Notes
from monitoring.history.recorder import Recorder
from monitoring.history.source import StreamSource
from monitoring.history.store import HistoryStore
from monitoring.over_layers.escalation import Escalation
from monitoring.over_layers.limits import RiskLimits
from monitoring.over_layers.metrics import RiskMetrics
from monitoring.over_layers.stage import KEPT
from monitoring.over_layers.watch import BuildWatch
from monitoring.redis_metrics import connect_for_scrapes
from monitoring.retention.periodic import retention_of
from monitoring.settings import MonitoringSettings

IN_PROGRESS = timedelta(hours=12)  # a build without a verdict for longer is over
BUILDS_IN_PROGRESS = 50
LAYERS_OF_EACH = KEPT  # no more than the watch keeps of a stage: a layer that it forgot would be new to it

log = structlog.get_logger(__name__)


def record(settings: MonitoringSettings, limits: RiskLimits) -> None:
    """Keep the history, and tell what builds show over their layers, until SIGTERM or SIGINT.

    Raises:
        SettingsError: a setting cannot be used, or the database is newer than this layerwatch.
    """
    engine = open_database(settings.database_url)
    store = HistoryStore(engine)
    metrics = RecorderMetrics(registry := _registry())
    scraped = connect_for_scrapes(settings.redis_url)
    registry.register(LagCollector(scraped, metrics))
    retention = retention_of(settings, engine, registry)
    events = KeptEvents(RedisEvents(connect(settings.redis_url, retries=0)), Notes(engine))
    recorder = Recorder(
        store,
        StreamSource(connect(settings.redis_url, retries=0)),
        prepare=lambda: migrate(engine),
        catch_up=CatchUp(store, open_artifacts(settings.artifacts_dir), metrics),
        metrics=metrics,
        recent=_recent(LayerQueries(engine)),
        observers=(Escalation(BuildWatch(limits), events, RiskMetrics(registry)),),
        each_turn=retention.run_when_due,
    )
    checks = {"redis": lambda: answers(scraped), "history": lambda: _answers(engine)}
    place = settings.record_metrics_port, settings.record_metrics_host
    with (
        stop_on_signals() as stop,
        serve_health(
            place[0], checks=checks, live={"loop": recorder.is_alive}, host=place[1], registry=registry
        ) as port,
    ):
        log.info("recorder_started", history=engine.url.render_as_string(hide_password=True), metrics_port=port)
        recorder.run(stop)
    retention.stop()
    engine.dispose()
    log.info("recorder_stopped")


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


def _recent(queries: LayerQueries) -> Callable[[], Sequence[Verdict]]:
    return lambda: queries.in_progress(
        since=datetime.now(UTC) - IN_PROGRESS, builds_at_most=BUILDS_IN_PROGRESS, layers_of_each=LAYERS_OF_EACH
    )


def _answers(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.scalar(text("SELECT 1")))
