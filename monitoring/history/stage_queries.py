"""What is asked of one stage of a build: its first and last layer, what lies below a layer, a place through all layers.

The place is looked up among the layers that have regions, which are few, and counted together in the database.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Engine, Row, cast, func, select

from layerwatch.layers import LayerKey, Stage
from layerwatch.verdict import Decision, Verdict
from monitoring.history.tables import build_id_of, layers, regions, revisions

Box = tuple[int, int, int, int]  # x, y, width, height in pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRange:
    """The numbers of the first and the last layer of a stage, and how many have a verdict."""

    stage: Stage
    first: int
    last: int
    layers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A box in the pictures of one stage of a build."""

    printer: str
    build: str
    stage: Stage
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnLayer:
    """What the newest revision of a layer has at a place.

    Attributes:
        regions: how many meet the place; areas, confidence and the box around them are of these together.
        area_mm2: None where the size of a pixel is unknown.
    """

    layer: int
    inspection: str
    decision: Decision
    regions: int
    area_px: int
    area_mm2: float | None
    max_confidence: float
    bbox: Box


class StageQueries:
    """Reads the history; may be shared by threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ranges(self, printer: str, build: str) -> tuple[StageRange, ...]:
        """Return the stages of a build that have layers, after spreading first."""
        wanted = (
            select(layers.c.stage, func.min(layers.c.layer), func.max(layers.c.layer), func.count())
            .where(layers.c.build_id == build_id_of(printer, build))
            .group_by(layers.c.stage)
        )
        with self._engine.connect() as connection:
            found = {row[0]: row for row in connection.execute(wanted)}
        return tuple(
            StageRange(stage=stage, first=found[stage][1], last=found[stage][2], layers=found[stage][3])
            for stage in Stage
            if stage in found
        )

    def neighbours(self, key: LayerKey) -> tuple[int | None, int | None]:
        """Return the numbers of the next lower and the next higher layer of the stage, None where there is none."""
        lower = select(func.max(layers.c.layer)).where(*_of_stage(key), layers.c.layer < key.layer)
        higher = select(func.min(layers.c.layer)).where(*_of_stage(key), layers.c.layer > key.layer)
        with self._engine.connect() as connection:
            return connection.scalar(lower), connection.scalar(higher)

    def below(self, key: LayerKey) -> Verdict | None:
        """Return the newest verdict of the next lower layer of the stage, None where there is none."""
        nearest = (
            select(layers.c.inspection)
            .where(*_of_stage(key), layers.c.layer < key.layer)
            .order_by(layers.c.layer.desc())
            .limit(1)
        )
        wanted = select(revisions.c.body).where(revisions.c.inspection == nearest.scalar_subquery())
        with self._engine.connect() as connection:
            body = connection.scalar(wanted)
        return None if body is None else Verdict.from_json(body)

    def column(self, place: Place, *, first: int, last: int, limit: int) -> tuple[ColumnLayer, ...]:
        """Return the layers from first to last that have regions at a place, in order, at most so many."""
        right = func.max(cast(regions.c.x, BigInteger) + regions.c.width)
        lower = func.max(cast(regions.c.y, BigInteger) + regions.c.height)
        counted = (
            func.count().label("regions"),
            func.sum(regions.c.area_px).label("area_px"),
            func.sum(regions.c.area_mm2).label("area_mm2"),
            func.count(regions.c.area_mm2).label("in_mm2"),
            func.max(regions.c.max_confidence).label("max_confidence"),
            func.min(regions.c.x).label("x"),
            func.min(regions.c.y).label("y"),
            right.label("right"),
            lower.label("lower"),
        )
        its = (layers.c.layer, layers.c.inspection, layers.c.decision)
        wanted = (
            select(*its, *counted)
            .join_from(layers, revisions, revisions.c.inspection == layers.c.inspection)
            .join(regions)
            .where(layers.c.build_id == build_id_of(place.printer, place.build), layers.c.stage == place.stage)
            .where(layers.c.layer.between(first, last), layers.c.regions > 0, *_meets(place.box))
            .group_by(*its)
            .order_by(layers.c.layer)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return tuple(map(_column_layer, connection.execute(wanted)))


def _of_stage(key: LayerKey) -> tuple[ColumnElement[bool], ...]:
    return layers.c.build_id == build_id_of(key.printer, key.build), layers.c.stage == key.stage


def _meets(box: Box) -> tuple[ColumnElement[bool], ...]:
    x, y, width, height = box
    return (
        regions.c.x < x + width,
        regions.c.width > x - regions.c.x,  # no sum, which might not fit into a column
        regions.c.y < y + height,
        regions.c.height > y - regions.c.y,
    )


def _column_layer(row: Row[Any]) -> ColumnLayer:
    return ColumnLayer(
        layer=row.layer,
        inspection=row.inspection,
        decision=row.decision,
        regions=row.regions,
        area_px=int(row.area_px),
        area_mm2=row.area_mm2 if row.in_mm2 == row.regions else None,
        max_confidence=row.max_confidence,
        bbox=(row.x, row.y, row.right - row.x, row.lower - row.y),
    )
