"""What page and reports ask of layers; each answer takes a few milliseconds, whatever the history holds."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, case, select

from layerwatch.layers import LayerKey
from layerwatch.verdict import Decision, Verdict
from monitoring.history.answers import LayerFacts, LayerHistory, StripLayer
from monitoring.history.tables import build_id_of, builds, layers, revisions
from monitoring.severity import rank

PAGE = 50
VERDICTS_AT_ONCE = 200
_FACTS = (builds.c.name.label("build"), *(column for column in layers.c if column.name not in {"id", "build_id"}))
_STRIP = tuple(layers.c[field.name] for field in fields(StripLayer))
_OF_LAYERS = select(*_FACTS).join_from(layers, builds)
_RANK = case({decision: rank(decision) for decision in Decision}, value=layers.c.decision)


class LayerQueries:
    """Reads the history; may be shared by threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def latest_layers(
        self, printer: str | None = None, *, limit: int = PAGE, before: datetime | None = None
    ) -> tuple[LayerFacts, ...]:
        """Return the layers whose verdicts came last, newest first: of one printer or of all, before a time or now."""
        wanted = _OF_LAYERS.order_by(layers.c.published.desc()).limit(limit)
        if printer is not None:
            wanted = wanted.where(layers.c.printer == printer)
        if before is not None:
            wanted = wanted.where(layers.c.published < before)
        return self._layers(wanted)

    def strip(self, printer: str, build: str) -> tuple[StripLayer, ...]:
        """Return all layers of a build, in order; after spreading stands before after exposure."""
        wanted = select(*_STRIP).where(layers.c.build_id == build_id_of(printer, build))
        with self._engine.connect() as connection:
            rows = connection.execute(wanted.order_by(layers.c.layer, layers.c.stage.desc())).all()
        return tuple(StripLayer(*row) for row in rows)

    def worst_layers(self, printer: str, build: str, *, limit: int = 20) -> tuple[LayerFacts, ...]:
        """Return the layers of a build that do not pass: rejected before those to review, larger defects first."""
        wanted = _OF_LAYERS.where(layers.c.build_id == build_id_of(printer, build), layers.c.decision != Decision.PASS)
        order = (_RANK, layers.c.defect_area_ratio.desc(), layers.c.max_confidence.desc(), layers.c.layer)
        return self._layers(wanted.order_by(*order, layers.c.stage.desc()).limit(limit))

    def layer(self, key: LayerKey) -> LayerHistory | None:
        """Return a layer with all its revisions, None where nothing is known of it."""
        its = layers.c.layer == key.layer, layers.c.stage == key.stage
        wanted = _OF_LAYERS.add_columns(layers.c.id).where(
            layers.c.build_id == build_id_of(key.printer, key.build), *its
        )  # fmt: skip
        with self._engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
            if row is None:
                return None
            bodies = select(revisions.c.body).where(revisions.c.layer_id == row.id)
            newest_first = revisions.c.revision.desc(), revisions.c.published.desc(), revisions.c.inspection.desc()
            found = connection.scalars(bodies.order_by(*newest_first)).all()
        return LayerHistory(now=_layer(row), revisions=tuple(map(Verdict.from_json, found)))

    def verdict(self, inspection_id: str) -> Verdict | None:
        """Return what an inspection said, None where nobody knows."""
        wanted = select(revisions.c.body).where(revisions.c.inspection == inspection_id)
        with self._engine.connect() as connection:
            body = connection.scalar(wanted)
        return None if body is None else Verdict.from_json(body)

    def verdicts(self, printer: str, build: str) -> Iterator[Verdict]:
        """Yield the newest verdict of each layer of a build, in the order of the strip, a few hundred in memory."""
        ids = [layer.inspection for layer in self.strip(printer, build)]
        for first in range(0, len(ids), VERDICTS_AT_ONCE):
            some = ids[first : first + VERDICTS_AT_ONCE]
            wanted = select(revisions.c.inspection, revisions.c.body).where(revisions.c.inspection.in_(some))
            with self._engine.connect() as connection:
                bodies = {row.inspection: row.body for row in connection.execute(wanted)}
            yield from (Verdict.from_json(bodies[each]) for each in some)

    def in_progress(self, *, since: datetime, builds_at_most: int, layers_of_each: int) -> tuple[Verdict, ...]:
        """Return the last verdicts of the builds that had one since a time, each build's in the order of its layers."""
        found: list[Verdict] = []
        with self._engine.connect() as connection:
            ids = connection.scalars(
                select(builds.c.id)
                .where(builds.c.last_published >= since)
                .order_by(builds.c.last_published.desc())
                .limit(builds_at_most)
            ).all()
            for build_id in reversed(ids):
                found += _last_verdicts(connection, build_id, layers_of_each)
        return tuple(found)

    def _layers(self, wanted: Select[Any]) -> tuple[LayerFacts, ...]:
        with self._engine.connect() as connection:
            return tuple(map(_layer, connection.execute(wanted)))


def _last_verdicts(connection: Connection, build_id: int, count: int) -> list[Verdict]:
    last = (
        select(layers.c.inspection, layers.c.layer, layers.c.stage)
        .where(layers.c.build_id == build_id)
        .order_by(layers.c.layer.desc(), layers.c.stage)
        .limit(count)
        .subquery()
    )
    wanted = select(revisions.c.body).join(last, revisions.c.inspection == last.c.inspection)
    bodies = connection.scalars(wanted.order_by(last.c.layer, last.c.stage.desc()))
    return [Verdict.from_json(body) for body in bodies]


def _layer(row: Row[Any]) -> LayerFacts:
    return LayerFacts(**{name: value for name, value in row._mapping.items() if name != "id"})  # noqa: SLF001 - its name
