from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from layerwatch.verdict import Decision
from layerwatch.vision.caption import caption_bar
from layerwatch.vision.encode import encode_jpeg, encode_png
from layerwatch.vision.overlay import draw_overlay
from layerwatch.vision.regions import Segmentation, find_regions

ORANGE = (0, 120, 255)


def a_segmentation(height: int, width: int, *boxes: tuple[int, int, int, int]) -> Segmentation:
    probability = np.zeros((height, width), np.uint8)
    for left, top, box_width, box_height in boxes:
        probability[top : top + box_height, left : left + box_width] = 230
    return find_regions(probability, threshold=0.5, min_area_px=1)


def a_layer(height: int = 800, width: int = 1200, kind: type = np.uint16) -> NDArray[np.uint8 | np.uint16]:
    rng = np.random.default_rng(0)
    return rng.integers(np.iinfo(kind).max // 4, np.iinfo(kind).max // 2, (height, width)).astype(kind)


def decode(content: bytes) -> NDArray[np.generic]:
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_defects_are_tinted_outlined_and_the_rest_stays_grey(kind: type) -> None:
    segmentation = a_segmentation(800, 1200, (300, 200, 60, 40))

    overlay = draw_overlay(a_layer(kind=kind), segmentation, caption="x", decision=Decision.REVIEW)

    assert overlay.dtype == np.uint8
    inside, far = overlay[205:235, 305:355].astype(int), overlay[400:780, 500:1100]
    assert (inside[..., 2] - inside[..., 0]).mean() > 20
    assert np.array_equal(far[..., 0], far[..., 2])
    assert (overlay[198:242, 298:362] == ORANGE).all(axis=2).any()


def test_a_layer_without_defects_shows_no_colour() -> None:
    overlay = draw_overlay(a_layer(), a_segmentation(800, 1200), caption="clean", decision=Decision.PASS)

    assert np.array_equal(overlay[:800, :, 0], overlay[:800, :, 2])


def test_a_large_picture_is_shrunk_and_its_thin_defects_still_show() -> None:
    segmentation = a_segmentation(3000, 4000, (1000, 50, 1, 2900))

    overlay = draw_overlay(a_layer(3000, 4000), segmentation, caption="streak", decision=Decision.REJECT, max_side=1000)

    assert overlay.shape[1] == 1000
    assert (overlay[300:600, 240:260] == ORANGE).all(axis=2).any(axis=1).all()


def test_a_small_picture_is_enlarged_until_the_caption_can_be_read() -> None:
    overlay = draw_overlay(a_layer(60, 80), a_segmentation(60, 80), caption="tiny", decision=Decision.PASS)

    assert overlay.shape[1] == 640
    assert overlay.shape[0] > 480


@settings(deadline=None, max_examples=30)
@given(height=st.integers(1, 400), width=st.integers(1, 400), decision=st.sampled_from([*Decision, "skipped"]))
def test_any_size_can_be_drawn(height: int, width: int, decision: str) -> None:
    segmentation = a_segmentation(height, width, (0, 0, 3, 3), (width // 2, height // 2, 9, 1))

    overlay = draw_overlay(a_layer(height, width), segmentation, caption="m290_job42 " * 20, decision=decision)

    assert overlay.shape[1] >= 320
    assert overlay.shape[2] == 3


def test_decisions_differ_in_colour_and_word() -> None:
    bars = [caption_bar(1000, "the same", decision) for decision in Decision]

    assert len({tuple(bar[0, 0]) for bar in bars}) == len(bars)
    widths = {int((bar[bar.shape[0] // 2] == bar[0, 0]).all(axis=1).nonzero()[0].max()) for bar in bars}
    assert len(widths) > 1


@pytest.mark.parametrize("width", [320, 640, 2048])
def test_the_caption_stays_inside_the_bar_whatever_its_length(width: int) -> None:
    short, long, word = (caption_bar(width, text, "review") for text in ("a b", "a few words " * 200, "w" * 5000))

    assert short.shape[0] < long.shape[0] <= 3 * short.shape[0]
    assert word.shape[0] <= long.shape[0]
    for bar in (short, long, word):
        assert (bar[bar.shape[0] // 4 :, -3:] == bar[-1, -1]).all()  # the margin on the right is empty


def test_the_arguments_are_left_alone() -> None:
    layer, segmentation = a_layer(), a_segmentation(800, 1200, (10, 10, 50, 50))
    before = layer.copy(), segmentation.mask.copy()

    draw_overlay(layer, segmentation, caption="x", decision="pass")

    assert np.array_equal(layer, before[0])
    assert np.array_equal(segmentation.mask, before[1])


def test_a_segmentation_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a segmentation of size"):
        draw_overlay(a_layer(), a_segmentation(10, 10), caption="x", decision="pass")


@pytest.mark.timeout(60)  # a step for each pair of specks would take hours
def test_a_hundred_thousand_specks_are_drawn() -> None:
    probability = np.zeros((2000, 2000), np.uint8)
    probability[::6, ::6] = 200
    segmentation = find_regions(probability, threshold=0.5, min_area_px=1)

    overlay = draw_overlay(a_layer(2000, 2000), segmentation, caption="noise", decision="review")

    assert overlay.shape[1:] == (2000, 3)
    outlined = (overlay[:2000] == (0, 120, 255)).all(axis=2)
    assert outlined[600::6, 601::6].mean() > 0.95, "there is a line beside nearly every speck"


def test_a_jpeg_shows_what_was_drawn(blob: Callable[[int, int], NDArray[np.uint8]]) -> None:
    drawn = cv2.cvtColor(blob(60, 80), cv2.COLOR_GRAY2BGR)

    decoded = decode(encode_jpeg(drawn, quality=95))

    assert np.abs(decoded.astype(int) - drawn).max() < 20


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_png_keeps_every_bit(kind: type) -> None:
    layer = a_layer(50, 70, kind)

    assert np.array_equal(decode(encode_png(layer)), layer)
