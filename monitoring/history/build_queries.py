"""What page and reports ask of builds and hours: counts, from `tallies`, which has a row for some hundred layers."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, select, tuple_

from layerwatch.verdict import Decision
from monitoring.history.answers import BuildFacts, HourFacts, complete
from monitoring.history.layer_queries import PAGE
from monitoring.history.records import hour_of
from monitoring.history.tables import builds, tallies


class BuildQueries:
    """Reads the history; may be shared by threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def builds(
        self,
        printer: str | None = None,
        *,
        limit: int = PAGE,
        before: tuple[datetime, int] | None = None,
        but_of: str | None = None,
    ) -> tuple[BuildFacts, ...]:
        """Return the builds that had a verdict last, newest first.

        Args:
            printer: of one printer, or of all.
            limit: how many at most.
            before: `last_published` and `id` of the build that they come behind in this order; None for the newest.
            but_of: a printer whose builds are left out.
        """
        order = (builds.c.last_published, builds.c.id)
        wanted = select(builds).order_by(*(column.desc() for column in order)).limit(limit)
        if printer is not None:
            wanted = wanted.where(builds.c.printer == printer)
        if before is not None:
            wanted = wanted.where(tuple_(*order) < before)
        if but_of is not None:
            wanted = wanted.where(builds.c.printer != but_of)
        return self._builds(wanted)

    def build(self, printer: str, name: str) -> BuildFacts | None:
        """Return one build, None where nothing is known of it."""
        found = self._builds(select(builds).where(builds.c.printer == printer, builds.c.name == name))
        return found[0] if found else None

    def printers(self) -> tuple[str, ...]:
        """Return the printers that ever had a verdict, in order."""
        with self._engine.connect() as connection:
            return tuple(connection.scalars(select(builds.c.printer).distinct().order_by(builds.c.printer)))

    def hours(
        self, since: datetime, until: datetime, *, printer: str | None = None, build: str | None = None
    ) -> tuple[HourFacts, ...]:
        """Return for each hour with layers captured in it what they are judged by now, in order.

        The first hour is the one that `since` lies in, the last begins before `until`.
        """
        wanted = select(tallies.c.hour, tallies.c.decision, func.sum(tallies.c.layers)).where(
            *_within(since, until), *_of(printer, build)
        )
        counts = defaultdict[datetime, Counter[Decision]](Counter)
        with self._engine.connect() as connection:
            for hour, decision, count in connection.execute(wanted.group_by(tallies.c.hour, tallies.c.decision)):
                counts[hour][decision] = count
        return tuple(HourFacts(hour=hour, decisions=complete(counts[hour])) for hour in sorted(counts))

    def decisions(
        self,
        *,
        printer: str | None = None,
        build: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Mapping[Decision, int]:
        """Return how many layers (each stage counts) have which decision; times as in `hours`."""
        wanted = select(tallies.c.decision, func.sum(tallies.c.layers)).where(
            *_within(since, until), *_of(printer, build)
        )
        with self._engine.connect() as connection:
            return complete(dict(map(tuple, connection.execute(wanted.group_by(tallies.c.decision)))))

    def _builds(self, wanted: Select[Any]) -> tuple[BuildFacts, ...]:
        with self._engine.connect() as connection:
            rows = connection.execute(wanted).all()
            counts = _counts(connection, [row.id for row in rows])
        return tuple(
            BuildFacts(
                id=row.id,
                printer=row.printer,
                name=row.name,
                first_captured=row.first_captured,
                last_captured=row.last_captured,
                last_published=row.last_published,
                decisions=complete(counts[row.id]),
            )
            for row in rows
        )


def _counts(connection: Connection, build_ids: Sequence[int]) -> Mapping[int, Mapping[Decision, int]]:
    counts = defaultdict[int, dict[Decision, int]](dict)
    wanted = select(tallies.c.build_id, tallies.c.decision, func.sum(tallies.c.layers))
    wanted = wanted.where(tallies.c.build_id.in_(build_ids)).group_by(tallies.c.build_id, tallies.c.decision)
    for build_id, decision, count in connection.execute(wanted):
        counts[build_id][decision] = count
    return counts


def _within(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    conditions = []
    if since is not None:
        conditions.append(tallies.c.hour >= hour_of(since))
    if until is not None:
        conditions.append(tallies.c.hour < until)
    return conditions


def _of(printer: str | None, build: str | None) -> list[ColumnElement[bool]]:
    if printer is None and build is None:
        return []
    wanted = select(builds.c.id)
    if printer is not None:
        wanted = wanted.where(builds.c.printer == printer)
    if build is not None:
        wanted = wanted.where(builds.c.name == build)
    return [tallies.c.build_id.in_(wanted)]
