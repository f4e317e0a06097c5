from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from layerwatch.bundle import InputSpec
from layerwatch.errors import TrainingError
from trainer.sources import find_layer_sets, parse_sources
from trainer.store import data_hash, evenly, prepare

SPEC = InputSpec(scale=0.5)


def defect() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    mask = np.zeros((128, 160), np.uint8)
    mask[20:30, 40:60] = 255
    return mask


def test_a_layer_set_is_prepared_as_serving_sees_it(tmp_path: Path, write_layer: Callable[..., None]) -> None:
    write_layer(1, defect())
    (source,) = parse_sources([tmp_path / "images"], [str(tmp_path / "masks")], ["nist-ammt"])
    (files,) = find_layer_sets(source, 0)

    sample = prepare(files, source, SPEC, tmp_path / "work")

    channels, kinds = sample.load_channels(), sample.load_kinds()
    assert channels.shape == (64, 80, 3)
    assert channels.dtype == np.uint8
    assert kinds.shape == (64, 80)
    assert sample.present == (1,)
    assert channels[kinds > 0].max() < 60
    assert len(np.unique(channels)) > 100, "16 bits were clipped"


def test_what_is_prepared_is_not_read_again_until_a_picture_changes(
    tmp_path: Path, write_layer: Callable[..., None]
) -> None:
    write_layer(1, defect())
    (source,) = parse_sources([tmp_path / "images"], [str(tmp_path / "masks")], ["nist-ammt"])
    (files,) = find_layer_sets(source, 0)

    first = prepare(files, source, SPEC, tmp_path / "work")
    again = prepare(files, source, SPEC, tmp_path / "work")
    cv2.imwrite(str(files.pictures[0]), np.full((128, 160), 7, np.uint16))
    changed = prepare(files, source, SPEC, tmp_path / "work")

    assert again == first
    assert changed.channels != first.channels


def test_the_hash_of_the_data_follows_the_content(tmp_path: Path, write_layer: Callable[..., None]) -> None:
    write_layer(1, defect())
    (source,) = parse_sources([tmp_path / "images"], [str(tmp_path / "masks")], ["nist-ammt"])
    found = find_layer_sets(source, 0)
    before = data_hash(found)

    assert data_hash(found) == before
    assert found[0].mask is not None
    cv2.imwrite(str(found[0].mask), np.zeros((128, 160), np.uint8))
    assert data_hash(found) != before


def test_a_broken_picture_is_named(tmp_path: Path, write_layer: Callable[..., None]) -> None:
    write_layer(1, defect())
    (source,) = parse_sources([tmp_path / "images"], [str(tmp_path / "masks")], ["nist-ammt"])
    (files,) = find_layer_sets(source, 0)
    files.pictures[1].write_bytes(files.pictures[1].read_bytes()[:500])

    with pytest.raises(TrainingError, match=r"b1/000001_recoat: .*A0001b.PNG"):
        prepare(files, source, SPEC, tmp_path / "work")


def test_a_picture_too_small_for_the_network_is_refused(tmp_path: Path, write_layer: Callable[..., None]) -> None:
    write_layer(1, defect())
    (source,) = parse_sources([tmp_path / "images"], [str(tmp_path / "masks")], ["nist-ammt"])
    (files,) = find_layer_sets(source, 0)

    with pytest.raises(TrainingError, match="too few to learn from"):
        prepare(files, source, InputSpec(scale=0.25), tmp_path / "work")


def test_a_tile_has_sides_that_the_network_takes(tmp_path: Path, write_layer: Callable[..., None]) -> None:
    write_layer(1, defect())
    (source,) = parse_sources([tmp_path / "images"], [str(tmp_path / "masks")], ["nist-ammt"])
    sample = prepare(find_layer_sets(source, 0)[0], source, SPEC, tmp_path / "work")

    assert sample.load_tile()[0].shape == (1, 64, 64, 3)
    assert sample.load_tile(32)[1].shape == (32, 32)


def test_samples_are_taken_evenly() -> None:
    assert evenly(list(range(10)), 3) == [0, 4, 9]  # type: ignore[arg-type, comparison-overlap]  # numbers stand for samples
    assert evenly([1, 2], 5) == [1, 2]  # type: ignore[list-item, comparison-overlap]
