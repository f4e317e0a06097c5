from pathlib import Path, PurePosixPath

import pytest

from layerwatch.errors import ProfileError
from layerwatch.job import Optics
from layerwatch.layers import Stage
from layerwatch.profile import MAX_SATURATED, CaptureName, load_profile, parse_profile, shipped_profiles

ONE_LIGHT = """
name = "mine"
pattern = '(?P<layer>\\d+)\\.png'
template = "{layer}.png"
default_stage = "recoat"
"""


def test_nist_names_have_the_stage_in_front_and_the_light_behind() -> None:
    profile = load_profile("nist-ammt")

    assert profile.read_name(PurePosixPath("A0002a.PNG")) == CaptureName(
        build="", layer=2, stage=Stage.RECOAT, light="a"
    )
    assert profile.read_name(PurePosixPath("B0250c.PNG")) == CaptureName(
        build="", layer=250, stage=Stage.MELT, light="c"
    )


@pytest.mark.parametrize("name", ["C0001a.PNG", "A0001d.PNG", "A0001.PNG", ".A0001a.PNG", "A0001a.PNG.part", "x.txt"])
def test_a_foreign_name_is_no_capture(name: str) -> None:
    assert load_profile("nist-ammt").read_name(PurePosixPath(name)) is None


def test_a_sub_folder_names_the_build() -> None:
    name = load_profile("nist-ammt").read_name(PurePosixPath("job42/A0001a.PNG"))

    assert name is not None
    assert name.build == "job42"


@pytest.mark.parametrize(
    ("file", "build", "layer"),
    [
        ("Image12.jpg", "Image", 12),
        ("10448.png", "", 10448),
        ("melt_20220819_S60.JPG", "melt_20220819_S", 60),
        ("job42_000123.tif", "job42", 123),
        ("a b/c/7.bmp", "a-b-c-", 7),
    ],
)
def test_one_light_pictures_are_numbered_by_the_last_number(file: str, build: str, layer: int) -> None:
    name = load_profile("single-light").read_name(PurePosixPath(file))

    assert name is not None
    assert name.layer == layer
    assert name.build.startswith(build)
    assert bool(name.build) == bool(build)


@pytest.mark.parametrize(
    ("file", "build", "layer"),
    [
        ("SI1234_30.png", "1234", 1),
        ("SI1234_3000.png", "1234", 100),
        ("week7/SI1234_60.PNG", "week7-1234", 2),
        ("SI1234_32.png", "1234", 1),
        ("SI1234_45.png", None, None),
        ("SI1234_.png", None, None),
    ],
)
def test_a_height_is_a_layer_or_lies_between_two(file: str, build: str | None, layer: int | None) -> None:
    name = load_profile("eos-height").read_name(PurePosixPath(file))

    assert (name and name.build, name and name.layer) == (build, layer)


@pytest.mark.parametrize(
    ("file", "build", "stage"),
    [
        ("visible/0/0000123.tif", "", Stage.MELT),
        ("visible/1/0000123.tiff", "", Stage.RECOAT),
        ("m1/job 9/visible/1/0000123.tif", "m1-job-9", Stage.RECOAT),
        ("visible/2/0000123.tif", None, None),
        ("annotations/0/0000123.tif", None, None),
        ("0000123.tif", None, None),
    ],
)
def test_folders_tell_build_and_stage(file: str, build: str | None, stage: Stage | None) -> None:
    name = load_profile("peregrine").read_name(PurePosixPath(file))

    assert (name and name.stage) is stage
    if name is not None and build is not None:
        assert name.build.startswith(build)
        assert bool(name.build) == bool(build)
        assert name.layer == 123


@pytest.mark.parametrize("name", shipped_profiles())
def test_what_a_shipped_profile_writes_it_can_read(name: str) -> None:
    profile = load_profile(name)

    for stage in profile.written_stages:
        for light in profile.expected_lights:
            read = profile.read_name(PurePosixPath(profile.file_name(17, stage, light)))
            assert read is not None
            assert (read.layer, read.stage, read.light) == (17, stage, light)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("pattern = '('", "no regular expression"),
        ("pattern = 'x.png'", "needs the group"),
        ("pattern = '(?P<layer>1)(?P<lamp>2)'", "needs the group"),
        ("plate = [[0, 0], [2, 0], [0, 1]]", "fractions"),
        ("mm_per_px = 0", "mm_per_px"),
        ("colour = 'red'", "colour"),
        ("lights = ['a']", "light"),
        ("settle_seconds = 'soon'", "settle_seconds"),
        ("pattern = '(?P<layer>1)(?P<height>2)'", "needs the group"),
        ("pattern = '(?P<height>1)'", "come together"),
        ("layer_height_um = 30", "come together"),
        ("folders = '['", "no regular expression"),
        ("folders = '(?P<layer>1)'", "knows the groups"),
        ("folders = '(?P<stage>1)'", "come together"),
    ],
)
def test_each_mistake_in_a_profile_is_named(change: str, complaint: str) -> None:
    key = change.split(" =", maxsplit=1)[0]
    lines = [line for line in ONE_LIGHT.splitlines() if not line.startswith(f"{key} =")]

    with pytest.raises(ProfileError, match=complaint):
        parse_profile("\n".join([*lines, change]), source="mine.toml")


def test_a_profile_comes_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(ONE_LIGHT)

    assert load_profile(str(tmp_path / "mine.toml")).expected_lights == ("",)


def test_an_unknown_profile_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ProfileError, match=r"eos-height, nist-ammt, peregrine, single-light"):
        load_profile("nist")


def test_a_profile_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ProfileError, match=r"nowhere\.toml"):
        load_profile("nowhere.toml")


def test_what_is_normal_goes_with_the_job() -> None:
    normal = "width = 2000\nheight = 1500\nmin_sharpness = 0.3\nmax_saturated = 0.2\nglare = 'allow'\n"

    optics = Optics.of(parse_profile(ONE_LIGHT + normal, source="mine"))

    assert (optics.width, optics.height, optics.min_sharpness, optics.glare) == (2000, 1500, 0.3, "allow")
    assert optics.saturation_of("") == 0.2


def test_each_light_has_its_own_normal() -> None:
    lights = "lights = ['a', 'b']\nmax_saturated = { a = 0.6 }\n"
    named = ONE_LIGHT.replace(r"(?P<layer>\d+)", r"(?P<layer>\d+)(?P<light>[ab])") + lights

    optics = Optics.of(parse_profile(named, source="mine"))

    assert optics.saturation_of("a") == 0.6
    assert optics.saturation_of("b") == MAX_SATURATED


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("width = 2000", "width and height come together"),
        ("max_saturated = { z = 0.2 }", "max_saturated names the lights"),
        ("max_saturated = 1.2", "less than or equal to 1"),
        ("glare = 'perhaps'", "glare"),
    ],
)
def test_a_normal_that_cannot_be_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ProfileError, match=problem):
        parse_profile(f"{ONE_LIGHT}{text}\n", source="mine")
