"""What only a report asks of the history: which builds have a name, and what was said of layers before."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, select

from layerwatch.layers import Stage
from layerwatch.report import EarlierRevision
from monitoring.history.tables import build_id_of, builds, layers, revisions

NAMES_AT_MOST = 10_000

Place = tuple[int, Stage]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BuildName:
    """A build as people name it."""

    build: str
    printer: str

    def __str__(self) -> str:
        return f"{self.build} on {self.printer}"


class ReportQueries:
    """Reads the history; may be shared by threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def named(self, build: str) -> tuple[BuildName, ...]:
        """Return the builds of a name, which several printers may have."""
        wanted = select(builds.c.printer, builds.c.name).where(builds.c.name == build).order_by(builds.c.printer)
        with self._engine.connect() as connection:
            return tuple(BuildName(printer=row.printer, build=row.name) for row in connection.execute(wanted))

    def names(self) -> tuple[BuildName, ...]:
        """Return the builds that had a verdict last, newest first."""
        wanted = select(builds.c.printer, builds.c.name).order_by(builds.c.last_published.desc()).limit(NAMES_AT_MOST)
        with self._engine.connect() as connection:
            return tuple(BuildName(printer=row.printer, build=row.name) for row in connection.execute(wanted))

    def earlier(self, name: BuildName) -> Mapping[Place, Sequence[EarlierRevision]]:
        """Return all revisions of a build's layers but the newest, oldest first."""
        its = revisions.c.revision, revisions.c.inspection, revisions.c.decision, revisions.c.published
        wanted = (
            select(layers.c.layer, layers.c.stage, *its)
            .join_from(layers, revisions)
            .where(layers.c.build_id == build_id_of(name.printer, name.build))
            .where(revisions.c.inspection != layers.c.inspection)
            .order_by(layers.c.layer, revisions.c.revision, revisions.c.published)
        )
        found = defaultdict[Place, list[EarlierRevision]](list)
        with self._engine.connect() as connection:
            for row in connection.execute(wanted):
                found[row.layer, row.stage].append(
                    EarlierRevision(
                        revision=row.revision,
                        inspection=row.inspection,
                        decision=row.decision,
                        published=row.published,
                    )
                )
        return found
