"""From a verdict to the rows of the history; nothing here knows a database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from layerwatch.verdict import ModelFacts, Verdict

Values = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A verdict and its body, to the letter."""

    body: str
    verdict: Verdict

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Return what a body says.

        Raises:
            WireError: it is no verdict.
        """
        verdict = Verdict.from_json(body)
        return cls(body=body.decode(), verdict=verdict)


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


Age = tuple[int, datetime, str]


def age_of(verdict: Verdict) -> Age:
    """Return what the verdicts of a layer are compared by; the greatest is what the layer is judged by.

    It is that of the highest revision. Where two have one number, as after a wiped Redis, it is the later one: whatever
    order they come in, the same one stays.
    """
    return verdict.revision, verdict.timing.published, verdict.id


def age_in(layer: Mapping[str, Any]) -> Age:
    """Return the same of the verdict that a row of `layers` holds."""
    return layer["revision"], layer["published"], layer["inspection"]


def layer_values(verdict: Verdict) -> Values:
    """Return what a layer's row says of its newest verdict."""
    return {
        "inspection": verdict.id,
        "revision": verdict.revision,
        "decision": verdict.decision,
        "max_confidence": verdict.max_confidence,
        "defect_area_ratio": verdict.defect_area_ratio,
        "defect_area_mm2": verdict.defect_area_mm2,
        "regions": len(verdict.regions),
        "regions_truncated": verdict.regions_truncated,
        "captured": verdict.timing.captured,
        "published": verdict.timing.published,
    }


def new_layer(verdict: Verdict, build_id: int) -> Values:
    key: Values = {
        "build_id": build_id,
        "printer": verdict.printer,
        "layer": verdict.layer,
        "stage": verdict.stage,
    }
    return key | layer_values(verdict)


def revision_values(published: Published, *, layer_id: int, model_id: int | None) -> Values:
    verdict = published.verdict
    return {
        "layer_id": layer_id,
        "inspection": verdict.id,
        "revision": verdict.revision,
        "decision": verdict.decision,
        "model_id": model_id,
        "captured": verdict.timing.captured,
        "published": verdict.timing.published,
        "attempt": verdict.attempt,
        "worker": verdict.worker,
        "body": published.body,
    }


def region_values(verdict: Verdict, revision_id: int) -> list[Values]:
    rows: list[Values] = []
    for number, region in enumerate(verdict.regions):
        x, y, width, height = region.bbox
        rows.append(
            {
                "revision_id": revision_id,
                "number": number,
                "x": x,
                "y": y,
                "width": width,
                "height": height,
                "area_px": region.area_px,
                "area_mm2": region.area_mm2,
                "max_confidence": region.max_confidence,
                "mean_confidence": region.mean_confidence,
                "lights": None if region.lights is None else list(region.lights),
            }
        )
    return rows


def model_values(model: ModelFacts) -> Values:
    return model.model_dump()


def newest_of_each(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return the verdict that each layer is judged by."""
    return tuple({verdict.key: verdict for verdict in sorted(verdicts, key=age_of)}.values())
