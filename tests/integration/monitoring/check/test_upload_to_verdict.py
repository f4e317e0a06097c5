"""From an upload to a verdict, through a real queue and a real worker."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from redis import Redis

from layerwatch.layers import LayerSet
from layerwatch.redis_pictures import RedisPictures
from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import STREAM
from tests.integration.monitoring.check.conftest import Files, Shop, pictures, three_lights
from tests.integration.monitoring.conftest import wait_until
from tests.worker_processes import ROOT, with_waiting

pytestmark = pytest.mark.redis
WritePictures = Callable[..., LayerSet]


@pytest.fixture
def defective(write_pictures: WritePictures, tmp_path: Path) -> Files:
    """Three lights with a bright square of 900 px, which the model of the worker rejects."""
    layer_set = write_pictures(tmp_path, layer=2, defect_px=900)
    return [("pictures", (Path(each.path).name, (tmp_path / each.path).read_bytes())) for each in layer_set.captures]


def test_three_lights_come_back_with_a_verdict_and_its_pictures(
    page: httpx.Client, shop: Shop, defective: Files
) -> None:
    answer = page.post("/api/inspect", files=defective, data={"profile": "nist-ammt", "mm_per_px": "0.1"})

    found = answer.json()
    assert answer.status_code == 200, found
    assert answer.headers["location"] == f"/api/inspections/{found['id']}"
    assert (found["state"], found["decision"], found["is_defective"]) == ("done", "reject", True)
    assert found["bbox"][0] == [70, 60, 30, 30]
    assert found["defect_area_mm2"] == pytest.approx(9.0)
    assert found["defect_area_percentage"] == pytest.approx(100 * 900 / (160 * 200))
    assert [image["light"] for image in found["verdict"]["images"]] == ["a", "b", "c"]
    assert found["verdict"]["images"][0]["path"] == "check/B0002a.PNG"
    assert page.get(found["overlay"]).headers["content-type"] == "image/jpeg"
    mask = cv2.imdecode(np.frombuffer(page.get(found["mask"]).content, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert mask is not None
    assert mask.shape == (160, 200)
    wait_until(lambda: RedisPictures(shop.redis).held_bytes() == 0)


def test_one_picture_without_a_light_is_judged_alone(page: httpx.Client, defective: Files) -> None:
    found = page.post("/api/inspect", files=defective[:1], data={"stage": "recoat"}).json()

    assert (found["state"], found["decision"]) == ("done", "reject")
    assert (found["verdict"]["stage"], found["verdict"]["images"][0]["light"]) == ("recoat", "")
    assert found["defect_area_mm2"] is None


def test_the_order_of_the_files_does_not_matter_where_their_names_tell(page: httpx.Client, defective: Files) -> None:
    ids = {page.post("/api/inspect", files=files).json()["id"][-12:] for files in (defective, defective[::-1])}

    assert len(ids) == 1


def test_two_at_once_each_get_their_own_verdict(page: httpx.Client, defective: Files) -> None:
    def check(files: Files) -> str:
        return str(page.post("/api/inspect", files=files).json()["decision"])

    with ThreadPoolExecutor(2) as pool:
        decisions = list(pool.map(check, (defective, defective[:1])))

    assert decisions == ["reject", "reject"]


def test_three_lights_of_4_million_pixels_and_16_bits_are_taken(page: httpx.Client) -> None:
    layers = []
    for seed in range(3):
        pixels = np.random.default_rng(seed).integers(9_000, 12_000, (2000, 2000)).astype(np.uint16)
        layers.append(cv2.imencode(".tif", pixels, [cv2.IMWRITE_TIFF_COMPRESSION, 1])[1].tobytes())

    answer = page.post("/api/inspect", files=pictures(*layers, names="layer{light}.tif"), data={"wait": "60"})

    assert answer.status_code == 200, answer.text
    assert answer.json()["verdict"]["images"][2]["width"] == 2000


def test_a_form_without_script_leads_to_a_page_with_the_result(page: httpx.Client, defective: Files) -> None:
    sent = page.post("/check", files=defective, data={"profile": "", "mm_per_px": "", "wait": "30"})
    assert sent.status_code == 303

    result = page.get(sent.headers["location"])

    assert result.status_code == 200
    assert "Result of the check" in result.text
    assert "<span>reject</span>" in result.text
    assert "/builds/check/" in result.text


def test_the_program_of_the_documentation_prints_what_was_found(
    page: httpx.Client, defective: Files, tmp_path: Path
) -> None:
    text = (ROOT / "docs" / "checking.md").read_text(encoding="utf-8")
    program = text.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "layer").mkdir()
    for _, (name, content) in defective:
        (tmp_path / "layer" / name).write_bytes(content)

    command = [sys.executable, "-c", program.replace("http://127.0.0.1:8000", str(page.base_url))]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert printed.startswith("reject True 1.0 [70, 60, 30, 30]")


def test_what_the_history_does_not_have_is_found_in_redis_and_what_nobody_has_is_unknown(
    page: httpx.Client, shop: Shop, defective: Files, some_verdict: Callable[..., Verdict]
) -> None:
    known = page.post("/api/inspect", files=defective).json()
    unknown = some_verdict(layer=77).id
    later = shop.page(MONITORING_WINDOW="1")
    page.post("/api/inspect", files=three_lights())  # it takes the only place in the window of the later page
    wait_until(lambda: later.get("/api/verdicts").json()["verdicts"][0]["verdict"]["id"] != known["id"])

    assert later.get(f"/api/inspections/{known['id']}").json() == known
    answer = later.get(f"/api/inspections/{unknown}")
    assert (answer.status_code, answer.json()["state"]) == (404, "unknown")
    assert later.get("/api/inspections/nonsense").status_code == 422
    assert later.get(f"/check/{unknown}").status_code == 422


def test_a_worker_that_dies_has_its_job_done_by_another(open_shop: Callable[[], Shop], defective: Files) -> None:
    shop = open_shop()
    page = shop.page()
    held = shop.folder / "held"
    environment = with_waiting({}, shop.folder, function="imdecode", while_exists=held)
    first = shop.worker(WORKER_NAME="first", **environment)
    shop.wait_for_a_worker()
    sent = page.post("/api/inspect", files=defective, data={"wait": "0"})
    address = sent.headers["location"]
    assert sent.status_code == 202
    wait_until(lambda: page.get(address).json()["state"] == "running")

    first.kill()
    first.wait()
    shop.worker(WORKER_NAME="second")

    found = page.get(address, params={"wait": 60}).json()
    assert (found["state"], found["decision"], found["verdict"]["worker"]) == ("done", "reject", "second")
    assert len(_stream(shop.redis)) == 1


def _stream(client: Redis) -> list[object]:
    return list(client.xrange(STREAM))  # type: ignore[arg-type]  # the client is not asynchronous
