"""The gate before service: what a bundle has to show, each check answered in words with its figures; pure."""

from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from layerwatch.promotions import Check
from trainer.summary import REGENERATED, Figures, Report, Share, as_text

BOTH: Final = ("float32", "int8")
NOTHING_LOST: Final = 1e-9  # of a share, for the last bits of a difference


class Limits(BaseModel):
    """What a bundle may lose; points are hundredths of a share.

    Attributes:
        int8_points: of region recall, int8 below float32, each at its own operating point.
        agreement: share of the layer sets on which int8 and float32 decide alike, at least.
        found_points: of region recall, below the bundle in service.
        flagged_points: of flagged clean layer sets, above the bundle in service.
    """

    model_config = ConfigDict(frozen=True)

    int8_points: float = Field(default=0.5, ge=0, le=100)
    agreement: float = Field(default=0.99, ge=0, le=1)
    found_points: float = Field(default=0.5, ge=0, le=100)
    flagged_points: float = Field(default=1.0, ge=0, le=100)


class GateResult(BaseModel):
    """What the gate says.

    Attributes:
        bundle, current: NAME/VERSION of the candidate and of the bundle in service, None for none.
        measured_on: what it was measured on, in words.
        report, current_report: the figures, where something was measured.
    """

    model_config = ConfigDict(frozen=True)

    bundle: str
    current: str | None
    measured_on: str
    checks: tuple[Check, ...]
    report: Report | None = None
    current_report: Report | None = None

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)


def compare_precisions(report: Report, limits: Limits) -> Iterator[Check]:
    """Yield whether int8 is as good as float32 on the regression set."""
    missing = [precision for precision in BOTH if precision not in report.precisions]
    if missing:
        said = f"the bundle has no {' and no '.join(missing)}, so one cannot be held against the other"
        yield Check(name="int8 against float32", passed=False, said=said)
        return
    float32, int8 = (report.precisions[precision] for precision in BOTH)
    if float32.against == REGENERATED:
        said = "the masks are made by thresholding, and agreement with them is no recall: give --masks or --labels"
        yield Check(name="truth", passed=False, said=said)
        return
    yield _no_less("int8 against float32", int8, float32, ("int8", "float32"), limits.int8_points)
    yield _agreement(report.agreement, limits.agreement)


def compare_bundles(new: Report, current: Report, limits: Limits) -> Iterator[Check]:
    """Yield whether the candidate is as good as the bundle in service, for each precision that both have."""
    for precision in (
        precision for precision in BOTH if precision in new.precisions and precision in current.precisions
    ):
        ours, theirs, names = new.precisions[precision], current.precisions[precision], (new.bundle, current.bundle)
        yield _no_less(f"{precision} against the one in service", ours, theirs, names, limits.found_points)
        yield _no_more(
            f"{precision} false alarms", ours.clean_flagged, theirs.clean_flagged, names, limits.flagged_points
        )


def _no_less(name: str, ours: Figures, theirs: Figures, names: tuple[str, str], points: float) -> Check:
    found, wanted = ours.regions_found, theirs.regions_found
    if not wanted.of:
        said = (
            f"the data shows no defect of {ours.counted_px} px and more, so no recall can be measured: add such layers"
        )
        return Check(name=name, passed=False, said=said)
    passed = found.ratio >= wanted.ratio - points / 100 - NOTHING_LOST
    return Check(name=name, passed=passed, said=_said("regions found", found, wanted, names, f"{points:g} points less"))


def _no_more(name: str, ours: Share, theirs: Share, names: tuple[str, str], points: float) -> Check:
    if not theirs.of:
        return Check(name=name, passed=True, said="no clean layer set to count")
    passed = ours.ratio <= theirs.ratio + points / 100 + NOTHING_LOST
    what = "clean layer sets flagged"
    return Check(name=name, passed=passed, said=_said(what, ours, theirs, names, f"{points:g} points more"))


def _agreement(agreed: Share | None, least: float) -> Check:
    if agreed is None or not agreed.of:
        return Check(name="same decisions", passed=False, said="nothing was decided by both precisions")
    passed = agreed.ratio >= least - NOTHING_LOST
    said = f"int8 and float32 decide alike on {as_text(agreed).strip()} layer sets; at least {least:.1%} is asked"
    return Check(name="same decisions", passed=passed, said=said)


def _said(what: str, ours: Share, theirs: Share, names: tuple[str, str], allowed: str) -> str:
    return f"{what}: {names[0]} {_brief(ours)}, {names[1]} {_brief(theirs)}; {allowed} is allowed"


def _brief(share: Share) -> str:
    return f"{share.ratio:.1%} ({share.count} of {share.of})"
