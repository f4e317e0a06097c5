from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.errors import TrainingError
from layerwatch.layers import Stage
from layerwatch.profile import load_profile
from layerwatch.vision.read import Picture
from trainer.candidates import MEANS
from trainer.measuring import Measured
from trainer.operating_point import choose, survey
from trainer.sources import CLEAN, THRESHOLD, LayerFiles, Source
from trainer.wish import Wish

SHAPE = (80, 80)


def measured(probability: NDArray[np.uint8], kinds: NDArray[np.uint8], *, masks: str = CLEAN) -> Measured:
    return Measured(
        files=LayerFiles(source=0, build="b", layer=1, stage=Stage.RECOAT, pictures=(Path("a.png"),)),
        source=Source(images=Path(), masks=masks, profile=load_profile("single-light")),
        pictures=[Picture(pixels=np.zeros(SHAPE, np.uint8), bits=8)],
        kinds=kinds,
        plate=None,
        probability=probability,
    )


def square(side: int, value: int) -> NDArray[np.uint8]:
    picture = np.zeros(SHAPE, np.uint8)
    picture[10 : 10 + side, 10 : 10 + side] = value
    return picture


def layers(defect: int, noise: int, *, noise_side: int = 10, masks: str = CLEAN) -> Iterator[Measured]:
    """Ten layers with a defect of 12 x 12 px seen with one probability, ten clean ones with false noise."""
    for _ in range(10):
        yield measured(square(12, defect), square(12, 1), masks=masks)
        yield measured(square(noise_side, noise), np.zeros(SHAPE, np.uint8), masks=masks)


def test_the_threshold_lies_between_noise_and_defects() -> None:
    point, candidate = choose(survey(layers(defect=230, noise=120)))

    assert 120 / 255 < max(point.threshold, point.limits.min_mean_confidence) <= 230 / 255
    assert candidate.region_recall == 1
    assert candidate.clean_flagged == 0
    assert point.recall == 1


def test_noise_as_bright_as_defects_is_left_out_by_its_size() -> None:
    point, candidate = choose(survey(layers(defect=230, noise=250, noise_side=6)))

    assert 36 < point.limits.min_region_px <= 144
    assert candidate.region_recall == 1
    assert candidate.clean_flagged == 0


def test_faint_defects_are_found_beside_a_certain_one_and_clean_layers_are_left_in_peace() -> None:
    clear_and_faint = np.maximum(square(12, 240), np.roll(square(12, 130), (40, 40), axis=(0, 1)))
    layers = []
    for _ in range(10):
        layers.append(measured(clear_and_faint, (clear_and_faint > 0).astype(np.uint8)))
        layers.append(measured(square(14, 180), np.zeros(SHAPE, np.uint8)))

    point, candidate = choose(survey(layers))

    assert 180 / 255 < point.limits.certain_mean_confidence <= 240 / 255
    assert max(point.threshold, point.limits.min_mean_confidence) <= 130 / 255
    assert (candidate.region_recall, candidate.region_precision, candidate.clean_flagged) == (1, 1, 0)


def test_what_lies_beside_a_certain_region_is_mostly_right_or_left_out() -> None:
    clear, faint = square(12, 240), np.roll(square(12, 130), (40, 40), axis=(0, 1))
    both = np.maximum(clear, faint)
    layers = [measured(both, (clear > 0).astype(np.uint8)) for _ in range(9)]
    layers.append(measured(both, (both > 0).astype(np.uint8)))  # one of ten faint ones is real
    layers += [measured(square(14, 180), np.zeros(SHAPE, np.uint8)) for _ in range(10)]

    _, candidate = choose(survey(layers))

    assert candidate.region_recall == pytest.approx(10 / 11)
    assert candidate.region_precision == 1


