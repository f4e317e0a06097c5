import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from layerwatch.vision.normalise import stretch, to_channels
from layerwatch.vision.read import Picture


def a_light(seed: int = 0, *, height: int = 80, width: int = 120, bits: int = 16, exposure: float = 0.5) -> Picture:
    """Return smooth texture around an exposure (1: half of the pixels saturate)."""
    noise = np.random.default_rng(seed).standard_normal((height, width))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    full_scale = (1 << bits) - 1
    values = (exposure + 0.15 * smooth / max(smooth.std(), 1e-9)) * full_scale
    return Picture(pixels=values.clip(0, full_scale).astype(np.uint16 if bits > 8 else np.uint8), bits=bits)


def reference(light: Picture, low: float = 1, high: float = 99) -> NDArray[np.float64]:
    """Return the slow, obvious stretch of a light at full scale."""
    values = light.pixels[(light.pixels > 0) & (light.pixels < light.full_scale)]
    darkest, brightest = np.percentile(values, [low, high], method="inverted_cdf")
    return ((light.pixels - float(darkest)) / (float(brightest) - float(darkest)) * 255).clip(0, 255)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("exposure", [0.2, 0.5, 1.0, 1.2])
def test_a_light_is_stretched_over_its_unsaturated_range(bits: int, exposure: float) -> None:
    light = a_light(bits=bits, exposure=exposure)

    channels = to_channels([light], scale=1.0)

    assert channels.dtype == np.uint8
    assert np.abs(channels[..., 0] - reference(light)).max() <= 0.51


def test_sixteen_bits_are_not_clipped_to_eight() -> None:
    pixels = np.linspace(256, 65000, 10_000).astype(np.uint16).reshape(100, 100)

    channels = to_channels([Picture(pixels=pixels, bits=16)], scale=1.0)

    assert np.unique(channels).size == 256


def test_a_light_that_is_half_white_keeps_its_contrast() -> None:
    light = a_light(exposure=1.0)
    saturated = light.pixels == light.full_scale
    assert 0.4 < saturated.mean() < 0.6

    channel = to_channels([light], scale=1.0)[..., 0]

    assert (channel[saturated] == 255).all()
    assert channel[~saturated].std() > 50


def test_black_pixels_do_not_move_the_range() -> None:
    light = a_light()
    framed = light.pixels.copy()
    framed[:30] = 0

    channel = to_channels([Picture(pixels=framed, bits=16)], scale=1.0)[..., 0]

    assert np.abs(channel[30:].astype(int) - to_channels([light], scale=1.0)[30:, :, 0]).max() < 30
    assert channel[:30].max() == 0


@pytest.mark.parametrize("value", [0, 1, 30_000, 65_535])
def test_a_flat_light_becomes_zero(value: int) -> None:
    flat = Picture(pixels=np.full((40, 50), value, np.uint16), bits=16)

    assert to_channels([flat], scale=0.5).max() == 0


def test_black_and_white_stays_black_and_white() -> None:
    pixels = np.where(np.eye(64) > 0, 255, 0).astype(np.uint8)

    channel = to_channels([Picture(pixels=pixels, bits=8)], scale=1.0)[..., 0]

    assert np.array_equal(channel, pixels)


def test_one_light_stands_in_all_channels() -> None:
    channels = to_channels([a_light()], scale=0.5)

    assert channels.shape == (40, 60, 3)
    assert channels.flags.c_contiguous
    assert np.array_equal(channels[..., 0], channels[..., 1])
    assert np.array_equal(channels[..., 0], channels[..., 2])


def test_of_two_lights_the_third_channel_is_the_mean() -> None:
    first, second, third = np.moveaxis(to_channels([a_light(1), a_light(2)], scale=1.0).astype(int), 2, 0)

    assert np.abs(third - (first + second) / 2).max() <= 0.5


def test_three_lights_keep_their_order() -> None:
    lights = [a_light(seed, exposure=0.2 + 0.3 * seed) for seed in range(3)]

    channels = to_channels(lights, scale=1.0)

    for number, light in enumerate(lights):
        assert np.array_equal(channels[..., number], to_channels([light], scale=1.0)[..., 0])


def test_only_the_plate_sets_the_range() -> None:
    light = a_light(exposure=0.5)
    plate = np.zeros(light.pixels.shape, np.bool_)
    plate[10:70, 20:100] = True
    glaring = light.pixels.copy()
    glaring[~plate] = 64_000

    channels = to_channels([Picture(pixels=glaring, bits=16)], scale=1.0, plate=plate)
    expected = to_channels([Picture(pixels=light.pixels, bits=16)], scale=1.0, plate=plate)

    assert np.array_equal(channels[plate], expected[plate])


@settings(deadline=None)
@given(height=st.integers(1, 60), width=st.integers(1, 60), scale=st.sampled_from([0.05, 0.25, 0.5, 1.0, 1.5]))
def test_any_size_has_a_working_size(height: int, width: int, scale: float) -> None:
    channels = to_channels([a_light(height=height, width=width)], scale=scale, plate=np.ones((height, width), np.bool_))

    assert channels.shape == (max(1, round(height * scale)), max(1, round(width * scale)), 3)


def test_shrinking_happens_in_the_own_depth() -> None:
    pixels = np.tile(np.array([[40_000, 40_010], [40_020, 40_030]], np.uint16), (20, 20))
    pixels[20:] += 100

    channel = to_channels([Picture(pixels=pixels, bits=16)], scale=0.5)[..., 0]

    assert set(np.unique(channel)) == {0, 255}  # the means, 40015 and 40115, are still apart


@pytest.mark.parametrize("lights", [[], [a_light()] * 4, [a_light(), a_light(height=81)]])
def test_lights_that_do_not_fit_are_refused(lights: list[Picture]) -> None:
    with pytest.raises(ValueError, match="expected one to three lights of one size"):
        to_channels(lights, scale=0.5)


def test_a_plate_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a plate"):
        to_channels([a_light()], scale=0.5, plate=np.ones((3, 3), np.bool_))


def test_a_picture_is_stretched_for_display() -> None:
    light = a_light(bits=12)

    shown = stretch(light.pixels, full_scale=light.full_scale, low=0.5, high=99.5)

    assert shown.dtype == np.uint8
    assert (shown.min(), shown.max()) == (0, 255)
