"""What makes the masks of each method."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layerwatch.errors import TrainingError
from trainer.regenerate.contrast import contrast
from trainer.regenerate.dark_threshold import dark_threshold
from trainer.regenerate.method import Method
from trainer.regenerate.model import Marks, disputed, marked_by
from trainer.regenerate.scene import Scene

Masks = dict[Method, NDArray[np.uint8]]  # each (H, W) of 0, 128 (ignore) and 255


class Methods:
    """Several methods that look at the same scenes and share their work."""

    def __init__(self, wanted: Sequence[Method], *, votes: int | None = None, bundle: Path | None = None) -> None:
        """Get ready.

        Args:
            wanted: in the order in which `masks` returns them.
            votes: lights that have to agree where nothing is learned; None for the majority.
            bundle: the trained network, for the methods that need one.

        Raises:
            TrainingError: a method needs a network, and none is given.
            BundleError: there is no whole bundle.
        """
        self._wanted, self._votes = tuple(wanted), votes
        self._marks: Marks | None = None
        learned = [method for method in wanted if method.learned]
        if learned and bundle is None:
            raise TrainingError(f"the method {learned[0]} needs a trained network: give --bundle")
        if learned and bundle is not None:
            self._marks = marked_by(bundle)

    def masks(self, scene: Scene) -> Masks:
        """Return the mask of each method."""
        wanted, made = set(self._wanted), Masks()
        if wanted & {Method.CHECKED_MODEL, Method.CONTRAST}:
            made[Method.CONTRAST] = contrast(scene, self._votes)
        if Method.DARK_THRESHOLD in wanted:
            made[Method.DARK_THRESHOLD] = dark_threshold(scene, self._votes)
        if self._marks is not None:
            made[Method.MODEL] = self._marks(scene)
        if Method.CHECKED_MODEL in wanted:
            made[Method.CHECKED_MODEL] = disputed(made[Method.MODEL], made[Method.CONTRAST])
        return {method: made[method] for method in self._wanted}
