"""Writes verdicts into the tables, inside the transaction of the caller; each once, in whatever order they come."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import structlog
from sqlalchemy import Connection, Row, insert, select, tuple_, update
from sqlalchemy.exc import DataError, IntegrityError

from layerwatch.verdict import ModelFacts, Verdict
from monitoring.history.database import in_words
from monitoring.history.records import (
    Published,
    Values,
    age_in,
    age_of,
    hour_of,
    layer_values,
    model_values,
    new_layer,
    newest_of_each,
    region_values,
    revision_values,
)
from monitoring.history.tables import builds, layers, models, regions, revisions
from monitoring.history.tallies import write_tallies

Place = tuple[int, int, str]  # build id, layer, stage: what a row of `layers` is known by


REFUSED = (DataError, IntegrityError, OverflowError)  # a value that fits into no column
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Which verdicts the history did not know, in order, and how many the database refused."""

    new: tuple[Published, ...] = ()
    refused: int = 0


def write_new(connection: Connection, found: Sequence[Published]) -> Written:
    """Write what the history does not know yet, but for single verdicts that the database refuses.

    The caller holds the lock of `progress`, so that nobody else writes verdicts.
    """
    new = _unknown(connection, found)
    if _are_written(connection, new):
        return Written(new=new)
    taken = tuple(each for each in new if _are_written(connection, [each]))
    return Written(new=taken, refused=len(new) - len(taken))


def _are_written(connection: Connection, new: Sequence[Published]) -> bool:
    try:
        with connection.begin_nested():
            _write(connection, new)
    except REFUSED as error:
        log.warning("verdicts_refused", ids=[each.verdict.id for each in new][:3], reason=in_words(error))
        return False
    return True


def _write(connection: Connection, new: Sequence[Published]) -> None:
    if not new:
        return
    verdicts = [each.verdict for each in new]
    build_ids = _write_builds(connection, verdicts)
    layer_ids = _write_layers(connection, verdicts, build_ids)
    model_ids = _write_models(connection, verdicts)
    rows = [
        revision_values(
            each,
            layer_id=layer_ids[_place(each.verdict, build_ids)],
            model_id=None if each.verdict.model is None else model_ids[each.verdict.model],
        )
        for each in new
    ]
    _write_regions(connection, verdicts, _insert_revisions(connection, rows))


def _unknown(connection: Connection, found: Sequence[Published]) -> tuple[Published, ...]:
    by_id: dict[str, Published] = {}
    for each in found:
        by_id.setdefault(each.verdict.id, each)  # of two with one id the first counts
    known = set(connection.scalars(select(revisions.c.inspection).where(revisions.c.inspection.in_(by_id))))
    return tuple(each for inspection, each in by_id.items() if inspection not in known)


def _place(verdict: Verdict, build_ids: Mapping[tuple[str, str], int]) -> Place:
    return build_ids[verdict.printer, verdict.build], verdict.layer, verdict.stage


def _write_builds(connection: Connection, verdicts: Sequence[Verdict]) -> dict[tuple[str, str], int]:
    """Make the builds of some verdicts known, widen their times, and return their ids."""
    by_build = defaultdict[tuple[str, str], list[Verdict]](list)
    for verdict in verdicts:
        by_build[verdict.printer, verdict.build].append(verdict)
    known = connection.execute(select(builds).where(tuple_(builds.c.printer, builds.c.name).in_(list(by_build))))
    ids = {}
    for row in known:
        ids[row.printer, row.name] = row.id
        times = _times(by_build.pop((row.printer, row.name)), row)
        connection.execute(update(builds).where(builds.c.id == row.id).values(**times))
    for (printer, name), its in by_build.items():
        row_id = connection.scalar(
            insert(builds).values(printer=printer, name=name, **_times(its)).returning(builds.c.id)
        )
        ids[printer, name] = int(row_id or 0)
    return ids


def _times(verdicts: Sequence[Verdict], row: Row[Any] | None = None) -> Values:
    captured = [verdict.timing.captured.astimezone(UTC) for verdict in verdicts]  # OverflowError here is refused
    published = [verdict.timing.published.astimezone(UTC) for verdict in verdicts]
    if row is not None:
        captured += [row.first_captured, row.last_captured]
        published.append(row.last_published)
    return {"first_captured": min(captured), "last_captured": max(captured), "last_published": max(published)}


def _write_layers(
    connection: Connection, verdicts: Sequence[Verdict], build_ids: Mapping[tuple[str, str], int]
) -> dict[Place, int]:
    """Let each layer say what its newest verdict says, and return the ids of the layers."""
    newest = {_place(verdict, build_ids): verdict for verdict in newest_of_each(verdicts)}
    known = _known_layers(connection, newest)
    ids = {place: int(row["id"]) for place, row in known.items()}
    hours = {(place[0], hour_of(verdict.timing.captured)) for place, verdict in newest.items()}
    hours |= {(place[0], hour_of(row["captured"])) for place, row in known.items()}
    for place, row in known.items():
        if age_of(newest[place]) > age_in(row):
            changed = layer_values(newest[place])
            connection.execute(update(layers).where(layers.c.id == row["id"]).values(**changed))
    added = [new_layer(verdict, place[0]) for place, verdict in newest.items() if place not in known]
    if added:
        place_columns = (layers.c.id, layers.c.build_id, layers.c.layer, layers.c.stage)
        for new in connection.execute(insert(layers).returning(*place_columns), added):
            ids[new.build_id, new.layer, new.stage] = new.id
    write_tallies(connection, hours)
    return ids


def _known_layers(connection: Connection, places: Iterable[Place]) -> dict[Place, dict[str, Any]]:
    numbers = defaultdict[int, list[int]](list)
    for build_id, layer, _ in places:
        numbers[build_id].append(layer)
    wanted = set(places)
    known = {}
    for build_id, its in numbers.items():
        rows = connection.execute(select(layers).where(layers.c.build_id == build_id, layers.c.layer.in_(its)))
        for row in rows.mappings():
            known[row["build_id"], row["layer"], row["stage"]] = dict(row)
    return {place: row for place, row in known.items() if place in wanted}


def _write_models(connection: Connection, verdicts: Sequence[Verdict]) -> dict[ModelFacts, int]:
    wanted = {verdict.model for verdict in verdicts if verdict.model is not None}
    ids = {}
    for model in sorted(wanted, key=str):
        values = model_values(model)
        same = [models.c[name] == value for name, value in values.items()]
        known = connection.scalar(select(models.c.id).where(*same))
        ids[model] = known or connection.scalar(insert(models).values(**values).returning(models.c.id))
    return ids


def _insert_revisions(connection: Connection, rows: list[Values]) -> dict[str, int]:
    written = connection.execute(insert(revisions).returning(revisions.c.inspection, revisions.c.id), rows)
    return {row.inspection: row.id for row in written}


def _write_regions(connection: Connection, verdicts: Sequence[Verdict], revision_ids: Mapping[str, int]) -> None:
    rows = [row for verdict in verdicts for row in region_values(verdict, revision_ids[verdict.id])]
    if rows:
        connection.execute(insert(regions), rows)
