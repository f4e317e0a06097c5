"""Results of many layer sets as the figures that people ask for; ready for JSON."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import sqrt
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict

from trainer.bootstrap import Estimate
from trainer.evaluation import Evaluation, LayerResult
from trainer.scores import Slice, recall_of, score

Part = TypeVar("Part", str, int)

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


class Kind(BaseModel):
    """How well one kind of defect is found; nobody asks the network for the kind, so there is no precision."""

    model_config = ConfigDict(frozen=True)

    regions_found: Share
    pixel_recall: Estimate


class Figures(BaseModel):
    """What one precision reaches.

    Attributes:
        regions_found: of the true regions of at least `counted_px`; `kinds` splits it up.
        false_regions_per_set: served regions that touch no true one.
        clean_flagged, defective_flagged: layer sets without and with a defect that are not passed.
        all: the scores of all layer sets; `stages` and `lights` split them up.
    """

    model_config = ConfigDict(frozen=True)

    against: str
    layer_sets: int
    counted_px: int
    regions_found: Share
    false_regions_per_set: float
    clean_flagged: Share
    defective_flagged: Share
    decisions: dict[str, int]
    all: Slice
    kinds: dict[str, Kind]
    stages: dict[str, Slice]
    lights: dict[int, Slice]


class EqualPrecision(BaseModel):
    """The pixel recall of each network where all are as precise as float32 is at its operating point."""

    model_config = ConfigDict(frozen=True)

    precision: float
    recalls: dict[str, float]


class Report(BaseModel):
    """An evaluation of a bundle; `agreement` is the share of layer sets on which all precisions decide alike."""

    model_config = ConfigDict(frozen=True)

    bundle: str
    precisions: dict[str, Figures]
    agreement: Share | None = None
    equal_precision: EqualPrecision | None = None


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
    clean = [one for one in results if one.clean]
    defective = [one for one in results if not one.clean]
    return Figures(
        against=REGENERATED if evaluation.regenerated else TRUTH,
        layer_sets=len(results),
        counted_px=counted_px,
        regions_found=_found(results, counted_px),
        false_regions_per_set=sum(one.overlap.false_regions(1) for one in results) / max(1, len(results)),
        clean_flagged=share(sum(one.flagged for one in clean), len(clean)),
        defective_flagged=share(sum(one.flagged for one in defective), len(defective)),
        decisions=dict(sorted(Counter(str(one.decision) for one in results).items())),
        all=score(results, counted_px=counted_px),
        kinds={
            kind: Kind(regions_found=_found(results, counted_px, kind), pixel_recall=recall_of(results, kind))
            for kind in sorted({name for one in results for name in one.kind_pixels})
        },
        stages=_split(results, lambda one: one.stage, counted_px),
        lights=_split(results, lambda one: one.lights, counted_px),
    )


def _split(results: Sequence[LayerResult], part: Callable[[LayerResult], Part], counted_px: int) -> dict[Part, Slice]:
    parts = sorted({part(one) for one in results})
    return {value: score([one for one in results if part(one) == value], counted_px=counted_px) for value in parts}


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


def with_interval(value: Estimate | None) -> str:
    """Return an estimate for a table."""
    if value is None or value.value is None or value.low is None or value.high is None:
        return "none to count"
    return f"{value.value:6.3f}  [{value.low:.3f}, {value.high:.3f}]"


def rows(figures: Figures) -> list[tuple[str, str]]:
    """Return the figures as lines of a table: what, and how much."""
    found = "agree with regenerated masks" if figures.against == REGENERATED else "found"
    return [
        (f"regions of {figures.counted_px} px and more, {found}", as_text(figures.regions_found)),
        *((f"  {kind}", as_text(one.regions_found)) for kind, one in figures.kinds.items()),
        ("false regions a layer set", f"{figures.false_regions_per_set:6.2f}"),
        ("clean layer sets flagged", as_text(figures.clean_flagged)),
        ("defective layer sets flagged", as_text(figures.defective_flagged)),
        ("decisions", ", ".join(f"{name} {count}" for name, count in figures.decisions.items())),
        *_lines("all", figures.all),
        *(line for stage, one in figures.stages.items() for line in _lines(f"after {stage}", one)),
        *(line for count, one in _if_several(figures.lights) for line in _lines(_lights(count), one)),
    ]


def _lines(what: str, part: Slice) -> Iterator[tuple[str, str]]:
    yield f"[bold]{what}[/bold], {part.layer_sets} layer sets", ""
    for name, scores in (("pixels", part.pixels), ("regions", part.regions), ("layer sets", part.layers)):
        if scores.average_precision is not None:
            yield f"  {name}: average precision", with_interval(scores.average_precision)
        yield f"  {name}: precision", with_interval(scores.precision)
        yield f"  {name}: recall", with_interval(scores.recall)
        yield f"  {name}: F1", with_interval(scores.f1)
        if scores.iou is not None:
            yield f"  {name}: IoU", with_interval(scores.iou)


def _if_several(parts: Mapping[int, Slice]) -> Iterable[tuple[int, Slice]]:
    return parts.items() if len(parts) > 1 else ()


def _lights(count: int) -> str:
    return "one light" if count == 1 else f"{count} lights"
