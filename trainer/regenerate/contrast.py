"""The default method: what differs from its own background under the majority of the lights that can see it.

The background is what neighbouring layers of the same build and stage show at the same place, or the surroundings
where there are none. Its constants were chosen on simulated builds; docs/masks.md says which and what was measured.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layerwatch.vision.read import Picture
from trainer.regenerate.areas import Limits, areas, filled
from trainer.regenerate.background import Floats, Residual, from_neighbours, from_surroundings, unsaturated
from trainer.regenerate.bed import walls
from trainer.regenerate.lines import lines
from trainer.regenerate.scene import Scene, grey
from trainer.regenerate.spots import spots
from trainer.regenerate.votes import agreed

FEWEST: Final = 2  # neighbouring layers that make a background
SPOTS: Final = Limits(core=7, extent=3, share=0.25, nearby=(21, 21), least=25)
ROWS: Final = Limits(core=5, extent=3, share=0.35, nearby=(21, 1), least=150)
COLUMNS: Final = replace(ROWS, nearby=(1, 21))
_SCALE_WEIGHTS: Final = np.array([1, 1, 0.5], np.float32)  # old parts below the powder look like large faint spots
_LONE: Final = 0.8  # what one light alone says counts less: no other can confirm it
_GAP: Final = 9  # px, width
_HOLE: Final = 400  # px, area; inside one defect the evidence comes and goes
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
    evidence = _spot_evidence(residuals, sees, needed) * trust
    along, across = (found * trust for found in _line_evidence(scene, sees, judged, needed))
    sure, perhaps = (
        areas(evidence, _eased(SPOTS, ease)) | areas(along, _eased(ROWS, ease)) | areas(across, _eased(COLUMNS, ease))
        for ease in (1.0, _UNSURE)
    )
    sure = filled(sure, _GAP, _HOLE) & judged
    return np.where(sure, 255, np.where(perhaps & judged, 128, 0)).astype(np.uint8)


def _residuals(scene: Scene) -> list[Residual]:
    lights = [grey(picture) for picture in scene.lights]
    if len(scene.neighbours) < FEWEST:
        return [from_surroundings(light) for light in lights]
    stacks = ([grey(layer[index]) for layer in scene.neighbours] for index in range(len(lights)))
    return [from_neighbours(light, stack) for light, stack in zip(lights, stacks, strict=True)]


def _spot_evidence(residuals: list[Residual], sees: NDArray[np.bool_], needed: int | None) -> Floats:
    found = np.stack([spots(residual) for residual in residuals], axis=1)  # scales, lights, H, W
    voted = [weight * agreed(scale, sees, needed) for weight, scale in zip(_SCALE_WEIGHTS, found, strict=True)]
    return np.asarray(np.max(voted, axis=0), np.float32)


def _line_evidence(
    scene: Scene, sees: NDArray[np.bool_], judged: NDArray[np.bool_], needed: int | None
) -> tuple[Floats, Floats]:
    """Return lines along rows and columns; after melting only those that the powder had before.

    The edge of a part is a line only after melting, a streak in the powder also before.
    """
    rows, columns = _lines(scene.lights, sees, needed)
    if scene.spread:
        before = np.stack([unsaturated(grey(picture)) & judged for picture in scene.spread])
        rows_before, columns_before = _lines(scene.spread, before, needed)
        return np.minimum(rows, rows_before), np.minimum(columns, columns_before)
    return rows, columns


def _lines(lights: Sequence[Picture], sees: NDArray[np.bool_], needed: int | None) -> tuple[Floats, Floats]:
    found = [lines(grey(picture), seen) for picture, seen in zip(lights, sees, strict=True)]
    rows, columns = (agreed(np.stack(direction), sees, needed) for direction in zip(*found, strict=True))
    return rows, columns


def _eased(limits: Limits, ease: float) -> Limits:
    return replace(limits, core=ease * limits.core, extent=ease * limits.extent)
