"""What the tests of ingest share: small pictures, and verdicts on disk."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from layerwatch.job import InspectLayer
from layerwatch.verdict import Verdict


@pytest.fixture(scope="session")
def png() -> Callable[[int], bytes]:
    """A builder of small 16-bit pictures: the same number is the same content."""

    def build(number: int) -> bytes:
        pixels = np.random.default_rng(number).integers(0, 65535, (24, 32), dtype=np.uint16)
        return cv2.imencode(".png", pixels)[1].tobytes()

    return build


@pytest.fixture(scope="session")
def keep_verdict(verdict_about: Callable[[InspectLayer], Verdict]) -> Callable[[Path, InspectLayer], Verdict]:
    """Write verdict.json for a message where a worker would."""

    def keep(artifacts: Path, message: InspectLayer) -> Verdict:
        verdict = verdict_about(message)
        folder = artifacts / verdict.key.folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "verdict.json").write_text(verdict.to_json(), encoding="utf-8")
        return verdict

    return keep