def test_of_points_as_good_the_one_that_is_like_the_other_precision_wins() -> None:
    found = survey(layers(defect=230, noise=20))
    _, free = choose(found)

    certain = next(mean for mean in MEANS if mean > 200)
    point, candidate = choose(found, like=replace(free, level=192, min_region_px=64, certain=certain, mean=certain))

    assert (free.level, free.min_region_px, free.certain) != (192, 64, certain)
    assert (round(point.threshold * 255), point.limits.min_region_px) == (192, 64)
    assert (candidate.certain, candidate.mean) == (certain, certain)
    assert candidate.region_recall == free.region_recall == 1


def test_clean_layers_are_left_in_peace_even_where_that_costs_defects() -> None:
    _, candidate = choose(survey(layers(defect=120, noise=200, noise_side=14)))

    assert candidate.clean_flagged == 0
    assert candidate.region_recall == 0


def test_no_common_false_region_of_validation_is_large_enough_to_reject_a_layer() -> None:
    many = [*layers(defect=230, noise=20), measured(square(60, 255), np.zeros(SHAPE, np.uint8))]
    many += [measured(square(2, 10), np.zeros(SHAPE, np.uint8)) for _ in range(20)]

    point, _ = choose(survey(many))

    assert point.limits.reject_px >= 2 * 3600


def test_a_few_odd_pictures_in_a_hundred_do_not_set_the_limit_of_rejection() -> None:
    clean = [measured(square(2, 10), np.zeros(SHAPE, np.uint8))] * 110
    odd = [*layers(defect=230, noise=20), *clean, measured(square(60, 255), np.zeros(SHAPE, np.uint8))]

    point, _ = choose(survey(odd))

    assert point.limits.reject_px < 3600


def test_data_without_defects_is_refused_with_the_reason() -> None:
    clean = [measured(square(5, 200), np.zeros(SHAPE, np.uint8))] * 3

    with pytest.raises(TrainingError, match="shows no defect, so no threshold is better than another"):
        choose(survey(clean))


def test_figures_against_regenerated_masks_say_so() -> None:
    point, _ = choose(survey(layers(defect=230, noise=120, masks=THRESHOLD)))

    assert "regenerated masks" in point.measured_on
    assert "not recall" in point.measured_on


def test_a_threshold_is_not_tuned_on_a_handful_of_defects() -> None:
    few = [*layers(defect=230, noise=120)][:6]

    with pytest.raises(TrainingError, match="shows 3 defect regions of 30 px and more"):
        choose(survey(few))


def mixed() -> Iterator[Measured]:
    """Clear defects, faint ones, and noise in between on clean layers."""
    for _ in range(10):
        yield measured(square(12, 240), square(12, 1))
        yield measured(square(12, 110), square(12, 1))
        yield measured(square(14, 180), np.zeros(SHAPE, np.uint8))


def test_the_least_recall_is_reached_with_the_fewest_false_alarms() -> None:
    _, half = choose(survey(mixed()), Wish(min_recall=0.5))
    _, every = choose(survey(mixed()), Wish(min_recall=0.9))

    assert (half.region_recall, half.clean_flagged) == (0.5, 0)
    assert (every.region_recall, every.clean_flagged) == (1, 1)


def test_the_least_precision_is_kept_with_the_most_found() -> None:
    _, candidate = choose(survey(mixed()), Wish(min_precision=0.9))

    assert (candidate.region_precision, candidate.region_recall) == (1, 0.5)


@pytest.mark.parametrize(("cost", "missed", "false"), [(0.5, 10, 0), (5.0, 0, 10)])
def test_costs_decide_between_missed_and_false_regions(cost: float, missed: int, false: int) -> None:
    _, candidate = choose(survey(mixed()), Wish(miss_cost=cost))

    assert (candidate.missed, candidate.false) == (missed, false)


def test_a_wish_that_no_threshold_fulfils_is_refused_with_what_can_be_had() -> None:
    blind = list(layers(defect=20, noise=120))

    with pytest.raises(TrainingError, match=r"at least 90% of the regions found: the best reaches 0\.0%"):
        choose(survey(blind), Wish(min_recall=0.9))


def test_only_one_wish_at_a_time() -> None:
    with pytest.raises(ValueError, match="give one of"):
        Wish(min_recall=0.9, min_precision=0.9)
