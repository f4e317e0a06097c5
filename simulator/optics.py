"""Lamps and camera of a build: constant while it is printed."""

from dataclasses import dataclass

import numpy as np

from simulator.streams import log_uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """One light; angles in radians, the saturated share is what its exposure is set for."""

    name: str
    azimuth: float
    elevation: float
    falloff: float  # brightness lost from the side of the lamp to the far side
    hot_spot: float
    hot_x: float
    hot_y: float
    hot_width: float
    saturated_recoat: float
    saturated_melt: float
    peak: float  # level of the brightest powder where nothing saturates


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """The camera, the same for a whole build; levels are shares of full scale."""

    blur_px: float
    vignetting: float
    black_level: float
    read_noise: float
    shot_noise: float
    gamma: float
    haze: float


def plan_camera(rng: np.random.Generator, zoom: float) -> Camera:
    return Camera(
        blur_px=float(rng.uniform(0.35, 1.1)) * zoom,
        vignetting=float(rng.uniform(0.0, 0.45)),
        black_level=float(rng.uniform(0.0, 0.05)),
        read_noise=log_uniform(rng, 0.0008, 0.006),
        shot_noise=log_uniform(rng, 0.002, 0.016),
        gamma=float(rng.choice([1.0, 1.0, rng.uniform(0.6, 1.0)])),
        haze=float(rng.choice([0.0, rng.uniform(0.0, 0.25)])),
    )


# Beside the share of saturated pixels that real lights a, b and c have, as (low, high) of those that saturate at all.
_SATURATED = ((0.06, 0.72), (0.46, 0.80), (0.01, 0.28))
_MELT_SHIFT = (0.10, -0.013, 0.012)


def plan_lamps(rng: np.random.Generator, names: tuple[str, ...]) -> tuple[Lamp, ...]:
    healthy = rng.random() < (0.16 if len(names) > 1 else 0.75)
    start = float(rng.uniform(0, 2 * np.pi))
    turn = float(rng.choice([-1, 1]) * rng.uniform(1.4, 2.3))
    return tuple(
        _plan_lamp(rng, name, index, start + turn * index, healthy=bool(healthy)) for index, name in enumerate(names)
    )


def _plan_lamp(rng: np.random.Generator, name: str, index: int, azimuth: float, *, healthy: bool) -> Lamp:
    low, high = _SATURATED[index % 3]
    share = float(rng.uniform(low, high))
    if healthy:
        share = float(rng.choice([0.0, rng.uniform(0.0, 0.02)]))
    melt = share if healthy else float(np.clip(share + _MELT_SHIFT[index % 3] + rng.normal(0, 0.04), 0.0, 0.78))
    diffuse = name == "" and rng.random() < 0.4
    return Lamp(
        name=name,
        azimuth=azimuth + float(rng.normal(0, 0.15)),
        elevation=float(np.radians(rng.uniform(60, 80) if diffuse else rng.uniform(18, 55))),
        falloff=float(rng.uniform(0.05, 0.6)),
        hot_spot=float(rng.choice([0.0, rng.uniform(0.1, 0.7)])),
        hot_x=float(rng.uniform(-0.1, 1.1)),
        hot_y=float(rng.uniform(-0.1, 1.1)),
        hot_width=float(rng.uniform(0.15, 0.6)),
        saturated_recoat=share,
        saturated_melt=melt,
        peak=float(rng.uniform(0.35, 0.97)),
    )
