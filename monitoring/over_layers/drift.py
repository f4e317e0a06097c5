"""Whether lately is still normal: two charts of statistical process control, as pure functions of the figures.

The share of flagged layer sets: the Bernoulli CUSUM chart (Reynolds and Stoumbos, "A CUSUM chart for monitoring a
proportion when inspecting continuously", Journal of Quality Technology 31, 1999). Figures of pictures: the EWMA chart
(Roberts, "Control chart tests based on geometric moving averages", Technometrics 1, 1959) on robust z-scores.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.over_layers.limits import RiskLimits

RATE_ALARM = 6.0  # log-likelihood ratio: odds of 400 to 1
LEAST_RATE = 0.02  # a printer without any defect is not put off by the second one
PICTURE_ALARM = 4.0  # standard deviations of single pictures: neighbours are alike, so averaging earns no trust
WEIGHT = 0.1  # of the newest picture in the moving average
MOST = 5.0  # standard deviations that one picture counts for, so that no few of them are a drift
LATEST = 15  # in a row it takes at least to reach the alarm
MAD_TO_SIGMA = 1.4826  # of a normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far the latest figures are from normal.

    Attributes:
        normal, recent: the figure itself, over how many layer sets each; recent is since the change seems to be there.
        lately: over all of the latest, changed or not.
        score: 1 and more is a drift.
    """

    normal: float
    recent: float
    lately: float
    normal_sets: int
    recent_sets: int
    score: float


def rate_drift(flagged: NDArray[np.float64], limits: RiskLimits) -> Drift | None:
    """Return how the share of flagged layer sets changed, None while there are too few.

    Args:
        flagged: (n,) 1 or 0 for each layer set, the newest last; all but the latest are the normal.
        limits: how many are looked at, and which change is tested for.
    """
    normal, recent = flagged[: -limits.drift_recent], flagged[-limits.drift_recent :]
    if len(normal) < limits.drift_normal:
        return None
    usual = max(LEAST_RATE, float(normal.sum() + 0.5) / (len(normal) + 1))
    usual += float(np.sqrt(usual * (1 - usual) / len(normal)))  # it is itself only an estimate
    raised = min(limits.drift_rate * usual, (1 + usual) / 2)
    gain, loss = np.log(raised / usual), np.log((1 - raised) / (1 - usual))
    sums = np.concatenate([[0.0], np.cumsum(recent * gain + (1 - recent) * loss)])
    changed = recent[min(int(sums.argmin()), len(recent) - 1) :]
    return Drift(
        normal=usual,
        recent=float(changed.mean()),
        lately=float(recent.mean()),
        normal_sets=len(normal),
        recent_sets=len(changed),
        score=float(sums[-1] - sums.min()) / _sets_that_count_as_one(normal) / RATE_ALARM,
    )


def _sets_that_count_as_one(flagged: NDArray[np.float64]) -> float:
    """Return how many neighbours say no more than a single one would: a streak over six layers is one event.

    (1 + r) / (1 - r) with the correlation r of neighbours, as for a first-order autoregressive series.
    """
    centred = flagged - flagged.mean()
    variance = float((centred**2).mean())
    correlation = float((centred[1:] * centred[:-1]).mean()) / variance if variance else 0.0
    correlation = min(max(correlation, 0.0), 0.9)
    return (1 + correlation) / (1 - correlation)


def picture_drift(figures: NDArray[np.float64], limits: RiskLimits, *, least: float, share: float) -> Drift | None:
    """Return how a figure of the pictures changed, None while there are too few.

    The oldest are the normal, so that a slow change has a distance to be seen over.

    Args:
        figures: (n,) the newest last.
        limits: how many are looked at.
        least: no standard deviation is below this,
        share: nor below this share of the normal figure.
    """
    normal, recent = figures[: limits.drift_normal], figures[-limits.drift_recent :]
    if len(figures) < limits.drift_normal + limits.drift_recent:
        return None
    middle = float(np.median(normal))
    spread = max(MAD_TO_SIGMA * float(np.median(np.abs(normal - middle))), least, share * abs(middle))
    average = 0.0
    for z in np.clip((recent - middle) / spread, -MOST, MOST):
        average += WEIGHT * (float(z) - average)
    return Drift(
        normal=middle,
        recent=float(np.median(figures[-LATEST:])),
        lately=float(np.median(recent)),
        normal_sets=len(normal),
        recent_sets=LATEST,
        score=abs(average) / PICTURE_ALARM,
    )
