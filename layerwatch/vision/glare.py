"""Whether a light was taken while the laser melted: a glowing spot at full scale that the other lights do not show."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.vision.read import Picture

SIDE = 500  # px of the longer side that is looked at: every fourth pixel of 2000
AT_FULL_SCALE = 0.98  # of full scale: the core of the spot
SMALLEST_PX = 30  # of those looked at, for a core; smaller is spatter
LARGEST = 0.1  # of the longer side, that a core is wide; larger is a lamp
ROUND = 0.2  # of the square around the core, at least; an elevated edge or a streak that shines is thin
MOST_CORES = 10  # the largest that are looked at
NEAR, FAR = 0.25, 2.5  # from the core, in radii of a disc of its size: where it glows, and where that has faded
DARK_ENOUGH = 0.75  # of full scale, for the surroundings; on what is nearly white no glow is seen
GLOW = 0.15  # of what lies between the surroundings and full scale, that the light adds on all sides of the core
UNSEEN = 0.1  # of full scale, that any other light may be brighter in the core than around it


@dataclass(frozen=True, slots=True, kw_only=True)
class Glare:
    """A glowing spot: where, and how wide its core is, in pixels of the picture."""

    x: int
    y: int
    width: int


def glare_problems(pictures: Mapping[str, Picture], plate: NDArray[np.bool_] | None = None) -> list[str]:
    """Return in words which lights were taken while the laser melted; see `find_glare`."""
    return [
        f"light {light}: laser on: a spot {spot.width} px wide at {spot.x}, {spot.y} glows in no other light; "
        'if a lamp does that, set glare = "allow" in the profile'
        for light, spot in find_glare(pictures, plate).items()
    ]


def find_glare(pictures: Mapping[str, Picture], plate: NDArray[np.bool_] | None = None) -> dict[str, Glare]:
    """Return the largest glowing spot of each light that has one; nothing of a single light.

    Under one light nothing tells a laser from the reflection of a lamp.

    Args:
        pictures: lights of one size, by name.
        plate: (H, W) bool, the pixels that count; None for all.
    """
    if len(pictures) < 2:
        return {}
    step = max(1, round(max(next(iter(pictures.values())).pixels.shape) / SIDE))
    shares = {light: _share_of_full_scale(picture, step) for light, picture in pictures.items()}
    on_plate = None if plate is None else plate[::step, ::step]
    found = {}
    for light, share in shares.items():
        others = np.maximum.reduce([other for name, other in shares.items() if name != light])
        core = (share >= AT_FULL_SCALE) & (others < AT_FULL_SCALE)
        if on_plate is not None:
            core &= on_plate
        spot = _glowing(core.astype(np.uint8), share, others)
        if spot is not None:
            found[light] = Glare(x=spot[0] * step, y=spot[1] * step, width=spot[2] * step)
    return found


def _share_of_full_scale(picture: Picture, step: int) -> NDArray[np.float32]:
    share: NDArray[np.float32] = picture.pixels[::step, ::step].astype(np.float32)
    share /= picture.full_scale
    return share


def _glowing(
    core: NDArray[np.uint8], share: NDArray[np.float32], others: NDArray[np.float32]
) -> tuple[int, int, int] | None:
    """Return x, y and width of the largest connected core that glows, None if none does."""
    if not core.any():
        return None
    _, labels, stats, _ = cv2.connectedComponentsWithStats(core, connectivity=8, ltype=cv2.CV_32S)
    wide = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    area = stats[:, cv2.CC_STAT_AREA]
    area = np.where((wide <= LARGEST * max(core.shape)) & (area >= ROUND * wide**2), area, 0)
    area[0] = 0  # what is no core
    for number in np.argsort(-area)[:MOST_CORES]:
        if area[number] < SMALLEST_PX:
            break
        around = _around(stats[number], core.shape)
        if _glows(labels[around] == number, share[around], others[around]):
            left, top, width, height, _ = (int(value) for value in stats[number])
            return left + width // 2, top + height // 2, max(width, height)
    return None


def _around(stats: NDArray[np.int32], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns of a core and of what lies as far from it as `FAR` and the same again."""
    left, top, width, height, area = (int(value) for value in stats)
    margin = int(2 * FAR * _radius(area)) + 2
    rows = slice(max(0, top - margin), min(shape[0], top + height + margin))
    return rows, slice(max(0, left - margin), min(shape[1], left + width + margin))


def _radius(area: int) -> float:
    return float((area / np.pi) ** 0.5)


def _glows(core: NDArray[np.bool_], share: NDArray[np.float32], others: NDArray[np.float32]) -> bool:
    """Return whether it is bright on all sides of a core, less so further away, and not there in the other lights."""
    if np.median(share[::2, ::2]) > DARK_ENOUGH:
        return False  # cheaper to find than how far each pixel is
    radius = _radius(int(np.count_nonzero(core)))
    distance = cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, 3)
    near = ~core & (distance <= max(1.5, NEAR * radius))
    far = distance > FAR * radius
    if not near.any() or not far.any():
        return False
    surroundings = float(np.median(share[far]))
    glow = float(np.quantile(share[near], 0.2)) - surroundings
    elsewhere = float(np.median(others[core]) - np.median(others[far]))
    return surroundings <= DARK_ENOUGH and glow >= GLOW * (1 - surroundings) and elsewhere <= UNSEEN
