"""A finished build of 2,000 layers in two stages, as history, pictures and artifacts."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from bench.history_verdicts import LAYERS_OF_A_BUILD, verdicts_of
from layerwatch.layers import Stage
from layerwatch.verdict import Decision, ImageFacts, Region, Verdict
from monitoring.history.database import open_database
from monitoring.history.migrate import migrate
from monitoring.history.store import HistoryStore
from tests.integration.monitoring.history.conftest import published

SIDE = 512
LAST = LAYERS_OF_A_BUILD - 1
MISSING = range(300, 310)  # layers without a verdict
STREAK = range(1200, 1206)  # melted layers with something at one place
STREAK_BOX = (300, 200, 60, 40)
AT_ONCE = 1000


def write_build(database_url: str, sources: Path, artifacts: Path) -> list[Verdict]:
    """Write the build `job00000` of `printer-0`, and return its verdicts in order.

    All layers share two sets of pictures, even and odd ones, and one mask and overlay.
    """
    images = [write_pictures(sources, number) for number in range(2)]
    verdicts = [_with_pictures(verdict, images) for verdict in verdicts_of(0) if verdict.layer not in MISSING]
    write_artifacts(artifacts / str(verdicts[0].artifacts.overlay))
    record(database_url, verdicts)
    return verdicts


def record(database_url: str, verdicts: Iterable[Verdict]) -> None:
    engine = open_database(database_url)
    migrate(engine)
    every = [published(verdict) for verdict in verdicts]
    for first in range(0, len(every), AT_ONCE):
        HistoryStore(engine).take_in(every[first : first + AT_ONCE])
    engine.dispose()


def write_pictures(sources: Path, number: int) -> tuple[ImageFacts, ...]:
    """Write a picture of 16 bits for each of three lights."""
    return tuple(_written(sources, f"B000{number}{light}.PNG", seed) for seed, light in enumerate("abc", start=number))


def _written(sources: Path, name: str, seed: int) -> ImageFacts:
    noise = np.random.default_rng(seed).normal(30_000, 3_000, (SIDE, SIDE))
    noise[100:200, 100 + 20 * seed : 300] = 9_000
    content = cv2.imencode(".png", noise.astype(np.uint16))[1].tobytes()
    (sources / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return ImageFacts(light=name[5], path=name, sha256=digest, width=SIDE, height=SIDE, bits=16)


def write_artifacts(overlay: Path) -> None:
    overlay.parent.mkdir(parents=True)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[40:100, 0:60] = 255
    x, y, width, height = STREAK_BOX
    mask[y : y + height, x : x + width] = 255
    cv2.imwrite(str(overlay.with_name("mask.png")), mask)
    cv2.imwrite(str(overlay), cv2.cvtColor(255 - mask, cv2.COLOR_GRAY2BGR))


def _with_pictures(verdict: Verdict, images: list[tuple[ImageFacts, ...]]) -> Verdict:
    changes: dict[str, object] = {"images": images[verdict.layer % 2]}
    if verdict.layer in STREAK and verdict.stage is Stage.MELT:
        changes |= {"decision": Decision.REJECT, "regions": tuple(_streak()), "defect_area_ratio": 0.009}
    return verdict.model_copy(update=changes)


def _streak() -> Iterator[Region]:
    for box in (STREAK_BOX, (20, 400, 12, 9)):
        area = box[2] * box[3]
        yield Region(bbox=box, area_px=area, area_mm2=area * 0.0025, max_confidence=0.9, mean_confidence=0.7)
