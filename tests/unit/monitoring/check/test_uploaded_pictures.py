"""What is taken, and what is refused with which words, before anything is queued."""

import hashlib
from collections.abc import Callable

import pytest

from layerwatch.job import InspectLayer
from layerwatch.layers import Shape, Stage
from layerwatch.profile import load_profile
from monitoring.web.check.kinds import kinds_of
from monitoring.web.check.message import message_about
from monitoring.web.check.pictures import Sent, looks_like, read_set
from monitoring.web.check.refusal import UploadRefusedError
from monitoring.web.check.upload import safe_name
from tests.conftest import MOMENT
from tests.unit.monitoring.check.conftest import bomb, png

MakeSent = Callable[..., Sent]


def test_pictures_that_belong_together_are_taken_as_they_are(sent: MakeSent) -> None:
    contents = [png(seed=1), png(seed=2)]

    pictures = read_set([sent(contents[0], light="a"), sent(contents[1], light="b")], bits=None)

    assert [picture.shape for picture in pictures] == [Shape(48, 64, 16)] * 2
    assert [picture.sha256 for picture in pictures] == [hashlib.sha256(content).hexdigest() for content in contents]
    assert [picture.sent.content() for picture in pictures] == contents


@pytest.mark.parametrize(
    ("content", "status", "complaint"),
    [
        (b"", 422, "x.png is empty"),
        (b"layer;area\n1;2\n", 415, "x.png: it looks like text; PNG, TIFF, JPEG and BMP are read"),
        (b"<!doctype html><html></html>", 415, "looks like a web page"),
        (b"%PDF-1.7 \x00", 415, "looks like a PDF"),
        (b"\x00\x01\x02", 415, "it is not a PNG, TIFF, JPEG or BMP picture"),
        (png()[:-20], 415, "cut off"),
        (bomb(), 413, "declares 60000 x 60000 pixels, 6866 MiB when unpacked; at most 100 million pixels and 256 MiB"),
        (bomb(200), 422, "damaged"),
    ],
)
def test_what_is_no_whole_picture_is_refused(sent: MakeSent, content: bytes, status: int, complaint: str) -> None:
    with pytest.raises(UploadRefusedError) as raised:
        read_set([sent(content)], bits=None)
    assert raised.value.status == status
    assert complaint in str(raised.value)


def test_lights_of_unequal_size_are_named_with_their_files(sent: MakeSent) -> None:
    pair = [sent(png(), name="l.png", light="a"), sent(png(size=(64, 50)), name="r.png", light="b")]

    with pytest.raises(UploadRefusedError, match=r"differ in size: a \(l.png\) 48 x 64, b \(r.png\) 50 x 64"):
        read_set(pair, bits=None)


def test_lights_of_unequal_depth_are_named(sent: MakeSent) -> None:
    with pytest.raises(UploadRefusedError, match=r"differ in bits of grey: a \(x.png\) 16, b \(x.png\) 8"):
        read_set([sent(png(), light="a"), sent(png(bits=8), light="b")], bits=None)


def test_the_same_picture_for_two_lights_is_refused(sent: MakeSent) -> None:
    with pytest.raises(UploadRefusedError, match="are the same picture"):
        read_set([sent(png(), light="a"), sent(png(), light="b")], bits=None)


def test_a_picture_with_more_than_the_bits_of_the_camera_is_refused(sent: MakeSent) -> None:
    with pytest.raises(UploadRefusedError, match="more than 12 bits hold"):
        read_set([sent(png())], bits=12)


def test_nothing_is_said_of_bytes_that_look_like_nothing() -> None:
    assert looks_like(b"\x00\xff\x00") == ""
    assert looks_like(b"BM is also how a bitmap begins") == ""


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("B0002a.PNG", "B0002a.PNG"),
        ("C:\\pictures\\Schicht 2 (ä).png", "Schicht 2 (ä).png"),
        ("../../etc/passwd", "passwd"),
        ("..", "picture"),
        ("", "picture"),
        ("a\0b\n<c>.png", "a-b--c-.png"),
        ("x" * 300 + ".png", "x" * 96 + ".png"),
    ],
)
def test_file_names_become_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_check_is_a_build_of_its_own_whose_pictures_travel_by_value(sent: MakeSent) -> None:
    pictures = read_set([sent(png(seed=1), light="a"), sent(png(seed=2), name="y.png", light="b")], bits=None)

    message = message_about(
        pictures, profile=load_profile("nist-ammt"), stage=Stage.RECOAT, now=MOMENT, suffix="0a1b2c"
    )

    assert InspectLayer.from_wire(message.to_wire()) == message
    assert message.id.startswith(f"check_{MOMENT:%Y%m%d-%H%M%S}-0a1b2c_000001_recoat-")
    assert [(capture.path, capture.sent) for capture in message.captures] == [
        ("check/x.png", "bytes"), ("check/y.png", "bytes"),
    ]  # fmt: skip
    assert (message.expected_lights, message.live, message.revision) == (("a", "b"), True, 1)


def test_the_kinds_of_printers_are_none_and_the_shipped_ones() -> None:
    kinds = kinds_of("none")

    assert set(kinds.profiles) == {"none", "nist-ammt", "single-light", "eos-height", "peregrine"}
    assert kinds.profile("").mm_per_px is None
    with pytest.raises(UploadRefusedError, match="expected one of none, eos-height"):
        kinds.profile("/etc/passwd")


def test_a_profile_of_ones_own_is_the_default(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("profile") / "mine.toml"
    file.write_text(
        'name = "mine"\npattern = \'(?P<layer>\\d+)\\.png\'\ntemplate = "{layer}.png"\n'
        'default_stage = "melt"\nmm_per_px = 0.1\n'
    )

    kinds = kinds_of(str(file))

    assert kinds.default == "mine"
    assert kinds.profile("").mm_per_px == 0.1
