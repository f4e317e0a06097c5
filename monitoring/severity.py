"""Which decision is worse than another: it stands for several together, and is shown first."""

from typing import Final

from layerwatch.verdict import Decision

GRAVEST_FIRST: Final = (Decision.REJECT, Decision.REVIEW, Decision.INVALID, Decision.PASS)


def rank(decision: Decision) -> int:
    """Return 0 for the gravest decision, and more for what is less grave."""
    return GRAVEST_FIRST.index(decision)
