"""How much of each layer the masks call defective, and what looks wrong about it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layerwatch.layers import LayerKey
from trainer.ignore import GREY_IGNORE

OVERFULL: Final = 0.2  # of the judged pixels: rather a change of the lamps than a defect
MOSTLY_EMPTY: Final = 0.95  # of the layer sets
MUCH_IGNORED: Final = 0.1  # of the judged pixels
_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Density:
    """Shares 0..1 of the judged pixels of one layer set."""

    key: LayerKey
    defect_ratio: float
    ignored_ratio: float

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "key": str(self.key)}


def density(key: LayerKey, mask: NDArray[np.uint8], plate: NDArray[np.bool_] | None = None) -> Density:
    """Return the shares of a mask (H, W) of 0, 128 and 255; `plate` (H, W) bool tells what was judged."""
    values = mask if plate is None else mask[plate]
    return Density(
        key=key, defect_ratio=float((values == 255).mean()), ignored_ratio=float((values == GREY_IGNORE).mean())
    )


def warnings(densities: Sequence[Density]) -> Iterator[str]:
    """Yield what a person should look at before training on the masks."""
    empty = [item for item in densities if not item.defect_ratio]
    if len(empty) > MOSTLY_EMPTY * len(densities):
        yield f"{len(empty)} of {len(densities)} masks are empty: look at the --sheet; fewer --votes find more"
    overfull = [item for item in densities if item.defect_ratio > OVERFULL]
    if overfull:
        yield f"{_names(overfull)}: more than {OVERFULL:.0%} are defects; look at them, or leave them out"
    ignored = [item for item in densities if item.ignored_ratio > MUCH_IGNORED]
    if ignored:
        yield f"{_names(ignored)}: more than {MUCH_IGNORED:.0%} are left open (128); too noisy to learn from?"


def _names(densities: Sequence[Density]) -> str:
    more = f" and {len(densities) - _NAMED} more" if len(densities) > _NAMED else ""
    return ", ".join(str(item.key) for item in densities[:_NAMED]) + more
