"""Which light a file is taken for."""

import pytest

from layerwatch.profile import load_profile
from monitoring.web.check.kinds import UNKNOWN
from monitoring.web.check.lights import lights_of
from monitoring.web.check.refusal import UploadRefusedError

NIST = load_profile("nist-ammt")


@pytest.mark.parametrize(
    ("names", "lights"),
    [
        (["B0002c.PNG", "B0002a.PNG", "B0002b.PNG"], ("c", "a", "b")),
        (["left.png", "right.png"], ("a", "b")),
        (["shot-1.png", "shot-2.png"], ("1", "2")),
        (["image.png", "image.png"], ("a", "b")),
        (["whatever.png"], ("",)),
        (["picture ä.png", "picture ö.png"], ("a", "b")),
    ],
)
def test_without_a_profile_it_is_the_letter_that_differs_or_the_order(
    names: list[str], lights: tuple[str, ...]
) -> None:
    assert lights_of(names, UNKNOWN) == lights


def test_a_profile_reads_lights_from_names() -> None:
    assert lights_of(["B0012b.PNG", "B0012a.PNG"], NIST) == ("b", "a")


def test_what_the_sender_says_wins() -> None:
    assert lights_of(["B0012a.PNG", "B0012b.PNG"], NIST, ["left", "right"]) == ("left", "right")
    assert lights_of(["one.png"], NIST, ["a"]) == ("a",)


@pytest.mark.parametrize(
    ("names", "given", "complaint"),
    [
        (["a.png", "b.png"], ["x", "x"], "a.png and b.png are both taken for light x"),
        (["a.png", "b.png"], ["x"], "expected one for each of 2 pictures, got 1"),
        (["a.png", "b.png"], ["x", ""], "1 to 16 letters and digits"),
        (["a.png", "b.png"], ["x", "y/z"], "1 to 16 letters and digits"),
        (["B0012a.PNG", "B0013b.PNG"], [], "B0012a.PNG of layer 12 melt and B0013b.PNG of layer 13 melt"),
        (["B0012a.PNG", "A0012b.PNG"], ["a", "b"], "layer 12 recoat; send one layer at a time"),
        (["B0012a.PNG", "B0012a.png"], [], "both taken for light a"),
    ],
)
def test_what_cannot_be_is_named(names: list[str], given: list[str], complaint: str) -> None:
    with pytest.raises(UploadRefusedError) as raised:
        lights_of(names, NIST, given)
    assert complaint in str(raised.value)
