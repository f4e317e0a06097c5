"""What decoders, encoders and the labelling of regions cost on one picture of 2000 x 2000: why we use what we use."""

import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.page import Figures
from worker.bench.pictures import powder

SIDE = 2000
ROUNDS = 9
_NO_FILTER = [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
_LEVEL_1 = [cv2.IMWRITE_PNG_COMPRESSION, 1]
CHOSEN = " (ours)"


def codec_figures() -> Figures:
    """Time every way on one thread, in turn, in one run."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        ways = {**_reading(), **_overlays(), **_masks(), **_labelling()}
        sizes = {name: _size(run()) for name, run in ways.items()}
        times = _milliseconds(ways)
    finally:
        cv2.setNumThreads(threads)
    return Figures(
        title="Decoders and encoders",
        command="python -m bench --only codecs",
        columns=(f"{SIDE} x {SIDE}, one thread", "CPU ms", "kB"),
        rows=tuple((name, f"{times[name]:.1f}", sizes[name]) for name in ways),
        note=(
            "CPU time, which a busy machine hardly changes. imagecodecs, which has other decoders of PNG, stands here "
            "where it is installed."
        ),
    )


def _reading() -> dict[str, Callable[[], object]]:
    grey = powder(SIDE, SIDE, bits=16, seed=1)
    png = np.frombuffer(cv2.imencode(".png", grey)[1].tobytes(), np.uint8)
    jpeg = np.frombuffer(cv2.imencode(".jpg", (grey >> 8).astype(np.uint8))[1].tobytes(), np.uint8)
    ways: dict[str, Callable[[], object]] = {
        f"decode 16-bit PNG, OpenCV{CHOSEN}": lambda: cv2.imdecode(png, cv2.IMREAD_UNCHANGED),
        f"decode JPEG, OpenCV{CHOSEN}": lambda: cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE),
    }
    if find_spec("imagecodecs") is not None:
        import imagecodecs  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - not one of ours

        ways["decode 16-bit PNG, imagecodecs"] = lambda: imagecodecs.png_decode(png)
        ways["decode JPEG, imagecodecs"] = lambda: imagecodecs.jpeg8_decode(jpeg)
    return ways


def _overlays() -> dict[str, Callable[[], object]]:
    grey = (powder(SIDE, SIDE, bits=16, seed=1) >> 8).astype(np.uint8)
    colour = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    return {
        f"overlay as JPEG, quality 88{CHOSEN}": lambda: cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, 88])[1],
        "overlay as PNG, level 1": lambda: cv2.imencode(".png", colour, _LEVEL_1)[1],
        "overlay as WebP, quality 88": lambda: cv2.imencode(".webp", colour, [cv2.IMWRITE_WEBP_QUALITY, 88])[1],
    }


def _masks() -> dict[str, Callable[[], object]]:
    mask = _some_mask()
    return {
        f"mask as PNG, level 1, no filters{CHOSEN}": lambda: cv2.imencode(".png", mask, [*_LEVEL_1, *_NO_FILTER])[1],
        "mask as PNG, level 1": lambda: cv2.imencode(".png", mask, _LEVEL_1)[1],
        "mask as PNG of 1 bit": lambda: cv2.imencode(".png", mask, [cv2.IMWRITE_PNG_BILEVEL, 1, *_LEVEL_1])[1],
    }


def _labelling() -> dict[str, Callable[[], object]]:
    mask = _some_mask()

    def way(algorithm: int) -> Callable[[], object]:
        return lambda: cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, algorithm)[0]

    return {
        f"regions, OpenCV's Grana{CHOSEN}": way(cv2.CCL_GRANA),
        "regions, OpenCV's default": way(cv2.CCL_DEFAULT),
        "regions, OpenCV's Wu": way(cv2.CCL_WU),
    }


def _some_mask() -> NDArray[np.uint8]:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    places = np.random.default_rng(1)
    for _ in range(12):
        x, y = (int(place) for place in places.integers(SIDE, size=2))
        cv2.circle(mask, (x, y), int(places.integers(4, 60)), (255,), cv2.FILLED)
    cv2.line(mask, (0, SIDE // 3), (SIDE, SIDE // 3 + 20), (255,), 3)
    return mask


def _milliseconds(ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, run in ways.items():
            began = time.process_time()
            run()
            times[name].append(time.process_time() - began)
    return {name: 1000 * median(each) for name, each in times.items()}


def _size(result: object) -> str:
    """Return the kB of encoded bytes, nothing for what is no file."""
    encoded = isinstance(result, np.ndarray) and (result.ndim == 1 or result.shape[0] == 1 or result.shape[1] == 1)
    return f"{result.size / 1000:.0f}" if encoded and isinstance(result, np.ndarray) else ""
