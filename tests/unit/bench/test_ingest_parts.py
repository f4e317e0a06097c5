"""The pure parts of what times ingest: nothing here is timed."""

from bench.frames import LIGHTS, PROFILE, pictures_of
from layerwatch.profile import load_profile


def test_every_picture_of_a_backlog_differs_and_is_of_the_printer() -> None:
    profile = load_profile(PROFILE)

    pictures = list(pictures_of(range(21_840, 21_850), profile))  # the counter passes 2^16 in these

    assert len(profile.expected_lights) == LIGHTS
    assert pictures[0][0] == "B0840a.PNG"
    assert len({content for _, content in pictures}) == len({name for name, _ in pictures}) == 10 * LIGHTS
