"""A verdict as a text: what the overlay shows, for who cannot see it."""

from collections.abc import Sequence

from layerwatch.verdict import Decision, Region, Verdict
from monitoring.rows import area_text
from monitoring.web.places import Box, Size, size_of, thirds
from monitoring.web.words import sentence_of

NAMED = 5
FOUND = {
    Decision.PASS: "Pass.",
    Decision.REVIEW: "Review.",
    Decision.REJECT: "Reject.",
    Decision.INVALID: "Invalid: the pictures cannot be judged.",
}


def summary_text(verdict: Verdict) -> str:
    """Return what was decided, what was found where, and how certain it is, in sentences."""
    said = [FOUND[verdict.decision], *map(sentence_of, verdict.reasons)]
    if verdict.decision is not Decision.INVALID or verdict.regions:
        said += [_together(verdict), *_largest(verdict), f"Highest confidence {verdict.max_confidence:.2f}."]
    return " ".join(said)


def located(bbox: Box, size: Size | None) -> str:
    """Return where the middle of a box lies, such as `in the upper left`; in pixels where the size is unknown."""
    if size is None:
        return f"at x {bbox[0]}, y {bbox[1]}"
    words = thirds(bbox, size)
    if not words:
        return "in the centre"
    return f"in the {' '.join(words)}" if len(words) == 2 else f"in the {words[0]} middle"


def _together(verdict: Verdict) -> str:
    if not verdict.regions:
        return "No defect found."
    count = len(verdict.regions)
    some = f"More than {count:,} defect regions" if verdict.regions_truncated else f"{count:,} defect region"
    plural = "" if verdict.regions_truncated or count == 1 else "s"
    area = area_text(sum(region.area_px for region in verdict.regions), verdict.defect_area_mm2)
    return f"{some}{plural}, {area}, {percent_text(verdict.defect_area_ratio)} of the picture."


def _largest(verdict: Verdict) -> Sequence[str]:
    regions = sorted(verdict.regions, key=lambda region: region.area_px, reverse=True)
    size = size_of(verdict)
    if len(regions) < 2:
        return [f"It is {_region(region, size)}." for region in regions]
    named = [f"{number}: {_region(region, size)}" for number, region in enumerate(regions[:NAMED], start=1)]
    return [f"The largest {'are' if len(regions) > NAMED else 'first'}: {'; '.join(named)}."]


def _region(region: Region, size: Size | None) -> str:
    _, _, width, height = region.bbox
    area = area_text(region.area_px, region.area_mm2)
    place = located(region.bbox, size)
    return f"{area}, {width} by {height} pixels, {place}, confidence {region.max_confidence:.2f}"


def percent_text(ratio: float) -> str:
    """Return a share of 0..1 in percent, with two figures that matter; `0 %` only where it is."""
    percent = 100 * ratio
    if percent == 0 or percent >= 10:
        return f"{percent:.0f} %"
    return f"{percent:.2g} %" if percent >= 0.001 else "less than 0.001 %"
