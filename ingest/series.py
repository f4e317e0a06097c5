"""What the numbers of a build's layers tell: some are missing, some out of order. Pure: times are arguments."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter

from layerwatch.layers import LayerKey, Stage


class Irregularity(StrEnum):
    MISSING = "missing"  # no picture of it, although a later layer has been there for long
    OUT_OF_ORDER = "out_of_order"  # its first picture was written after a later layer
    REPEATED = "repeated"  # written again, with another content


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something strange about the layers from `first` to `last`."""

    irregularity: Irregularity
    build: str
    stage: Stage
    first: int
    last: int


@dataclass(slots=True, kw_only=True)
class Gap:
    """Layers between two others of which there is no picture.

    Attributes:
        since: when a later layer was entered.
        is_told: there was a notice about it.
    """

    first: int
    last: int
    since: float
    is_told: bool = False

    @property
    def layers(self) -> int:
        return max(0, self.last - self.first + 1)


@dataclass(slots=True)
class Run:
    """The layers of one build and stage: all from the lowest to the highest but for the gaps, which are in order."""

    low: int
    high: int
    high_written_ns: int
    gaps: list[Gap] = field(default_factory=list)


class Series:
    """Which layers of every build there are, and which there should be.

    Attributes:
        counts: layers out of order and layers repeated, since the start.
    """

    def __init__(self, *, patience_seconds: float) -> None:
        """A layer is missing when a later one has been there for so long."""
        self._patience = patience_seconds
        self._runs: dict[tuple[str, Stage], Run] = {}
        self._notices: list[Notice] = []
        self.counts: Counter[Irregularity] = Counter()

    @property
    def missing(self) -> int:
        """How many layers are known to be missing now."""
        return sum(gap.layers for run in self._runs.values() for gap in run.gaps if gap.is_told)

    def add(self, key: LayerKey, *, written_ns: int, now: float, live: bool) -> bool:
        """Enter a picture of a layer, and return whether it is the first one of it.

        Args:
            key: the layer.
            written_ns: when the printer wrote it, in ns since 1970.
            now: the time.
            live: it came while ingest watched; the order in which a backlog was written says little.
        """
        run = self._runs.get((key.build, key.stage))
        if run is None:
            self._runs[key.build, key.stage] = Run(key.layer, key.layer, written_ns)
            return True
        if key.layer > run.high:
            if key.layer > run.high + 1:
                run.gaps.append(Gap(first=run.high + 1, last=key.layer - 1, since=now))
            run.high, run.high_written_ns = key.layer, written_ns
            return True
        if key.layer < run.low:
            if key.layer < run.low - 1:
                run.gaps.insert(0, Gap(first=key.layer + 1, last=run.low - 1, since=now))
            run.low = key.layer
        elif not _fill(run.gaps, key.layer):
            return False
        if live and written_ns > run.high_written_ns:
            self._note(Irregularity.OUT_OF_ORDER, key)
        return True

    def repeat(self, key: LayerKey) -> None:
        """Enter that a picture of a layer was replaced by another."""
        self._note(Irregularity.REPEATED, key)

    def take_notices(self, now: float, *, at_once: bool = False) -> list[Notice]:
        """Return what was not told before; `at_once` those of missing layers too that may still come."""
        told, self._notices = self._notices, []
        for (build, stage), gap in self._untold():
            if at_once or now - gap.since >= self._patience:
                gap.is_told = True
                told.append(
                    Notice(irregularity=Irregularity.MISSING, build=build, stage=stage, first=gap.first, last=gap.last)
                )
        return told

    def _untold(self) -> Iterator[tuple[tuple[str, Stage], Gap]]:
        return ((name, gap) for name, run in self._runs.items() for gap in run.gaps if not gap.is_told)

    def _note(self, irregularity: Irregularity, key: LayerKey) -> None:
        self.counts[irregularity] += 1
        self._notices.append(
            Notice(irregularity=irregularity, build=key.build, stage=key.stage, first=key.layer, last=key.layer)
        )


def _fill(gaps: list[Gap], layer: int) -> bool:
    """Take a layer out of the gap that it lies in; return whether it lay in one."""
    index = bisect_right(gaps, layer, key=attrgetter("first")) - 1
    if index < 0 or layer > gaps[index].last:
        return False
    gap = gaps[index]
    before = Gap(first=gap.first, last=layer - 1, since=gap.since, is_told=gap.is_told)
    after = Gap(first=layer + 1, last=gap.last, since=gap.since, is_told=gap.is_told)
    gaps[index : index + 1] = [part for part in (before, after) if part.layers]
    return True
