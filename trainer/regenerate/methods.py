"""What makes the masks of each method."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trainer.regenerate.contrast import contrast
from trainer.regenerate.dark_threshold import dark_threshold
from trainer.regenerate.method import Method
from trainer.regenerate.scene import Scene

Make = Callable[[Scene, int | None], NDArray[np.uint8]]  # scene, votes -> (H, W) of 0, 128 (ignore) and 255

METHODS: Final[Mapping[Method, Make]] = {Method.CONTRAST: contrast, Method.DARK_THRESHOLD: dark_threshold}
