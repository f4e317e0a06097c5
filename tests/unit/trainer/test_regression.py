"""A frozen set that is never learned from."""

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from layerwatch.bundle import InputSpec
from layerwatch.errors import BundleError, TrainingError
from trainer.preparing import prepare_all
from trainer.regression import REGRESSION, freeze, load_regression, save_regression
from trainer.sources import CLEAN, Source, find_layer_sets, parse_sources

NO_DEFECT = np.zeros((128, 160), np.uint8)


@pytest.fixture
def source(tmp_path: Path, write_layer: Callable[..., None]) -> Source:
    for layer in (1, 2, 3):
        write_layer(layer, NO_DEFECT)
    (source,) = parse_sources([tmp_path / "images"], [str(tmp_path / "masks")], ["nist-ammt"])
    return source


def test_a_set_is_written_once_and_read_back(tmp_path: Path, source: Source) -> None:
    frozen = freeze("mine", [source], list)
    path = save_regression(tmp_path / "registry", frozen, replace=False)

    again = load_regression(tmp_path / "registry", "mine")

    assert path == tmp_path / "registry" / "mine" / REGRESSION
    assert again == frozen
    assert again.sources()[0].profile == source.profile
    assert [files.layer for files in again.layer_sets()] == [1, 2, 3]
    with pytest.raises(TrainingError, match="is there already"):
        save_regression(tmp_path / "registry", frozen, replace=False)
    assert save_regression(tmp_path / "registry", frozen, replace=True) == path
    assert load_regression(tmp_path / "registry", "other") is None


def test_the_word_clean_survives_being_written(tmp_path: Path, source: Source) -> None:
    (clean,) = parse_sources([source.images], [CLEAN], ["nist-ammt"])
    save_regression(tmp_path, freeze("mine", [clean], list), replace=False)

    again = load_regression(tmp_path, "mine")

    assert again is not None
    assert again.sources()[0].masks == CLEAN


def test_its_pictures_are_known_under_any_name(tmp_path: Path, source: Source) -> None:
    frozen = freeze("mine", [source], list)
    copied = tmp_path / "elsewhere" / "b9"
    copied.mkdir(parents=True)
    for light in "abc":
        shutil.copy(source.images / "b1" / f"A0002{light}.PNG", copied / f"A0077{light}.PNG")
        cv2.imwrite(str(copied / f"A0078{light}.PNG"), np.full((128, 160), 9, np.uint16))
    (other,) = parse_sources([tmp_path / "elsewhere"], [CLEAN], ["nist-ammt"])
    known, new = find_layer_sets(other, 0)

    assert frozen.holds(known)
    assert not frozen.holds(new)
    prepared_without = frozen.without([known, new])
    assert prepared_without == (new,)


def test_training_leaves_the_set_out_and_says_how_many(
    tmp_path: Path, source: Source, write_layer: Callable[..., None]
) -> None:
    frozen = freeze("mine", [source], list)
    for layer in (4, 5):
        write_layer(layer, NO_DEFECT)

    prepared = prepare_all(
        [source], InputSpec(scale=0.5), tmp_path / "work", share=0.5, seed=0, track=list, regression=frozen
    )

    assert {sample.files.layer for sample in (*prepared.training, *prepared.validation)} == {4, 5}
    assert prepared.left_out == 3
    assert "3 layer sets are left out" in prepared.summary


def test_a_set_that_holds_everything_leaves_nothing_to_learn(tmp_path: Path, source: Source) -> None:
    with pytest.raises(TrainingError, match="all layer sets are in the regression set"):
        prepare_all(
            [source],
            InputSpec(scale=0.5),
            tmp_path / "work",
            share=0.5,
            seed=0,
            track=list,
            regression=freeze("mine", [source], list),
        )


def test_a_set_that_changed_is_not_measured_on(source: Source) -> None:
    frozen = freeze("mine", [source], list)
    assert isinstance(source.masks, Path)
    cv2.imwrite(str(source.masks / "b1" / "000001_recoat.png"), np.full((128, 160), 255, np.uint8))

    with pytest.raises(TrainingError, match="the regression set of mine has changed since"):
        frozen.layer_sets()


def test_masks_made_by_thresholding_are_no_truth_to_freeze(source: Source) -> None:
    (thresholded,) = parse_sources([source.images], [], ["nist-ammt"])

    with pytest.raises(TrainingError, match="b1/000001_recoat has no truth"):
        freeze("mine", [thresholded], list)


def test_a_damaged_file_and_a_name_that_leaves_the_registry_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / REGRESSION).write_text("{}", encoding="utf-8")

    with pytest.raises(TrainingError, match="is damaged"):
        load_regression(tmp_path, "mine")
    with pytest.raises(BundleError, match="expected a name"):
        load_regression(tmp_path, "../mine")
