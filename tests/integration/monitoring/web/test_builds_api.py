"""Builds and layers over HTTP: from the history, and from the stream where the history does not have them yet."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from layerwatch.layers import Stage
from layerwatch.verdict import Decision, Verdict
from tests.integration.monitoring.web.conftest import Plant

pytestmark = pytest.mark.redis

VerdictMaker = Callable[..., Verdict]
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def test_a_strip_gives_all_layers_as_lists_in_order(
    plant: Plant, page: httpx.Client, some_verdict: VerdictMaker
) -> None:
    layers = [
        some_verdict(layer=n, stage=stage, seconds=n + 0.5) for n in (2, 1) for stage in (Stage.MELT, Stage.RECOAT)
    ]
    plant.record(*layers, some_verdict(layer=1, revision=2, decision=Decision.REJECT, areas_px=(900,)))

    strip = page.get("/api/builds/m290/job42/strip").json()

    assert strip["layers"] == [1, 1, 2, 2]
    assert strip["stages"] == ["recoat", "melt", "recoat", "melt"]
    assert strip["decisions"] == ["pass", "reject", "pass", "pass"]
    assert strip["regions"] == [0, 1, 0, 0]
    assert strip["ratios"] == [0, 0.0009, 0, 0]
    assert strip["seconds"] == [1.5, 1.5, 2.5, 2.5]
    assert strip["inspections"][0] == layers[3].id
