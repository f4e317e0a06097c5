"""The picture that an operator looks at: the layer, what was found on it, and what was decided."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.verdict import Decision, Region
from layerwatch.vision.caption import BAR, BOLD, caption_bar, font_size, text_width
from layerwatch.vision.normalise import stretch
from layerwatch.vision.regions import Segmentation

_TINT = np.array((0, 120, 255), np.float32)  # BGR; orange is told from grey with any kind of colour vision
_OUTLINE = (0, 120, 255)
_INK = (24, 20, 18)
_SHADE = 0.22  # share of the tint over a defect
_BRIGHTEST = 0.86  # of white, so that an orange line stays visible on glaring powder
_NUMBERED = 12
_SMALLEST_SIDE = 640
_NARROWEST = 320


def draw_overlay(
    pixels: NDArray[np.uint8 | np.uint16],
    segmentation: Segmentation,
    *,
    caption: str,
    decision: Decision | str,
    max_side: int = 2048,
) -> NDArray[np.uint8]:
    """Return the layer with its defects tinted, outlined and the largest ones numbered, and a caption under it.

    Args:
        pixels: (H, W) one light of the layer; it is stretched for the eye.
        segmentation: what was found, at the same size.
        caption: one or more words; wrapped to three lines at most.
        decision: sets the colour, and is written out.
        max_side: px of the longer side of the drawn picture, without the caption, at most.

    Returns: (h, w, 3) BGR.
    """
    if pixels.shape != segmentation.mask.shape:
        raise ValueError(f"expected a segmentation of size {pixels.shape}, got {segmentation.mask.shape}")
    height, width = _drawn_size(pixels.shape, max_side)
    canvas = cv2.cvtColor(for_the_eye(pixels, height, width), cv2.COLOR_GRAY2BGR)
    if segmentation.area_px:
        _tint(canvas, _mask_at(segmentation.mask, height, width))
        _number(canvas, segmentation.regions[:_NUMBERED], scale=width / pixels.shape[1])
    if width < _NARROWEST:
        canvas = cv2.copyMakeBorder(canvas, 0, 0, 0, _NARROWEST - width, cv2.BORDER_CONSTANT, value=BAR)
    overlay: NDArray[np.uint8] = cv2.vconcat([canvas, caption_bar(canvas.shape[1], caption, decision)])
    return overlay


def _drawn_size(size: tuple[int, ...], max_side: int) -> tuple[int, int]:
    longer = max(size)
    scale = min(max(longer, _SMALLEST_SIDE), max_side) / longer
    height, width = (max(1, round(side * scale)) for side in size)
    return height, width


def for_the_eye(pixels: NDArray[np.uint8 | np.uint16], height: int, width: int) -> NDArray[np.uint8]:
    """Return a picture as an overlay shows it under its marks: stretched, in 8 bits, (height, width), 0..219."""
    interpolation = cv2.INTER_AREA if height < pixels.shape[0] else cv2.INTER_CUBIC
    drawn = cv2.resize(pixels, (width, height), interpolation=interpolation)
    seen = stretch(drawn, full_scale=int(np.iinfo(drawn.dtype).max), low=0.5, high=99.5)
    dimmed: NDArray[np.uint8] = cv2.convertScaleAbs(seen, alpha=_BRIGHTEST)
    return dimmed


def _mask_at(mask: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return the mask at the drawn size; a defect thinner than a drawn pixel still shows."""
    shrinks = height < mask.shape[0]
    resized = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST)
    drawn: NDArray[np.uint8] = cv2.threshold(resized, 0, 255, cv2.THRESH_BINARY)[1]
    return drawn


def _tint(canvas: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
    """Tint the defects and draw a line around them, outside, so that the line hides none of the defect."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    line = cv2.dilate(mask, cross, iterations=_line_width(canvas))
    halo = cv2.dilate(line, cross)
    pixels = canvas.reshape(-1, 3)
    areas = (mask, cv2.subtract(line, mask), cv2.subtract(halo, line))
    defect, outline, rim = (np.flatnonzero(area.view(np.bool_)) for area in areas)
    pixels[defect] = ((1 - _SHADE) * pixels[defect] + _SHADE * _TINT).astype(np.uint8)
    pixels[rim] //= 2
    pixels[outline] = _OUTLINE


def _number(canvas: NDArray[np.uint8], regions: Sequence[Region], *, scale: float) -> None:
    """Draw a thin box around each region, and its rank by size beside it."""
    size = max(12, font_size(canvas.shape[1]) * 4 // 5)
    boxes = [_box(region, scale, pad=size // 2) for region in regions]
    for left, top, right, bottom in boxes:
        cv2.rectangle(canvas, (left, top), (right, bottom), _OUTLINE, 1)
    font = cv2.FontFace("sans")
    for rank, (left, top, _, _) in reversed(list(enumerate(boxes, start=1))):
        _tag(canvas, str(rank), (left, top), font, size)


def _box(region: Region, scale: float, *, pad: int) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom on the drawn picture."""
    left, top, width, height = region.bbox
    edges = (left * scale - pad, top * scale - pad, (left + width) * scale + pad, (top + height) * scale + pad)
    return tuple(map(round, edges))  # type: ignore[return-value]  # mypy does not count what map yields


def _tag(canvas: NDArray[np.uint8], text: str, corner: tuple[int, int], font: cv2.FontFace, size: int) -> None:
    """Draw a small filled label above a corner, moved inside the picture where it would leave it."""
    width, height = text_width(font, text, size, BOLD) + size // 2, size * 5 // 4
    left = max(0, min(corner[0], canvas.shape[1] - width))
    top = max(0, min(corner[1] - height, canvas.shape[0] - height))
    cv2.rectangle(canvas, (left, top), (left + width, top + height), _OUTLINE, cv2.FILLED)
    cv2.putText(canvas, text, (left + size // 4, top + height - size // 4), _INK, font, size, BOLD)


def _line_width(canvas: NDArray[np.uint8]) -> int:
    return 2 if max(canvas.shape) >= 1000 else 1
