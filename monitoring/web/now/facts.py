"""What is known of the plant beside its verdicts: asked of Redis and of the history, in threads."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from redis import Redis
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from layerwatch.errors import SettingsError
from layerwatch.layers import CHECK_PRINTER
from layerwatch.redis_connection import connect
from layerwatch.redis_sources import RedisSources
from layerwatch.source_state import SourceState
from monitoring.history.database import in_words
from monitoring.history.notes import Acknowledgement, Notes
from monitoring.history.store import HistoryStore
from monitoring.redis_metrics import queue_jobs, workers_seen
from monitoring.web.history import NoHistoryError, PageHistory

TIMEOUT_SECONDS = 2.0  # the page says soon that Redis hangs


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisFacts:
    """What Redis says at one moment.

    Attributes:
        clock: Redis' own time, by which the ids of its streams are made.
        sources: what ingest last said of each printer's folder.
        workers: how many are `idle`, `busy` and `silent`.
        unwritable: of each living worker that can write no artifacts, why, and what to do.
        jobs: inspections by what they wait for, as in `queue_jobs`.
    """

    clock: datetime
    sources: tuple[SourceState, ...]
    workers: Mapping[str, int]
    unwritable: tuple[str, ...] = ()
    jobs: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFacts:
    """What the history says at one moment.

    Attributes:
        cursor: up to where it holds the stream of verdicts, None where it cannot be read.
        missing: why there is none that can be read, empty if there is.
        away: why its database does not answer, empty if it does.
        seen: what people acknowledged of the running builds, by the verdict's or the event's id; the latest of each.
    """

    cursor: str | None = None
    missing: str = ""
    away: str = ""
    seen: Mapping[str, Acknowledgement] = field(default_factory=dict)


def connect_for_facts(url: str) -> Redis:
    """Return a client that fails soon."""
    return connect(url, retries=0, timeout_seconds=TIMEOUT_SECONDS)


def ask_redis(client: Redis) -> RedisFacts:
    """Return what Redis says now; what it raises is raised."""
    seconds, microseconds = client.time()
    states = RedisSources(client).states()
    workers = workers_seen(client, datetime.now(UTC))
    return RedisFacts(
        clock=datetime.fromtimestamp(seconds + microseconds / 1e6, UTC),
        sources=tuple(state for state in states if state.printer != CHECK_PRINTER),
        workers=Counter(worker.state for worker in workers),
        unwritable=tuple(each.cannot_write for each in workers if each.cannot_write and each.lives),
        jobs=queue_jobs(client),
    )


def ask_history(history: PageHistory, builds: Iterable[tuple[str, str]]) -> HistoryFacts:
    """Return how far the history is, and what of these builds (printer, build) was acknowledged."""
    try:
        engine = history.engine()
        notes = Notes(engine)
        found = [each for printer, build in builds for each in notes.acknowledgements(printer, build)]
        return HistoryFacts(cursor=HistoryStore(engine).position().cursor, seen={each.subject: each for each in found})
    except (NoHistoryError, SettingsError) as error:
        return HistoryFacts(missing=str(error))
    except (DBAPIError, PoolTimeoutError) as error:
        return HistoryFacts(away=in_words(error))
