"""A million verdicts of many builds, alike in size to real ones."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from layerwatch.layers import LayerKey, Stage
from layerwatch.verdict import ArtifactPaths, Decision, ImageFacts, ModelFacts, Region, Timing, Verdict

PRINTERS = 10
STAGES = tuple(Stage)
LAYERS_OF_A_BUILD = 2000
ROWS_OF_A_BUILD = LAYERS_OF_A_BUILD * len(STAGES)
A_LAYER = timedelta(seconds=60)
FIRST = datetime(2026, 1, 5, tzinfo=UTC)
SHARES = {Decision.PASS: 0.9, Decision.REVIEW: 0.06, Decision.REJECT: 0.03, Decision.INVALID: 0.01}
SHA256 = "0123456789abcdef" * 4
MODEL = ModelFacts(bundle="starter/20261125-14", precision="int8", backend="openvino", threshold=0.4, sha256=SHA256)


def printer_of(build: int) -> str:
    return f"printer-{build % PRINTERS}"


def name_of(build: int) -> str:
    return f"job{build:05d}"


def begin_of(build: int) -> datetime:
    """Return when a build began; those of a printer come one after the other."""
    return FIRST + (build // PRINTERS) * (LAYERS_OF_A_BUILD * A_LAYER + timedelta(hours=2))


IMAGES = tuple(
    ImageFacts(light=light, path=f"job00000/B0000{light}.PNG", sha256=SHA256, width=2000, height=2000, bits=16)
    for light in "abc"
)


def verdicts_of(build: int) -> Iterator[Verdict]:
    """Yield the verdicts of a build, the same ones each time; a tenth of them have one to four regions."""
    chance, like = np.random.default_rng(build), _first_of(build)
    words = chance.choice([each.value for each in SHARES], ROWS_OF_A_BUILD, p=list(SHARES.values()))
    for number, decision in enumerate(map(Decision, words)):
        count = int(chance.integers(1, 5)) if decision in {Decision.REVIEW, Decision.REJECT} else 0
        yield like.model_copy(
            update={
                **_place(build, number),
                "decision": decision,
                "model": None if decision is Decision.INVALID else MODEL,
                **_found(chance.integers(20, 2000, count).tolist()),
            }
        )


def _place(build: int, number: int) -> dict[str, object]:
    """Return what tells a layer from the others of its build."""
    layer, stage = number // len(STAGES), STAGES[number % len(STAGES)]
    key = LayerKey(printer=printer_of(build), build=name_of(build), layer=layer, stage=stage)
    captured = begin_of(build) + layer * A_LAYER + (number % len(STAGES)) * timedelta(seconds=20)
    published = captured + timedelta(seconds=1)
    return {
        "id": f"{key}-{number:012x}",
        "layer": layer,
        "stage": stage,
        "timing": Timing(captured=captured, settled=captured, queued=captured, started=captured, published=published),
    }


def _found(areas: list[int]) -> dict[str, object]:
    """Return what a verdict says of defects of so many pixels each."""
    return {
        "reasons": ("a region reaches the limit",) if areas else (),
        "defect_area_ratio": sum(areas) / 4e6,
        "defect_area_mm2": sum(areas) * 0.0025,
        "regions": tuple(
            Region(bbox=(x, 40, 50, 60), area_px=area, area_mm2=area * 0.0025, max_confidence=0.9, mean_confidence=0.7)
            for x, area in enumerate(areas)
        ),
    }


def _first_of(build: int) -> Verdict:
    key = LayerKey(printer=printer_of(build), build=name_of(build), layer=0, stage=Stage.RECOAT)
    begin = begin_of(build)
    return Verdict(
        schema=1,
        id=f"{key}-{0:012x}",
        printer=key.printer,
        build=key.build,
        layer=key.layer,
        stage=key.stage,
        revision=1,
        decision=Decision.PASS,
        reasons=(),
        max_confidence=0.9,
        defect_area_ratio=0.0,
        defect_area_mm2=0.0,
        regions=(),
        regions_truncated=False,
        images=IMAGES,
        model=MODEL,
        artifacts=ArtifactPaths(overlay=f"{key.folder}/overlay.jpg", mask=f"{key.folder}/mask.png"),
        timing=Timing(captured=begin, settled=begin, queued=begin, started=begin, published=begin),
        attempt=1,
        worker="bench-1",
    )
