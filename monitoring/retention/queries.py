"""What only retention asks of the history: which builds are over, and their layers by age."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from layerwatch.layers import LayerKey
from monitoring.history.tables import build_id_of, builds, layers


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedBuild:
    """A build whose last verdict is some time ago, and when its first picture was taken."""

    name: str
    began: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLayer:
    """A layer, the id of its newest verdict, and when that was published."""

    key: LayerKey
    inspection: str
    published: datetime


class RetentionQueries:
    """Reads the history; may be shared by threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ended_builds(self, printer: str, *, before: datetime) -> Sequence[EndedBuild]:
        """Return the builds without a verdict since a time, the one that ended first before the others."""
        wanted = (
            select(builds.c.name, builds.c.first_captured)
            .where(builds.c.printer == printer, builds.c.last_published < before)
            .order_by(builds.c.last_published)
        )
        with self._engine.connect() as connection:
            return [EndedBuild(name=row.name, began=row.first_captured) for row in connection.execute(wanted)]

    def layers_by_age(self, printer: str, build: str) -> Sequence[KnownLayer]:
        """Return the layers of a build, oldest first."""
        wanted = (
            select(layers.c.layer, layers.c.stage, layers.c.inspection, layers.c.published)
            .where(layers.c.build_id == build_id_of(printer, build))
            .order_by(layers.c.published, layers.c.layer)
        )
        with self._engine.connect() as connection:
            return [
                KnownLayer(
                    key=LayerKey(printer=printer, build=build, layer=row.layer, stage=row.stage),
                    inspection=row.inspection,
                    published=row.published,
                )
                for row in connection.execute(wanted)
            ]
