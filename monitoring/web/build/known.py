"""What is known of builds and layers: the history, and the latest verdicts that it may not have yet."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from fastapi import HTTPException
from sqlalchemy import Engine

from layerwatch.errors import SettingsError
from layerwatch.layers import LayerKey, Stage
from layerwatch.verdict import Verdict
from monitoring.history.answers import StripLayer
from monitoring.history.layer_queries import LayerQueries
from monitoring.history.records import age_of
from monitoring.history.stage_queries import StageQueries
from monitoring.rows import Row
from monitoring.web.context import Context
from monitoring.web.history import NoHistoryError
from monitoring.web.live.window import Seen, Window

Age = tuple[int, datetime, str]


class Known:
    """Answers about layers; where there is no history, only about those that the window holds."""

    def __init__(self, window: Window, engine: Engine | None, why_not: Exception | None = None) -> None:
        """Take the window, and the history or the error that says why there is none."""
        self.engine = engine
        self._window = window
        self._why_not = why_not

    def missing(self, words: str) -> Exception:
        """Return what to raise where nothing is known: not found, or, while there is no history, why there is none."""
        return self._why_not or HTTPException(404, words)

    def seen(self, printer: str, build: str) -> list[Row]:
        """Return the newest verdict of each layer of a build that the window holds, in no order."""
        newest: dict[tuple[int, Stage], Row] = {}
        for seen in self._all():
            row = seen.row
            if (row.printer, row.build) == (printer, build):
                place = row.layer, row.stage
                newest[place] = max(newest.get(place, row), row, key=_age)
        return list(newest.values())

    def strip(self, printer: str, build: str) -> list[StripLayer]:
        """Return all layers of a build, in order; after spreading stands before after exposure."""
        strip = [] if self.engine is None else LayerQueries(self.engine).strip(printer, build)
        newest = {(layer.layer, layer.stage): layer for layer in strip}
        fresh = False
        for row in self.seen(printer, build):
            place = row.layer, row.stage
            if place not in newest or _age(row) > _strip_age(newest[place]):
                newest[place] = _strip_layer(row)
                fresh = True
        return sorted(newest.values(), key=_strip_place) if fresh else list(strip)

    def revisions(self, key: LayerKey) -> list[Verdict]:
        """Return all verdicts on a layer, newest first; none where nothing is known."""
        history = None if self.engine is None else LayerQueries(self.engine).layer(key)
        known = {verdict.id: verdict for verdict in (history.revisions if history is not None else ())}
        for seen in self._of_stage(key):
            if seen.row.layer == key.layer and seen.row.id not in known:
                known[seen.row.id] = Verdict.from_json(seen.body)
        return sorted(known.values(), key=age_of, reverse=True)

    def verdict(self, inspection: str) -> Verdict | None:
        """Return what an inspection said, None where nobody knows."""
        for seen in self._all():
            if seen.row.id == inspection:
                return Verdict.from_json(seen.body)
        return None if self.engine is None else LayerQueries(self.engine).verdict(inspection)

    def below(self, key: LayerKey) -> Verdict | None:
        """Return the newest verdict of the next lower layer of the same stage, None where there is none."""
        found = [] if self.engine is None else [StageQueries(self.engine).below(key)]
        lower = [seen for seen in self._of_stage(key) if seen.row.layer < key.layer]
        if lower:
            found.append(Verdict.from_json(max(lower, key=lambda seen: (seen.row.layer, _age(seen.row))).body))
        there = [verdict for verdict in found if verdict is not None]
        return max(there, key=lambda verdict: (verdict.layer, age_of(verdict)), default=None)

    def neighbours(self, key: LayerKey) -> tuple[LayerKey | None, LayerKey | None]:
        """Return the next lower and the next higher layer of the same stage, None where there is none."""
        known = {seen.row.layer for seen in self._of_stage(key)}
        if self.engine is not None:
            known.update(layer for layer in StageQueries(self.engine).neighbours(key) if layer is not None)
        lower = max((layer for layer in known if layer < key.layer), default=None)
        higher = min((layer for layer in known if layer > key.layer), default=None)
        return _beside(key, lower), _beside(key, higher)

    def _of_stage(self, key: LayerKey) -> Iterable[Seen]:
        wanted = key.printer, key.build, key.stage
        return (seen for seen in self._all() if (seen.row.printer, seen.row.build, seen.row.stage) == wanted)

    def _all(self) -> list[Seen]:
        return self._window.newest(len(self._window))


def known_of(context: Context) -> Known:
    """Return what is known now.

    Raises:
        sqlalchemy.exc.DBAPIError: the database does not answer.
    """
    try:
        return Known(context.feed.window, context.history.engine())
    except (NoHistoryError, SettingsError) as error:
        return Known(context.feed.window, None, error)


def captured_of(row: Row) -> datetime:
    return row.published - timedelta(seconds=row.seconds)


def _age(row: Row) -> Age:
    return row.revision, row.published, row.id


def _strip_age(layer: StripLayer) -> Age:
    return layer.revision, layer.published, layer.inspection


def _strip_place(layer: StripLayer) -> tuple[int, bool]:
    return layer.layer, layer.stage is Stage.MELT


def _strip_layer(row: Row) -> StripLayer:
    return StripLayer(
        layer=row.layer,
        stage=row.stage,
        decision=row.decision,
        inspection=row.id,
        revision=row.revision,
        regions=row.regions,
        defect_area_ratio=row.defect_area_ratio,
        captured=captured_of(row),
        published=row.published,
    )


def _beside(key: LayerKey, layer: int | None) -> LayerKey | None:
    if layer is None:
        return None
    return LayerKey(printer=key.printer, build=key.build, layer=layer, stage=key.stage)
