"""What a crop may look like on another day: other lamps, another lens, another way round."""

from collections.abc import Callable
from typing import Any

import albumentations
import cv2
import numpy as np
from numpy.typing import NDArray

Crop = tuple[NDArray[np.uint8], NDArray[np.uint8]]
ONE_LIGHT = 0.3  # share of crops that show one of their lights in all channels: one model for one and three lights
OTHER_ORDER = 0.15  # share of the rest whose lights change places


def build_augmentation() -> Callable[[NDArray[np.uint8], NDArray[np.uint8], np.random.Generator], Crop]:
    """Return a function from channels (h, w, 3) and mask (h, w), both uint8, and a random state to a new pair."""
    pipeline: Any = albumentations.Compose(
        [
            albumentations.D4(p=1.0),
            albumentations.Affine(
                rotate=(-12, 12), shear=(-8, 8), scale=(0.9, 1.1), border_mode=cv2.BORDER_REFLECT_101, p=0.3
            ),
            albumentations.GridDistortion(num_steps=4, distort_limit=0.2, p=0.2),
            albumentations.Illumination(intensity_range=(0.02, 0.2), p=0.3),
            albumentations.RandomBrightnessContrast(brightness_limit=0.25, contrast_limit=0.4, p=0.6),
            albumentations.RandomGamma(gamma_limit=(50, 200), p=0.4),
            albumentations.GaussianBlur(blur_limit=(3, 5), sigma_limit=(0.3, 1.2), p=0.15),
            albumentations.GaussNoise(std_range=(0.01, 0.07), p=0.3),
        ]
    )

    def augment(channels: NDArray[np.uint8], mask: NDArray[np.uint8], rng: np.random.Generator) -> Crop:
        pipeline.set_random_seed(int(rng.integers(2**31)))
        changed = pipeline(image=change_lights(channels, rng), mask=mask)
        return np.ascontiguousarray(changed["image"]), np.ascontiguousarray(changed["mask"])

    return augment


def change_lights(channels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the crop as another lamp arrangement would show it, (h, w, 3) uint8."""
    if rng.random() < ONE_LIGHT:
        return np.repeat(channels[..., rng.integers(3), None], 3, axis=2)
    if rng.random() < OTHER_ORDER:
        channels = channels[..., rng.permutation(3)]
    gains = rng.uniform(0.85, 1.15, 3) if rng.random() < 0.4 else np.ones(3)
    return np.clip(np.rint(channels * gains), 0, 255).astype(np.uint8)
