"""Results of many layer sets as the figures that people ask for; ready for JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from trainer.evaluation import Evaluation, LayerResult
from trainer.metrics import average_precision

TRUTH: Final = "truth"
REGENERATED: Final = "regenerated masks (agreement with thresholding, not recall)"


class Share(BaseModel):
    """A share and its 95 % interval (Wilson); 0..1, the interval is 0 to 1 where nothing was counted."""

    model_config = ConfigDict(frozen=True)

    count: int
    of: int
    ratio: float
    low: float
    high: float


class Figures(BaseModel):
    """What one precision reaches.

    Attributes:
        regions_found: of the true regions of at least `counted_px`; `by_kind` and `by_stage` split it up.
        false_regions_per_set: predicted regions that touch no true one.
        clean_flagged, defective_flagged: layer sets without and with a defect that are not passed.
        average_precision: of the pixels, whatever the threshold; the other pixel figures are of the served mask.
    """

    model_config = ConfigDict(frozen=True)

    against: str
    layer_sets: int
    counted_px: int
    regions_found: Share
    by_kind: dict[str, Share]
    by_stage: dict[str, Share]
    false_regions_per_set: float
    clean_flagged: Share
    defective_flagged: Share
    decisions: dict[str, int]
    average_precision: float
    pixel_precision: float
    pixel_recall: float
    pixel_f1: float
    pixel_iou: float


class Report(BaseModel):
    """An evaluation of a bundle; `agreement` is the share of layer sets on which all precisions decide alike."""

    model_config = ConfigDict(frozen=True)

    bundle: str
    precisions: dict[str, Figures]
    agreement: Share | None = None


def share(count: int, of: int) -> Share:
    """Return count / of with its interval."""
    if of == 0:
        return Share(count=0, of=0, ratio=0.0, low=0.0, high=1.0)
    z = 1.959964
    ratio = count / of
    centre = ratio + z * z / (2 * of)
    reach = z * sqrt(ratio * (1 - ratio) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return Share(
        count=count, of=of, ratio=ratio, low=max(0.0, (centre - reach) / scale), high=min(1.0, (centre + reach) / scale)
    )


def summarise(evaluation: Evaluation, *, counted_px: int) -> Figures:
    """Return the figures of one precision."""
    results = evaluation.results
    hit, false, missed = (sum(getattr(one, name) for one in results) for name in ("hit", "false", "missed"))
    clean = [one for one in results if one.clean]
    defective = [one for one in results if not one.clean]
    kinds = sorted({name for one in results for name in one.kind_names})
    stages = sorted({one.stage for one in results})
    return Figures(
        against=REGENERATED if evaluation.regenerated else TRUTH,
        layer_sets=len(results),
        counted_px=counted_px,
        regions_found=_found(results, counted_px),
        by_kind={kind: _found(results, counted_px, kind) for kind in kinds},
        by_stage={stage: _found([one for one in results if one.stage == stage], counted_px) for stage in stages},
        false_regions_per_set=sum(one.overlap.false_regions(1) for one in results) / max(1, len(results)),
        clean_flagged=share(sum(one.flagged for one in clean), len(clean)),
        defective_flagged=share(sum(one.flagged for one in defective), len(defective)),
        decisions=dict(sorted(Counter(str(one.decision) for one in results).items())),
        average_precision=average_precision(evaluation.counts),
        pixel_precision=hit / max(1, hit + false),
        pixel_recall=hit / max(1, hit + missed),
        pixel_f1=2 * hit / max(1, 2 * hit + false + missed),
        pixel_iou=hit / max(1, hit + false + missed),
    )


def agreement(evaluations: Iterable[Evaluation]) -> Share | None:
    """Return on how many layer sets all precisions decide alike; None for a single one."""
    decisions = [[one.decision for one in evaluation.results] for evaluation in evaluations]
    if len(decisions) < 2:
        return None
    return share(sum(len(set(each)) == 1 for each in zip(*decisions, strict=True)), len(decisions[0]))


def _found(results: Sequence[LayerResult], counted_px: int, kind: str | None = None) -> Share:
    asked = found = 0
    for one in results:
        hits = one.overlap.found(1)
        for index, counted in enumerate(one.counted(counted_px)):
            if counted and kind in {None, one.kind_names[index]}:
                asked += 1
                found += int(hits[index])
    return share(found, asked)


def as_text(value: Share) -> str:
    """Return a share for a table."""
    if value.of == 0:
        return "none to count"
    return f"{value.ratio:6.1%}  [{value.low:.1%}, {value.high:.1%}]  {value.count} of {value.of}"


def rows(figures: Figures) -> list[tuple[str, str]]:
    """Return the figures as lines of a table: what, and how much."""
    found = "agree with regenerated masks" if figures.against == REGENERATED else "found"
    pixels: dict[str, Any] = {
        "average precision": figures.average_precision,
        "precision": figures.pixel_precision,
        "recall": figures.pixel_recall,
        "F1": figures.pixel_f1,
        "IoU": figures.pixel_iou,
    }
    return [
        (f"regions of {figures.counted_px} px and more, {found}", as_text(figures.regions_found)),
        *((f"  {kind}", as_text(value)) for kind, value in figures.by_kind.items()),
        *((f"  after {stage}", as_text(value)) for stage, value in figures.by_stage.items()),
        ("false regions a layer set", f"{figures.false_regions_per_set:6.2f}"),
        ("clean layer sets flagged", as_text(figures.clean_flagged)),
        ("defective layer sets flagged", as_text(figures.defective_flagged)),
        *((f"pixel {name}", f"{value:6.3f}") for name, value in pixels.items()),
        ("decisions", ", ".join(f"{name} {count}" for name, count in figures.decisions.items())),
    ]
