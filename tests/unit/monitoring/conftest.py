"""A builder of verdicts, and how they look when the page has seen them."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from layerwatch.layers import Stage
from layerwatch.verdict import (
    ArtifactPaths,
    Decision,
    ImageFacts,
    ModelFacts,
    Region,
    Timing,
    Verdict,
)
from monitoring.rows import row_of
from monitoring.web.live.window import Seen, Window

VerdictMaker = Callable[..., Verdict]
SeenMaker = Callable[..., Seen]

PIXEL_MM2 = 0.01


@pytest.fixture(scope="session")
def some_verdict() -> VerdictMaker:
    """A builder: `some_verdict(layer=3, decision=Decision.REJECT, areas_px=(900, 40))`; every detail has a default."""

    def build(
        *,
        printer: str = "m290",
        build: str = "job42",
        layer: int = 1,
        stage: Stage = Stage.MELT,
        decision: Decision = Decision.PASS,
        areas_px: tuple[int, ...] = (),
        reasons: tuple[str, ...] = (),
        revision: int = 1,
        seconds: float = 1.5,
        published: datetime | None = None,
        mm2: bool = True,
    ) -> Verdict:
        now = published or datetime.now(UTC)
        name = f"{printer}_{build}_{layer:06d}_{stage.value}"
        digest = hashlib.sha256(f"{name}{revision}".encode()).hexdigest()
        folder = f"{printer}/{build}/{layer:06d}_{stage.value}"
        pictured = decision is not Decision.INVALID
        return Verdict(
            schema=1,
            id=f"{name}-{digest[:12]}",
            printer=printer,
            build=build,
            layer=layer,
            stage=stage,
            revision=revision,
            decision=decision,
            reasons=reasons,
            max_confidence=0.9 if areas_px else 0.1,
            defect_area_ratio=sum(areas_px) / 1_000_000,
            defect_area_mm2=sum(areas_px) * PIXEL_MM2 if mm2 else None,
            regions=tuple(
                Region(
                    bbox=(100 * number, 50, 30, area // 30 + 1),
                    area_px=area,
                    area_mm2=area * PIXEL_MM2 if mm2 else None,
                    max_confidence=0.9,
                    mean_confidence=0.7,
                )
                for number, area in enumerate(areas_px)
            ),
            regions_truncated=False,
            images=(
                ImageFacts(
                    light="a",
                    path="job42/B1a.PNG",
                    sha256=digest,
                    width=1000,
                    height=1000,
                    bits=16,
                    saturated_ratio=0.4,
                ),
            ),
            model=ModelFacts(bundle="starter/1", precision="int8", backend="openvino", threshold=0.4, sha256=digest),
            artifacts=ArtifactPaths(
                overlay=f"{folder}/overlay.jpg" if pictured else None, mask=f"{folder}/mask.png" if pictured else None
            ),
            timing=Timing(
                captured=now - timedelta(seconds=seconds), settled=now, queued=now, started=now, published=now
            ),
            attempt=1,
            worker="w1",
        )

    return build


@pytest.fixture(scope="session")
def some_seen(some_verdict: VerdictMaker) -> SeenMaker:
    """A builder of what the window holds: `some_seen(5, layer=3)` stands at the stream id 5-0."""

    def build(number: int, **about: object) -> Seen:
        verdict = some_verdict(**about)
        return Seen(cursor=f"{number}-0", body=verdict.to_json().encode(), row=row_of(verdict))

    return build


def filled(window: Window, *seen: Seen) -> Window:
    """Return a window with some verdicts more."""
    for one in seen:
        window.add(one)
    return window
