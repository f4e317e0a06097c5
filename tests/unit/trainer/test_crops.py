from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.errors import TrainingError
from layerwatch.profile import load_profile
from trainer.crops import CropPlan, draw_crop, plan_crops
from trainer.sources import CLEAN, LayerFiles, Source
from trainer.store import Sample

NIST = Source(images=Path(), masks=CLEAN, profile=load_profile("nist-ammt"))
Files = Callable[..., LayerFiles]


def a_sample(folder: Path, files: LayerFiles, kinds: NDArray[np.uint8]) -> Sample:
    stem = f"{files.build}-{files.layer}-{files.source}"
    np.save(folder / f"{stem}-c.npy", np.repeat(kinds[..., None] * 10, 3, axis=2).astype(np.uint8))
    np.save(folder / f"{stem}-k.npy", kinds)
    present = tuple(int(kind) for kind in np.unique(kinds) if kind)
    return Sample(files=files, channels=folder / f"{stem}-c.npy", kinds=folder / f"{stem}-k.npy", present=present)


def kinds_with(*spots: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """A map of kinds with squares (kind, top, left, side)."""
    kinds = np.zeros((300, 300), np.uint8)
    for kind, top, left, side in spots:
        kinds[top : top + side, left : left + side] = kind
    return kinds


def drawn(plan: CropPlan, number: int = 200) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    return [draw_crop(plan, np.random.default_rng(step)) for step in range(number)]


def test_most_crops_show_a_defect_and_all_have_one_size(tmp_path: Path, layer_files: Files) -> None:
    samples = [a_sample(tmp_path, layer_files(1), kinds_with((2, 40, 50, 12)))]
    plan = plan_crops([NIST], samples, side=64, defect_share=1.0)

    crops = drawn(plan)

    assert {(channels.shape, mask.shape) for channels, mask in crops} == {((64, 64, 3), (64, 64))}
    assert np.mean([mask.any() for _, mask in crops]) > 0.8


def test_a_rare_kind_is_seen_as_often_as_a_common_one(tmp_path: Path, layer_files: Files) -> None:
    common = [(1, 20 * row, 20 * column, 4) for row in range(8) for column in range(7)]
    samples = [a_sample(tmp_path, layer_files(1), kinds_with(*common, (2, 280, 280, 4)))]
    plan = plan_crops([NIST], samples, side=64, defect_share=1.0)

    rare = np.mean([(channels > 15).any() for channels, _ in drawn(plan)])

    assert 0.35 < rare < 0.7


def test_sources_are_drawn_by_their_weights(tmp_path: Path, layer_files: Files) -> None:
    sources = [replace(NIST, weight=3.0), replace(NIST, weight=1.0)]
    samples = [
        a_sample(tmp_path, layer_files(1), kinds_with((1, 100, 100, 100))),
        a_sample(tmp_path, layer_files(2, source=1), kinds_with((9, 100, 100, 100))),
    ]
    plan = plan_crops(sources, samples, side=64, defect_share=1.0)

    second = np.mean([(channels > 50).any() for channels, _ in drawn(plan)])

    assert plan.weights == pytest.approx((0.75, 0.25))
    assert 0.15 < second < 0.35


def test_a_picture_smaller_than_a_crop_is_mirrored(tmp_path: Path, layer_files: Files) -> None:
    kinds = np.zeros((40, 30), np.uint8)
    kinds[5:20, 5:20] = 1
    plan = plan_crops([NIST], [a_sample(tmp_path, layer_files(1), kinds)], side=128, defect_share=0.5)

    assert {channels.shape for channels, _ in drawn(plan, 20)} == {(128, 128, 3)}


def test_without_any_defect_there_is_nothing_to_learn(tmp_path: Path, layer_files: Files) -> None:
    with pytest.raises(TrainingError, match="none of the training masks shows a defect"):
        plan_crops([NIST], [a_sample(tmp_path, layer_files(1), kinds_with())], side=64, defect_share=0.5)


def test_a_source_gets_the_small_and_thin_defects_of_its_profile(tmp_path: Path, layer_files: Files) -> None:
    other = replace(NIST, profile=load_profile("single-light"))
    sources = [NIST, replace(NIST, paste=1.0), replace(other, paste=1.0)]
    thin = kinds_with((2, 100, 100, 10), (3, 10, 10, 60))
    clean = kinds_with()
    samples = [
        a_sample(tmp_path, layer_files(1, source=number), kinds) for number, kinds in enumerate((thin, clean, clean))
    ]

    plan = plan_crops(sources, samples, side=64, defect_share=0.0)

    assert [[len(spots) for spots in kinds] for kinds in plan.copied] == [[], [1], []]
    assert np.mean([mask.any() for channels, mask in drawn(replace(plan, weights=(0.0, 1.0, 0.0)))]) > 0.9
    assert not any(mask.any() for _, mask in drawn(replace(plan, weights=(0.0, 0.0, 1.0))))


def test_a_source_gets_as_many_lines_as_it_asks_for(tmp_path: Path, layer_files: Files) -> None:
    sources = [NIST, replace(NIST, hairlines=0.5)]
    samples = [a_sample(tmp_path, layer_files(1, source=number), kinds_with((2, 0, 0, 1))) for number in (0, 1)]
    for sample in samples:
        np.save(sample.channels, np.full((*sample.load_kinds().shape, 3), 150, np.uint8))

    plan = plan_crops(sources, samples, side=64, defect_share=0.0)

    assert not any((channels != 150).any() for channels, _ in drawn(replace(plan, weights=(1.0, 0.0))))
    assert 0.1 < np.mean([(channels != 150).any() for channels, _ in drawn(replace(plan, weights=(0.0, 1.0)))]) < 0.6


def test_large_regions_and_their_crumbs_stay_where_they_are(tmp_path: Path, layer_files: Files) -> None:
    kinds = kinds_with((2, 10, 10, 60), (2, 200, 200, 50), (2, 280, 10, 4))
    samples = [a_sample(tmp_path, layer_files(1), kinds)]

    plan = plan_crops([replace(NIST, paste=1.0)], samples, side=64, defect_share=0.0)

    assert plan.copied == ((),)
