"""The default method: what differs from its own background under the majority of the lights that can see it.

The background is what neighbouring layers of the same build and stage show at the same place, or the surroundings
where there are none. Its constants were chosen on simulated builds; docs/masks.md says which and what was measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.vision.read import Picture
from trainer.regenerate.areas import Limits, areas, enclosed, filled, marked
from trainer.regenerate.background import Floats, Residual, from_neighbours, from_surroundings, unsaturated
from trainer.regenerate.bed import walls
from trainer.regenerate.lines import lines
from trainer.regenerate.scene import Scene, grey
from trainer.regenerate.spots import spots
from trainer.regenerate.votes import agreed

FEWEST: Final = 2  # neighbouring layers that make a background
SPOTS: Final = Limits(core=7, extent=3, share=0.25, nearby=(21, 21), least=25)
ROWS: Final = {  # by the px of each third of a line, see `lines`
    21: Limits(core=5, extent=3, share=0.35, nearby=(21, 1), least=150),
    63: Limits(core=8, extent=3, share=0.35, nearby=(21, 1), least=400),
}
COLUMNS: Final = (1, 21)  # what is near in a line along the columns
_OWN: Final = 3.0  # standard deviations by which a spot stands out of its own picture,
_OWN_SHARE: Final = 0.03  # at so many of its pixels: of something large only the border does
_FINE: Final = 2  # scales that this is asked on; a wide one would reach over what is around
_NARROWER: Final = 1.5  # times what the narrower scale shows nearby: wide evidence reaches beyond a thin line
_NEARBY: Final = (5, 5)  # px
_LONE: Final = 0.8  # what one light alone says counts less: no other can confirm it
_GAP: Final = 9  # px, width
_HOLE: Final = 400  # px, area; inside one defect the evidence comes and goes
_INSIDE: Final = 2.5  # evidence of the widest scale that what a defect encloses has on average,
_INSIDE_PX: Final = 60_000  # where it is no larger; the bed between two streaks is
_UNSURE: Final = 0.7  # of the limits of a core; what only reaches these is to be ignored


def contrast(scene: Scene, needed: int | None = None) -> NDArray[np.uint8]:
    """Return a mask (H, W): 255 defect, 128 neither sure nor unlikely, 0 clean.

    Args:
        scene: the layer set and its neighbours.
        needed: lights that have to agree; by default the majority of those that are not saturated at the place.
    """
    residuals = _residuals(scene)
    judged = ~walls(np.median([residual.background for residual in residuals], axis=0))
    if scene.plate is not None:
        judged &= scene.plate
    residuals = [replace(residual, sees=residual.sees & judged) for residual in residuals]
    sees = np.stack([residual.sees for residual in residuals])
    trust = np.where(sees.sum(axis=0) >= min(2, len(sees)), 1, _LONE).astype(np.float32) * judged
    at_scales = [found * trust for found in _spot_evidence(residuals, sees, needed)]
    fine, middle, wide = at_scales
    evidence = np.max([fine, middle, np.minimum(wide, _NARROWER * cv2.blur(middle, _NEARBY))], axis=0)
    stands_out = _own_evidence(scene, sees, needed) * trust if len(scene.neighbours) >= FEWEST else evidence
    straight = [(limits, found * trust) for limits, found in _line_evidence(scene, sees, judged, needed)]

    def everything(ease: float) -> NDArray[np.bool_]:
        found = marked(areas(evidence, _eased(SPOTS, ease)), stands_out >= _OWN, ease * _OWN_SHARE)
        for limits, line in straight:
            found |= areas(line, _eased(limits, ease))
        return found

    sure, perhaps = everything(1.0), everything(_UNSURE)
    sure = enclosed(filled(sure, _GAP, _HOLE) & judged, ~judged, wide, _INSIDE, _INSIDE_PX)
    return np.where(sure, 255, np.where(perhaps & judged, 128, 0)).astype(np.uint8)


def _residuals(scene: Scene) -> list[Residual]:
    lights = [grey(picture) for picture in scene.lights]
    if len(scene.neighbours) < FEWEST:
        return [from_surroundings(light) for light in lights]
    stacks = ([grey(layer[index]) for layer in scene.neighbours] for index in range(len(lights)))
    return [from_neighbours(light, stack) for light, stack in zip(lights, stacks, strict=True)]


def _spot_evidence(residuals: list[Residual], sees: NDArray[np.bool_], needed: int | None) -> list[Floats]:
    """Return (H, W) for each scale, the finest first."""
    found = np.stack([spots(residual) for residual in residuals], axis=1)  # scales, lights, H, W
    return [agreed(scale, sees, needed) for scale in found]


def _own_evidence(scene: Scene, sees: NDArray[np.bool_], needed: int | None) -> Floats:
    """Return (H, W), how far a spot stands out of its surroundings in its own picture.

    What only the neighbours show, as a part that this layer does not have yet, differs from them and is no defect.
    """
    residuals = [
        replace(from_surroundings(grey(light)), sees=seen) for light, seen in zip(scene.lights, sees, strict=True)
    ]
    return np.asarray(np.max(_spot_evidence(residuals, sees, needed)[:_FINE], axis=0), np.float32)


def _line_evidence(
    scene: Scene, sees: NDArray[np.bool_], judged: NDArray[np.bool_], needed: int | None
) -> Iterator[tuple[Limits, Floats]]:
    """Yield lines along rows and columns, short and long, with what makes an area of them.

    After melting only those count that the powder had before: the edge of a part is a line only after melting.
    """
    before = np.stack([unsaturated(grey(picture)) & judged for picture in scene.spread]) if scene.spread else None
    for third, rows in ROWS.items():
        found = _lines(scene.lights, sees, needed, third)
        if before is not None:
            spread = _lines(scene.spread, before, needed, third)
            found = [np.minimum(one, other) for one, other in zip(found, spread, strict=True)]
        yield from zip((rows, replace(rows, nearby=COLUMNS)), found, strict=True)


def _lines(
    lights: Sequence[Picture], sees: NDArray[np.bool_], needed: int | None, third: int
) -> list[NDArray[np.float32]]:
    found = [lines(grey(picture), seen, third) for picture, seen in zip(lights, sees, strict=True)]
    return [agreed(np.stack(direction), sees, needed) for direction in zip(*found, strict=True)]


def _eased(limits: Limits, ease: float) -> Limits:
    return replace(limits, core=ease * limits.core, extent=ease * limits.extent)
