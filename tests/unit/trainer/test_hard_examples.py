from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.profile import load_profile
from trainer.crops import CropPlan, draw_crop, plan_crops
from trainer.sources import CLEAN, LayerFiles, Source
from trainer.store import Sample

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

from trainer.hard_examples import with_hard_examples  # noqa: E402 - it needs torch

SIDE = 320
NIST = Source(images=Path(), masks=CLEAN, profile=load_profile("nist-ammt"))


@pytest.fixture
def plan(tmp_path: Path, layer_files: Callable[..., LayerFiles]) -> CropPlan:
    """One layer with two defects of kind 1, above left and below right, and one of kind 2 above right."""
    kinds = np.zeros((SIDE, SIDE), np.uint8)
    kinds[20:30, 20:30] = kinds[290:300, 290:300] = 1
    kinds[20:30, 290:300] = 2
    rows, columns = np.mgrid[:SIDE, :SIDE] // 2
    np.save(tmp_path / "c.npy", np.dstack([rows, columns, rows]).astype(np.uint8))  # a crop tells where it comes from
    np.save(tmp_path / "k.npy", kinds)
    sample = Sample(files=layer_files(1), channels=tmp_path / "c.npy", kinds=tmp_path / "k.npy", present=(1, 2))
    return plan_crops([NIST], [sample], side=64, defect_share=0.5)


def sees(tile: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """A network that misses the defect below right, and sees one below left where there is none."""
    seen = np.zeros(tile.shape[1:3], np.bool_)
    seen[22:28, 22:28] = seen[18:32, 288:302] = seen[280:300, 20:40] = True
    return seen


def centres(plan: CropPlan) -> list[tuple[bool, bool]]:
    """Whether each of many crops lies below and right of the middle."""
    crops = [draw_crop(plan, np.random.default_rng(step))[0] for step in range(300)]
    return [(bool(crop[32, 32, 0] > SIDE / 4), bool(crop[32, 32, 1] > SIDE / 4)) for crop in crops]


def test_what_is_missed_and_what_is_imagined_is_remembered(plan: CropPlan) -> None:
    hard = with_hard_examples(plan, sees, share=0.5, track=lambda samples: samples)

    (of_kind_1, of_kind_2), (imagined,) = hard.missed[0], hard.false_alarms
    assert [(spot.left, spot.top, spot.width) for spot in of_kind_1] == [(290, 290, 10)]
    assert of_kind_2 == ()
    assert [(spot.left, spot.top, spot.width) for spot in imagined] == [(20, 280, 20)]


def test_crops_show_mistakes_and_the_kinds_that_have_none(plan: CropPlan) -> None:
    hard = with_hard_examples(plan, sees, share=1.0, track=lambda samples: samples)

    places = centres(hard)

    assert not any(place == (False, False) for place in places)
    assert {(True, True), (True, False), (False, True)} == set(places)


def test_without_a_share_the_crops_are_as_before(plan: CropPlan) -> None:
    hard = with_hard_examples(plan, sees, share=0.0, track=lambda samples: samples)

    assert centres(hard) == centres(plan)
