import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.bundle import InputSpec
from layerwatch.vision.read import Picture
from layerwatch.vision.segmenter import segment_channels, segment_picture


def bright(tiles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Answer with the first channel."""
    return tiles[..., 0].copy()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (37, 53), (700, 1300), (1500, 90)])
@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_the_probability_has_the_size_of_the_picture(height: int, width: int, scale: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 65536, (height, width)).astype(np.uint16)

    probability = segment_picture([Picture(pixels=pixels, bits=16)], bright, InputSpec(scale=scale))

    assert probability.shape == (height, width)
    assert probability.dtype == np.uint8


def test_a_defect_is_found_where_it_lies() -> None:
    pixels = np.random.default_rng(1).integers(1000, 2000, (1200, 1600)).astype(np.uint16)
    cv2.circle(pixels, (1100, 300), 40, (60_000,), cv2.FILLED)
    lights = [Picture(pixels=pixels, bits=16)] * 3

    probability = segment_picture(lights, bright, InputSpec(high=99.9))

    rows, columns = np.nonzero(probability > 127)
    assert (columns.mean(), rows.mean()) == (pytest.approx(1100, abs=0.6), pytest.approx(300, abs=0.6))
    assert len(rows) == pytest.approx(np.pi * 40**2, rel=0.03)


def test_the_segmenter_sees_tiles_of_the_wished_size() -> None:
    seen: list[tuple[int, ...]] = []

    def note(tiles: NDArray[np.uint8]) -> NDArray[np.uint8]:
        seen.append(tiles.shape)
        return bright(tiles)

    segment_channels(np.zeros((300, 600, 3), np.uint8), note, InputSpec(tile=256), size=(600, 1200))

    assert seen == [(2, 320, 320, 3)]


def test_a_segmenter_that_answers_in_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the plan's shape"):
        segment_channels(
            np.zeros((64, 64, 3), np.uint8), lambda tiles: tiles[:, ::2, ::2, 0], InputSpec(), size=(64, 64)
        )


def test_only_the_box_around_the_plate_is_segmented_and_its_answer_stays_in_its_place() -> None:
    channels = np.random.default_rng(2).integers(0, 256, (300, 400, 3)).astype(np.uint8)
    plate = np.zeros((600, 800), np.bool_)
    plate[100:300, 420:700] = True
    pixels_seen = []

    def note(tiles: NDArray[np.uint8]) -> NDArray[np.uint8]:
        pixels_seen.append(int(np.prod(tiles.shape[:3])))
        return bright(tiles)

    spec = InputSpec(tile=128, overlap=16)
    whole = segment_channels(channels, note, spec, size=(600, 800))
    boxed = segment_channels(channels, note, spec, size=(600, 800), plate=plate)

    assert pixels_seen[1] < pixels_seen[0] / 2
    assert boxed.shape == whole.shape
    assert np.array_equal(boxed[plate], whole[plate])
    assert not boxed[:60].any()
