"""Pictures of a layer over HTTP: from the printer's folder, else from Redis, else in words why not."""

import hashlib
from collections.abc import Callable

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.layers import LayerSet
from layerwatch.redis_pictures import RedisPictures
from layerwatch.verdict import ImageFacts, Verdict
from tests.integration.monitoring.web.conftest import Plant

pytestmark = pytest.mark.redis

VerdictMaker = Callable[..., Verdict]
PictureWriter = Callable[..., LayerSet]


@pytest.fixture
def pictured(
    plant: Plant, build: str, some_verdict: VerdictMaker, write_pictures: PictureWriter
) -> Callable[..., Verdict]:
    """A maker of verdicts about pictures that lie in the folder, in the history: `pictured(layer=3, lights="ab")`."""

    def make(*, layer: int, build: str = build, size: tuple[int, int] = (160, 200), **details: object) -> Verdict:
        written = write_pictures(plant.sources, layer=layer, build=build, size=size, **details)
        images = tuple(
            ImageFacts(light=each.light, path=each.path, sha256=each.sha256, width=size[1], height=size[0], bits=16)
            for each in written.captures
        )
        verdict = some_verdict(layer=layer, build=build).model_copy(update={"images": images})
        plant.record(verdict)
        return verdict

    return make


def pixels_of(answer: httpx.Response) -> NDArray[np.uint8]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    return np.asarray(cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)


def picture(page: httpx.Client, verdict: Verdict, light: str = "a", **parameters: str | int) -> httpx.Response:
    return page.get(f"/api/inspections/{verdict.id}/picture", params={"light": light, **parameters})


def difference(page: httpx.Client, verdict: Verdict, light: str = "a", **parameters: str | int) -> httpx.Response:
    return page.get(f"/api/inspections/{verdict.id}/difference", params={"light": light, **parameters})


def test_a_picture_is_shown_stretched_and_may_be_kept_for_ever(
    page: httpx.Client, pictured: Callable[..., Verdict]
) -> None:
    verdict = pictured(layer=3, defect_px=900)

    answer = picture(page, verdict)

    pixels = pixels_of(answer)
    assert pixels.shape == (160, 200)
    assert pixels[65:85, 75:95].mean() > 200
    assert pixels[:50].std() > 1
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert "content-encoding" not in answer.headers


def test_a_picture_is_made_smaller_where_less_is_asked_for(
    page: httpx.Client, pictured: Callable[..., Verdict]
) -> None:
    verdict = pictured(layer=3, size=(600, 800))

    assert pixels_of(picture(page, verdict)).shape == (600, 800)
    assert pixels_of(picture(page, verdict, max=400)).shape == (300, 400)
    assert picture(page, verdict, max=100).status_code == 422


def test_a_difference_is_grey_where_nothing_changed_and_coloured_where_something_did(
    page: httpx.Client, pictured: Callable[..., Verdict]
) -> None:
    lower, upper = pictured(layer=3), pictured(layer=4, defect_px=900)
    again = pictured(layer=5)

    appeared, vanished = difference(page, upper), difference(page, again)

    blue, green, red = pixels_of(appeared)[65:85, 75:95].reshape(-1, 3).mean(axis=0)
    assert red > green > blue + 50
    blue, green, red = pixels_of(vanished)[65:85, 75:95].reshape(-1, 3).mean(axis=0)
    assert blue > green > red + 20
    assert np.ptp(pixels_of(appeared)[100:].mean(axis=(0, 1))) < 12
    assert appeared.headers["x-compared-with"] == lower.id
    assert appeared.headers["cache-control"] == "no-cache"


def test_a_layer_links_to_its_pictures_and_to_differences_that_never_change(
    page: httpx.Client, build: str, pictured: Callable[..., Verdict]
) -> None:
    pictured(layer=2)
    pictured(layer=3, lights="ab")
    verdict = pictured(layer=4)

    layer = page.get(f"/api/layers/{verdict.key}").json()

    assert [link["light"] for link in layer["pictures"]] == ["a", "b", "c"]
    assert [link["compared_with"] for link in layer["pictures"]] == [
        f"m290_{build}_000003_melt",
        f"m290_{build}_000003_melt",
        f"m290_{build}_000002_melt",
    ]
    for link in layer["pictures"]:
        assert pixels_of(page.get(link["url"])).shape == (160, 200)
        changed = page.get(link["difference_url"])
        assert pixels_of(changed).shape == (160, 200, 3)
        assert "immutable" in changed.headers["cache-control"]
    first = page.get(f"/api/layers/m290_{build}_000002_melt").json()
    assert first["pictures"][0]["difference_url"] is None


