"""What nobody can judge counts nowhere."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from layerwatch.bundle import InputSpec  # noqa: E402
from trainer.crops import draw_crop, plan_crops  # noqa: E402
from trainer.ignore import IGNORE  # noqa: E402
from trainer.loss import segmentation_loss  # noqa: E402
from trainer.masks import shrink_kinds  # noqa: E402
from trainer.metrics import PixelCounts  # noqa: E402
from trainer.overlap import compare, true_regions, unjudged  # noqa: E402
from trainer.sources import Source, find_layer_sets, parse_sources  # noqa: E402
from trainer.store import Sample, prepare  # noqa: E402
from trainer.temperature import LogitCounts  # noqa: E402

pytestmark = pytest.mark.torch


def half_ignored() -> NDArray[np.uint8]:
    """A defect on the left, ignored pixels on the right half."""
    kinds = np.zeros((40, 80), np.uint8)
    kinds[10:20, 10:20] = 3
    kinds[:, 40:] = IGNORE
    return kinds


def test_the_loss_and_its_gradient_do_not_see_ignored_pixels() -> None:
    mask = torch.from_numpy((half_ignored() > 0).astype(np.float32))[None]
    mask[:, :, 40:] = IGNORE
    logits = torch.randn(mask.shape, generator=torch.Generator().manual_seed(0), requires_grad=True)

    loss = segmentation_loss(logits, mask, pos_weight=40)
    loss.backward()  # type: ignore[no-untyped-call]

    alone = segmentation_loss(logits[:, :, :40], mask[:, :, :40], pos_weight=40)
    assert loss.item() == pytest.approx(alone.item(), rel=1e-5)
    assert logits.grad is not None
    assert not logits.grad[:, :, 40:].any()
    assert logits.grad[:, :, :40].all()


def test_a_batch_with_nothing_to_judge_has_no_loss() -> None:
    mask = torch.full((1, 8, 8), float(IGNORE))

    assert float(segmentation_loss(torch.ones_like(mask), mask, pos_weight=40)) == pytest.approx(0)


def test_pixel_figures_leave_them_out() -> None:
    counts, logits = PixelCounts(), LogitCounts()

    counts.add(np.full((40, 80), 200, np.uint8), half_ignored())
    logits.add(np.zeros((40, 80), np.float32), half_ignored())

    assert (counts.defect.sum(), counts.other.sum()) == (100, 1500)
    assert (logits.defect.sum(), logits.other.sum()) == (100, 1500)


def test_a_predicted_region_mostly_in_ignored_pixels_is_no_false_alarm() -> None:
    mask = np.zeros((40, 80), np.uint8)
    mask[2:6, 37:60] = 255  # 3 of 23 columns are judged
    mask[30:36, 5:9] = 255

    overlap = compare(mask, true_regions(half_ignored()))

    assert overlap.false_regions(1) == 1
    assert overlap.areas.tolist() == [24]
    assert overlap.true_areas.tolist() == [100]
    assert np.array_equal(unjudged(mask > 0, half_ignored()), (mask > 0) & (np.indices(mask.shape)[0] < 10))


def test_a_region_that_finds_a_defect_counts_however_far_it_reaches() -> None:
    mask = np.zeros((40, 80), np.uint8)
    mask[10:20, 10:80] = 255

    overlap = compare(mask, true_regions(half_ignored()))

    assert overlap.found(1).tolist() == [True]


def test_a_working_pixel_is_ignored_where_it_may_be_a_defect() -> None:
    small = shrink_kinds(half_ignored(), 20, 40)

    assert set(np.unique(small)) == {0, 3, IGNORE}
    assert (small[:, 20:] == IGNORE).all()
    assert not (small[:, :20] == IGNORE).any()


def test_prepared_layers_and_crops_keep_them(tmp_path: Path, write_layer: Callable[..., None]) -> None:
    mask = np.zeros((128, 160), np.uint8)
    mask[20:60, 20:60] = 255
    mask[:, 100:] = 128
    write_layer(1, mask)
    (source,) = parse_sources([tmp_path / "images"], [str(tmp_path / "masks")], ["nist-ammt"])
    sample = prepare(find_layer_sets(source, 0)[0], source, InputSpec(scale=0.5), tmp_path / "work")

    seen = {int(value) for value in np.unique(crops_of(source, sample))}

    assert sample.present == (1,)
    assert (sample.load_kinds()[:, 50:] == IGNORE).all()
    assert (sample.load_tile()[1][:, 50:] == IGNORE).all()
    assert seen == {0, 1, IGNORE}


def crops_of(source: Source, sample: Sample) -> NDArray[np.uint8]:
    plan = plan_crops([source], [sample], side=64, defect_share=0.5)
    return np.stack([draw_crop(plan, np.random.default_rng(step))[1] for step in range(20)])
