from collections.abc import Callable
from pathlib import Path

import pytest

from layerwatch.errors import TrainingError
from layerwatch.profile import load_profile
from trainer.sources import CLEAN, LayerFiles, Source
from trainer.split import split, told

Build = Callable[..., LayerFiles]
NIST = Source(images=Path("a"), masks=CLEAN, profile=load_profile("nist-ammt"))
SINGLE = Source(images=Path("b"), masks=CLEAN, profile=load_profile("single-light"))


def test_of_many_builds_whole_ones_are_held_back(layer_files: Build) -> None:
    found = [layer_files(layer, build=f"b{build}") for build in range(10) for layer in range(4)]

    parts = split([NIST], found, share=0.2, seed=1)

    held = {files.build for files in parts.validation}
    assert len(held) == 2
    assert not held & {files.build for files in parts.training}
    assert len(parts.training) + len(parts.validation) == len(found)
    assert parts.rules == ("nist-ammt: 2 of 10 builds",)


def test_of_one_build_the_last_layers_are_held_back_in_one_block(layer_files: Build) -> None:
    found = [layer_files(layer) for layer in range(1, 11)]

    parts = split([NIST], found, share=0.2, seed=1)

    assert [files.layer for files in parts.validation] == [9, 10]
    assert [files.layer for files in parts.training] == list(range(1, 9))


def test_every_profile_is_split_on_its_own(layer_files: Build) -> None:
    found = [layer_files(layer, build=f"b{build}") for build in range(5) for layer in range(2)]
    found += [layer_files(layer, build="Image", source=1) for layer in range(10)]

    parts = split([NIST, SINGLE], found, share=0.2, seed=1)

    assert [files.layer for files in parts.validation if files.source == 1] == [8, 9]
    assert len({files.build for files in parts.validation if files.source == 0}) == 1
    assert len(parts.rules) == 2


def test_the_same_seed_gives_the_same_split(layer_files: Build) -> None:
    found = [layer_files(1, build=f"b{build}") for build in range(10)]

    assert split([NIST], found, share=0.3, seed=5) == split([NIST], found, share=0.3, seed=5)


def test_a_single_layer_cannot_be_split(layer_files: Build) -> None:
    with pytest.raises(TrainingError, match="too few"):
        split([NIST], [layer_files(1)], share=0.2, seed=1)


def test_what_was_held_back_is_told_as_runs_of_layers(layer_files: Build) -> None:
    found = [layer_files(layer) for layer in (9, 3, 4, 5, 7)] + [layer_files(2, build="b0", source=1)]

    assert told(found) == [
        {"source": 0, "build": "b1", "stage": "recoat", "layers": "3-5,7,9"},
        {"source": 1, "build": "b0", "stage": "recoat", "layers": "2"},
    ]
