"""A page on a small build with real pictures, for what people say of it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.layers import Stage
from layerwatch.verdict import Decision, ImageFacts, Region, Verdict
from tests.unit.monitoring.conftest import VerdictMaker

NAME = "noted"  # other tests that share a Redis have no such build
SIDE = 400
BOX = (100, 120, 80, 12)  # of the one region


@dataclass(frozen=True)
class NotedBuild:
    """Where a page reads, and what it shows."""

    folder: Path
    verdicts: tuple[Verdict, ...]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "MONITORING_DATABASE_URL": f"sqlite:///{self.folder}/history/history.sqlite3",
            "SOURCES_DIR": str(self.folder / "incoming"),
            "ARTIFACTS_DIR": str(self.folder / "artifacts"),
            "CORRECTIONS_DIR": str(self.folder / "corrections"),
            "MONITORING_AUDIT_FILE": str(self.folder / "audit.jsonl"),
        }

    @property
    def corrections(self) -> Path:
        return self.folder / "corrections" / "m290"


def write_noted_build(folder: Path, some_verdict: VerdictMaker, *, layers: int = 3) -> NotedBuild:
    """Write pictures, masks and verdicts of some melted layers; each has a region, but the first."""
    verdicts = []
    for layer in range(1, layers + 1):
        images = tuple(_picture(folder / "incoming", layer, light) for light in "abc")
        found = () if layer == 1 else (_region(),)
        made = some_verdict(
            build=NAME, layer=layer, stage=Stage.MELT, decision=Decision.REVIEW if found else Decision.PASS
        )
        verdicts.append(made.model_copy(update={"images": images, "regions": found}))
        mask = np.zeros((SIDE, SIDE), np.uint8)
        if found:
            x, y, width, height = BOX
            mask[y : y + height, x : x + width] = 255
        _write(folder / "artifacts" / made.key.folder / "mask.png", mask)
        _write(folder / "artifacts" / made.key.folder / "overlay.jpg", 255 - mask)
    return NotedBuild(folder=folder, verdicts=tuple(verdicts))


def _picture(sources: Path, layer: int, light: str) -> ImageFacts:
    noise = np.random.default_rng(10 * layer + ord(light)).normal(30_000, 3_000, (SIDE, SIDE))
    noise[100:300, 60:200] = 12_000
    path = f"m290/{NAME}/B{layer:04d}{light}.png"
    content = _write(sources / path, noise.astype(np.uint16))
    return ImageFacts(
        light=light, path=path, sha256=hashlib.sha256(content).hexdigest(), width=SIDE, height=SIDE, bits=16
    )


def _region() -> Region:
    area = BOX[2] * BOX[3]
    return Region(bbox=BOX, area_px=area, area_mm2=area * 0.0025, max_confidence=0.9, mean_confidence=0.8)


def _write(file: Path, pixels: NDArray[np.uint8 | np.uint16]) -> bytes:
    file.parent.mkdir(parents=True, exist_ok=True)
    content = cv2.imencode(file.suffix, pixels)[1].tobytes()
    file.write_bytes(content)
    return content
