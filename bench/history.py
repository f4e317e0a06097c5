"""How long page and reports wait for the history once a million layers are in it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path

import numpy as np
from rich.console import Console
from sqlalchemy import Engine

from bench.history_verdicts import (
    LAYERS_OF_A_BUILD,
    ROWS_OF_A_BUILD,
    begin_of,
    name_of,
    printer_of,
    verdicts_of,
)
from bench.page import Figures
from layerwatch.layers import LayerKey, Stage
from layerwatch.verdict import Verdict
from monitoring.history.build_queries import BuildQueries
from monitoring.history.database import open_database
from monitoring.history.layer_queries import LayerQueries
from monitoring.history.migrate import migrate
from monitoring.history.records import Published
from monitoring.history.stage_queries import Place, StageQueries
from monitoring.history.store import HistoryStore
from monitoring.web.build.strip import strip_of

REPEATS = 100
AT_ONCE = 2000
BUDGET_MS = 50
ALL_LAYERS = {"first": 0, "last": LAYERS_OF_A_BUILD, "limit": LAYERS_OF_A_BUILD}
NOTE = (
    "Each is asked {repeats} times, about another printer, build or layer each time; p50 / p95. A layer in each stage "
    "counts as one, and a tenth of them have regions. Written is by the recorder, in a transaction of its own. "
    "The database has {gigabytes:.2f} GB."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that is asked; `ask` takes the number of a build."""

    words: str
    ask: Callable[[int], object]
    budget_ms: int | None = BUDGET_MS


def history_figures(work: Path, count: int, progress: Console, *, database_url: str | None = None) -> Figures:
    """Fill an empty database with so many layers, a SQLite file unless another is named, and time the answers."""
    engine = open_database(database_url or f"sqlite:///{work}/history.sqlite3")
    migrate(engine)
    with progress.status(f"history: writing {count:,} layers"):
        builds = fill(engine, count)
    rows = []
    for question in questions(engine, builds):
        with progress.status(f"history: {question.words}"):
            rows.append(_row(question, builds))
    title, size = f"{count:,} layers in {builds} builds", _bytes(engine)
    engine.dispose()
    return Figures(
        title="History",
        command="python -m bench --only history",
        columns=(f"{title}, {_name(engine)}", "budget, ms", "p50, ms", "p95, ms"),
        rows=tuple(rows),
        note=NOTE.format(repeats=REPEATS, gigabytes=size / 1e9),
    )


def fill(engine: Engine, count: int) -> int:
    """Write builds with so many layers in all, each stage counts as one; return how many builds these are."""
    store, builds = HistoryStore(engine), -(-count // ROWS_OF_A_BUILD)
    verdicts = islice(chain.from_iterable(map(verdicts_of, range(builds))), count)
    while some := tuple(islice(verdicts, AT_ONCE)):
        store.take_in([_published(verdict) for verdict in some])
    return builds


def questions(engine: Engine, builds: int) -> Iterator[Question]:
    """Yield what page and reports ask, and what the recorder does."""
    layers, stages, counts = LayerQueries(engine), StageQueries(engine), BuildQueries(engine)
    end = begin_of(builds)
    week, month = end - timedelta(days=7), end - timedelta(days=30)
    yield Question(words="latest 50 layers of all printers", ask=lambda _: layers.latest_layers())
    yield Question(words="latest 50 layers of a printer", ask=lambda build: layers.latest_layers(printer_of(build)))
    yield Question(words="an older page of them", ask=lambda build: layers.latest_layers(before=begin_of(build)))
    yield Question(
        words="strip of a build, 4,000, as the page gets it",
        ask=lambda build: strip_of(layers.strip(printer_of(build), name_of(build))).model_dump_json(),
    )
    yield Question(words="a place through 2,000 layers", ask=lambda build: stages.column(_place(build), **ALL_LAYERS))
    yield Question(
        words="worst 20 of a build", ask=lambda build: layers.worst_layers(printer_of(build), name_of(build))
    )
    yield Question(words="a layer, its revisions and regions", ask=lambda build: layers.layer(_some_layer(build)))
    yield Question(words="latest 50 builds with their counts", ask=lambda _: counts.builds())
    yield Question(words="latest 50 builds of a printer", ask=lambda build: counts.builds(printer_of(build)))
    yield Question(words="defect rate by hour, a week, all printers", ask=lambda _: counts.hours(week, end))
    yield Question(
        words="defect rate by hour, a month, a printer",
        ask=lambda build: counts.hours(month, end, printer=printer_of(build)),
    )
    yield Question(words="counts by decision, everything", ask=lambda _: counts.decisions())
    yield Question(
        words="counts by decision of a printer", ask=lambda build: counts.decisions(printer=printer_of(build))
    )
    yield Question(words="one verdict written", ask=_writer(engine), budget_ms=None)


def _place(build: int) -> Place:
    return Place(printer=printer_of(build), build=name_of(build), stage=Stage.MELT, box=(2, 60, 20, 20))


def _some_layer(build: int) -> LayerKey:
    return LayerKey(
        printer=printer_of(build), build=name_of(build), layer=build * 7 % LAYERS_OF_A_BUILD, stage=Stage.MELT
    )


def _writer(engine: Engine) -> Callable[[int], object]:
    """Return what writes a second revision of a layer, another one each time."""
    store, revision = HistoryStore(engine), iter(range(2, 1_000_000))

    def write(build: int) -> object:
        number = next(revision)
        verdict = next(verdicts_of(build)).model_copy(update={"revision": number})
        return store.take_in([_published(verdict.model_copy(update={"id": f"{verdict.key}-{number << 20:012x}"}))])

    return write


def _published(verdict: Verdict) -> Published:
    return Published(body=verdict.to_json(), verdict=verdict)


def _row(question: Question, builds: int) -> tuple[str, ...]:
    chance = np.random.default_rng(6)
    seconds = []
    for build in chance.integers(0, builds, REPEATS).tolist():
        began = time.perf_counter()
        question.ask(build)
        seconds.append(time.perf_counter() - began)
    middle, high = np.percentile(seconds, (50, 95))
    budget = "" if question.budget_ms is None else str(question.budget_ms)
    return question.words, budget, f"{1000 * middle:.1f}", f"{1000 * high:.1f}"


def _bytes(engine: Engine) -> int:
    sizes = {
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        "postgresql": "SELECT pg_database_size(current_database())",
    }
    with engine.connect() as connection:
        return int(connection.exec_driver_sql(sizes[engine.dialect.name]).scalar_one())


def _name(engine: Engine) -> str:
    return "SQLite" if engine.dialect.name == "sqlite" else "PostgreSQL"
