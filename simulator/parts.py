"""Parts on the plate: where they stand and what their cross-section is in each layer."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Outline = NDArray[np.float32]  # (N, 2) corners x, y in px
Shape = Literal["box", "disc", "ring", "ell", "wall", "gear", "comb"]
_SHAPES: tuple[Shape, ...] = ("box", "disc", "ring", "ell", "wall", "gear", "comb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part; its cross-section breathes, turns and drifts with the layer number."""

    shape: Shape
    x: float
    y: float
    radius_px: float
    aspect: float
    degrees: float
    taper: float  # share by which the size changes over a period
    period_layers: float
    phase: float
    twist: float  # degrees a layer
    last_layer: int
    brightness: float


def plan_parts(
    rng: np.random.Generator, size: int, zoom: float, bed: tuple[tuple[float, float], ...] | None
) -> tuple[Part, ...]:
    """Return parts on a loose grid over the powder bed; sizes do not depend on the picture's."""
    corners = np.asarray(bed or [(0, 0), (size, size)], dtype=np.float64)
    low = np.maximum(corners.min(axis=0), 0)
    high = np.minimum(corners.max(axis=0), size)
    pitch = min(float(rng.uniform(130, 330)) * zoom, 0.8 * float((high - low).min()))
    columns, rows = np.maximum(((high - low) // pitch).astype(int), 1)
    step = (high - low) / (columns, rows)
    filled = rng.uniform(0.45, 1.0)
    one_shape: Shape | None = _SHAPES[int(rng.integers(len(_SHAPES)))] if rng.random() < 0.35 else None
    cells = [(column, row) for row in range(rows) for column in range(columns) if rng.random() < filled]
    return tuple(_plan_part(rng, low + step * (np.array(cell) + 0.5), pitch, one_shape) for cell in cells or [(0, 0)])


def _plan_part(rng: np.random.Generator, centre: NDArray[np.float64], pitch: float, shape: Shape | None) -> Part:
    radius = pitch * float(rng.uniform(0.16, 0.42))
    x, y = centre + rng.uniform(-0.5, 0.5, 2) * (0.9 * pitch - 2 * radius)
    return Part(
        shape=shape or _SHAPES[int(rng.integers(len(_SHAPES)))],
        x=float(x),
        y=float(y),
        radius_px=radius,
        aspect=float(rng.uniform(0.45, 1.0)),
        degrees=float(rng.choice([0.0, 90.0, rng.uniform(0, 180)])),
        taper=float(rng.uniform(0.0, 0.35)),
        period_layers=float(rng.uniform(20, 150)),
        phase=float(rng.uniform(0, 2 * np.pi)),
        twist=float(rng.choice([0.0, rng.normal(0, 0.8)])),
        last_layer=int(rng.integers(30, 400)) if rng.random() < 0.15 else 1_000_000,
        brightness=float(rng.normal(1.0, 0.06)),
    )


def outlines(part: Part, layer: int) -> list[tuple[Outline, int]]:
    """Return the closed curves of a cross-section and whether each adds (255) or removes (0) metal."""
    if layer > part.last_layer:
        return []
    swing = np.sin(2 * np.pi * layer / part.period_layers + part.phase)
    radius = part.radius_px * (1 - part.taper * (0.5 + 0.5 * swing))
    angle = np.radians(part.degrees + part.twist * layer)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    curves = _unit_curves(part.shape, part.aspect)
    return [((curve @ turn * radius + (part.x, part.y)).astype(np.float32), value) for curve, value in curves]


def _unit_curves(shape: Shape, aspect: float) -> list[tuple[NDArray[np.float64], int]]:
    if shape == "box":
        return [(_box(-1, -aspect, 1, aspect), 255)]
    if shape == "wall":
        return [(_box(-1, -0.16, 1, 0.16), 255)]
    if shape == "ell":
        arm = 1 - aspect
        return [(np.array([(-1, -1), (1, -1), (1, -arm), (-arm, -arm), (-arm, 1), (-1, 1)]), 255)]
    if shape == "comb":
        teeth = [(_box(-1 + 0.5 * i, -1, -0.78 + 0.5 * i, 0.9), 255) for i in range(4)]
        return [*teeth, (_box(-1, 0.65, 0.72, 1), 255)]
    ring = _round(1 + 0.14 * np.sign(np.sin(8 * _ANGLES))) if shape == "gear" else _round(np.ones_like(_ANGLES))
    hole = [(_round(np.full_like(_ANGLES, aspect * 0.75)), 0)] if shape in {"ring", "gear"} else []
    return [(ring, 255), *hole]


_ANGLES = np.linspace(0, 2 * np.pi, 96, endpoint=False)


def _round(radius: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([radius * np.cos(_ANGLES), radius * np.sin(_ANGLES)], axis=1)


def _box(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)


def draw_part(canvas: NDArray[np.uint8], part: Part, layer: int) -> None:
    """Draw one cross-section into an (H, W) uint8 coverage map, anti-aliased."""
    for curve, value in outlines(part, layer):
        cv2.fillPoly(canvas, [np.round(curve * 16).astype(np.int32)], value, lineType=cv2.LINE_AA, shift=4)