def test_a_picture_that_changed_or_went_is_not_shown_and_it_is_said_which(
    page: httpx.Client, plant: Plant, pictured: Callable[..., Verdict]
) -> None:
    changed, gone = pictured(layer=3), pictured(layer=4)
    (plant.sources / changed.images[0].path).write_bytes(b"another one")
    (plant.sources / gone.images[0].path).unlink()

    answers = [picture(page, changed), picture(page, gone)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["detail"].startswith("B0003a.PNG changed since it was inspected")
    assert answers[1].json()["detail"] == "B0004a.PNG is not in SOURCES_DIR any more"


def test_a_share_that_is_away_is_said_to_be_tried_again(
    page: httpx.Client, plant: Plant, pictured: Callable[..., Verdict]
) -> None:
    verdict = pictured(layer=3)
    mounted, away = plant.sources, plant.sources.with_name("unmounted")
    mounted.rename(away)
    mounted.mkdir()

    answer = picture(page, verdict)

    mounted.rmdir()
    away.rename(mounted)
    assert answer.status_code == 503
    assert "is it mounted?" in answer.json()["detail"]
    assert answer.headers["retry-after"]


def test_a_picture_that_only_redis_holds_is_shown(
    page: httpx.Client, plant: Plant, pictured: Callable[..., Verdict]
) -> None:
    verdict = pictured(layer=3)
    file = plant.sources / verdict.images[0].path
    store = RedisPictures(plant.redis)
    store.put(verdict.images[0].sha256, file.read_bytes())
    store.put(verdict.images[1].sha256, b"not what was inspected")
    for image in verdict.images:
        (plant.sources / image.path).unlink()

    assert pixels_of(picture(page, verdict)).shape == (160, 200)
    assert picture(page, verdict, "b").status_code == 404


def test_nothing_outside_the_printers_folder_is_read(page: httpx.Client, plant: Plant, of_build: VerdictMaker) -> None:
    secret = plant.folder / "secret.png"
    secret.write_bytes(cv2.imencode(".png", np.full((50, 50), 9, np.uint8))[1].tobytes())
    (plant.sources / "link.png").symlink_to(secret)
    (plant.sources / "circle.png").symlink_to(plant.sources / "circle.png")
    sha256 = hashlib.sha256(secret.read_bytes()).hexdigest()
    paths = (str(secret), "../secret.png", "job/../../secret.png", "link.png", "circle.png", "a\0b.png", ".")
    for layer, path in enumerate(paths):
        image = ImageFacts(light="a", path=path, sha256=sha256, width=50, height=50, bits=8)
        verdict = of_build(layer=layer).model_copy(update={"images": (image,)})
        plant.record(verdict)

        answer = picture(page, verdict)

        assert answer.status_code == 404, path
        assert "does not lie in SOURCES_DIR" in answer.json()["detail"]


def test_what_is_no_picture_or_too_large_a_one_is_refused_before_it_is_decoded(
    page: httpx.Client, plant: Plant, of_build: VerdictMaker
) -> None:
    bomb = cv2.imencode(".png", np.zeros((8000, 8000), np.uint8))[1].tobytes()
    for layer, (content, words) in enumerate(((b"%PDF-1.7", "cannot be shown"), (bomb, "the picture is too large"))):
        (plant.sources / f"{layer}.png").write_bytes(content)
        image = ImageFacts(light="", path=f"{layer}.png", sha256=hashlib.sha256(content).hexdigest())
        verdict = of_build(layer=layer).model_copy(update={"images": (image,)})
        plant.record(verdict)

        answer = picture(page, verdict, "")

        assert answer.status_code == 404
        assert words in answer.json()["detail"]


def test_a_difference_that_cannot_be_is_said_to_be_so(page: httpx.Client, pictured: Callable[..., Verdict]) -> None:
    first, larger = pictured(layer=3), pictured(layer=4, size=(320, 400))
    other = pictured(layer=3, build=f"{first.build}-b")

    none_below, sizes, builds = difference(page, first), difference(page, larger), difference(page, first, to=other.id)

    assert none_below.status_code == sizes.status_code == builds.status_code == 404
    assert f"no layer below {first.key}" in none_below.json()["detail"]
    assert "400 x 320 pixels in 16 bits cannot be compared with" in sizes.json()["detail"]
    assert "not of the same build and stage" in builds.json()["detail"]


def test_ids_and_lights_that_nobody_knows_are_not_found(page: httpx.Client, pictured: Callable[..., Verdict]) -> None:
    verdict = pictured(layer=3, lights="ab")
    unknown = "m290_job42_000009_melt-000000000000"

    assert picture(page, verdict, "z").json()["detail"].endswith("its lights: a, b")
    assert page.get(f"/api/inspections/{unknown}/picture?light=a").status_code == 404
    assert difference(page, verdict, to=unknown).status_code == 404
    for hostile in ("..%2f..%2fetc%2fpasswd", "%00", "a" * 300, "m290_job42_000001_melt-zzzzzzzzzzzz", "%ff"):
        assert page.get(f"/api/inspections/{hostile}/picture?light=a").status_code in {404, 422}, hostile
    for light in ("%00", "..", "a" * 17, "%F0%9F%94%A5"):
        assert page.get(f"/api/inspections/{verdict.id}/picture?light={light}").status_code == 422, light
