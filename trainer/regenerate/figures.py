"""How masks agree with known truth, per pixel, stage and kind of defect."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trainer.ignore import GREY_IGNORE, defects, judged


@dataclass(slots=True, kw_only=True)
class Figures:
    """Counts of pixels over many masks; a true defect that a mask leaves open (128) counts as missed."""

    hit: int = 0
    false: int = 0
    missed: int = 0
    open: int = 0  # pixels with 128
    pixels: int = 0
    hit_kinds: Counter[int] = field(default_factory=Counter)
    true_kinds: Counter[int] = field(default_factory=Counter)

    def add(self, mask: NDArray[np.uint8], kinds: NDArray[np.uint8]) -> None:
        """Count one mask of 0, 128 and 255 against the true kinds, both (H, W)."""
        found, true, counted = mask == 255, defects(kinds), judged(kinds)
        self.hit += int((found & true).sum())
        self.false += int((found & ~true & counted).sum())
        self.missed += int((~found & true).sum())
        self.open += int((mask == GREY_IGNORE).sum())
        self.pixels += mask.size
        for counter, where in ((self.true_kinds, true), (self.hit_kinds, true & found)):
            for kind, number in enumerate(np.bincount(kinds[where])):
                counter[kind] += int(number)

    def __add__(self, other: "Figures") -> "Figures":
        """Return the counts of both."""
        return Figures(
            hit=self.hit + other.hit,
            false=self.false + other.false,
            missed=self.missed + other.missed,
            open=self.open + other.open,
            pixels=self.pixels + other.pixels,
            hit_kinds=self.hit_kinds + other.hit_kinds,
            true_kinds=self.true_kinds + other.true_kinds,
        )

    @property
    def precision(self) -> float | None:
        """None where the masks show nothing."""
        return _share(self.hit, self.hit + self.false)

    @property
    def recall(self) -> float | None:
        """None where there are no defects."""
        return _share(self.hit, self.hit + self.missed)

    @property
    def f1(self) -> float | None:
        return _share(2 * self.hit, 2 * self.hit + self.false + self.missed)

    @property
    def iou(self) -> float | None:
        return _share(self.hit, self.hit + self.false + self.missed)

    @property
    def open_share(self) -> float:
        return self.open / max(1, self.pixels)

    def recalls(self) -> dict[int, float]:
        """Return kind -> share of its pixels that are found, of the kinds that there are."""
        return {kind: self.hit_kinds[kind] / number for kind, number in sorted(self.true_kinds.items()) if number}

    def as_json(self) -> dict[str, float | int | None]:
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "iou": self.iou,
            "ignored_ratio": self.open_share,
            "true_px": self.hit + self.missed,
        }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
