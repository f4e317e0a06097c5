"""What is queued and what is refused, on a real Redis whose only worker takes nothing."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from rq import Queue
from rq.job import JobStatus

from layerwatch.job import CANNOT_WRITE, InspectLayer
from layerwatch.redis_pictures import RedisPictures
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Verdict
from tests.integration.monitoring.check.conftest import Files, Shop, pictures, three_lights
from tests.integration.monitoring.conftest import wait_until
from tests.unit.monitoring.check.conftest import bomb, png
from tests.worker_processes import with_waiting

pytestmark = pytest.mark.redis
NOW = {"wait": "0"}


def test_what_is_not_done_in_time_can_be_asked_for_and_waited_for(
    idle_page: httpx.Client, idle_shop: Shop, jobs: Queue, verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    sent = idle_page.post("/api/inspect", files=three_lights(), data=NOW)
    address = sent.headers["location"]
    job = jobs.jobs[0]

    assert (sent.status_code, sent.json()["state"], sent.json()["id"]) == (202, "queued", job.id)
    assert idle_page.get(f"/check/{job.id}").text.count("Look again") == 1
    job.set_status(JobStatus.STARTED)
    assert idle_page.get(address).json()["state"] == "running"
    message = InspectLayer.from_wire(job.args[0])
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: idle_page.get(address, params={"wait": 60}).json())
        RedisResults(idle_shop.redis).publish(verdict_about(message))
        assert waiting.result(timeout=30)["state"] == "done"


def test_what_was_given_up_on_without_a_verdict_says_so(idle_page: httpx.Client, jobs: Queue) -> None:
    sent = idle_page.post("/api/inspect", files=three_lights(), data=NOW)
    job = jobs.jobs[0]
    jobs.failed_job_registry.add(job, exc_string="Traceback\nOSError: gone")

    assert idle_page.get(sent.headers["location"]).json()["state"] == "failed"
    assert "given up on" in idle_page.get(f"/check/{job.id}").text
    jobs.failed_job_registry.remove(job)


def test_a_check_goes_ahead_of_a_backlog_and_not_of_layers_that_are_printed(
    idle_page: httpx.Client, idle_shop: Shop, jobs: Queue, some_message: Callable[..., InspectLayer]
) -> None:
    queue = RedisQueue(idle_shop.redis)
    printed = some_message(layer=1)
    queue.enqueue(printed)
    behind = idle_page.post("/api/inspect", files=three_lights(seed=10), data=NOW).json()["id"]
    backlog = some_message(layer=2).model_copy(update={"live": False})
    queue.enqueue(backlog)
    before = idle_page.post("/api/inspect", files=three_lights(seed=20), data=NOW).json()["id"]

    assert jobs.job_ids == [before, printed.id, behind, backlog.id]


REFUSED: dict[str, tuple[Files, dict[str, str], int, str]] = {
    "text": (pictures(b"layer,area\n", names="{light}.png"), {}, 415, "a.png: it looks like text"),
    "empty": (pictures(png(), b""), {}, 422, "B0002b.PNG is empty"),
    "bomb": (pictures(bomb()), {}, 413, "declares 60000 x 60000 pixels"),
    "unequal": (pictures(png(), png(size=(64, 49))), {}, 422, "differ in size: a (B0002a.PNG) 48 x 64"),
    "depths": (pictures(png(), png(bits=8)), {}, 422, "differ in bits of grey"),
    "twice": (pictures(png(), png()), {}, 422, "are the same picture"),
    "one light twice": (pictures(png(), png(seed=1)), {"lights": "a,a"}, 422, "both taken for light a"),
    "17 files": (pictures(*[png()] * 17), {}, 400, "Send 1 to 16 pictures"),
    "no file": ([("other", ("x.png", png()))], {}, 422, "choose 1 to 16 files"),
    "unknown profile": (three_lights(), {"profile": "x\0"}, 422, "profile: expected one of none"),
    "no stage": (three_lights(), {"stage": "noon"}, 422, "stage: Input should be"),
    "no scale": (three_lights(), {"mm_per_px": "inf"}, 422, "mm_per_px: Input should be"),
    "long wait": (three_lights(), {"wait": "1e300"}, 422, "wait: Input should be less"),
    "long field": (three_lights(), {"profile": "x" * 10_000}, 400, "Part exceeded maximum size"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_nothing_is_queued_of_what_is_refused_and_the_words_say_why(
    idle_page: httpx.Client, idle_shop: Shop, jobs: Queue, case: str
) -> None:
    files, data, status, words = REFUSED[case]

    api = idle_page.post("/api/inspect", files=files, data=data)
    form = idle_page.post("/check", files=files, data=data)

    assert (api.status_code, form.status_code) == (status, status), api.text
    assert words in api.json()["detail"]
    assert 'aria-invalid="true"' in form.text
    assert len(jobs) == 0
    assert RedisPictures(idle_shop.redis).held_bytes() == 0


@pytest.mark.usefixtures("jobs")
def test_what_is_no_form_is_refused(idle_page: httpx.Client) -> None:
    assert idle_page.post("/api/inspect", json={}).status_code == 415
    broken = idle_page.post("/api/inspect", content=b"--x", headers={"Content-Type": "multipart/form-data"})
    assert (broken.status_code, "boundary" in broken.json()["detail"]) == (400, True)


def test_more_bytes_than_may_be_sent_are_refused_with_the_limit(idle_shop: Shop, jobs: Queue) -> None:
    page = idle_shop.page(MONITORING_MAX_UPLOAD_MB="1")

    answer = page.post("/api/inspect", files=pictures(*(png(size=(400, 800), seed=seed) for seed in range(3))))

    assert answer.status_code == 413
    assert "MONITORING_MAX_UPLOAD_MB" in answer.json()["detail"]
    assert len(jobs) == 0


def test_without_room_for_pictures_nothing_is_queued(idle_page: httpx.Client, idle_shop: Shop, jobs: Queue) -> None:
    store = RedisPictures(idle_shop.redis)
    store.reserve("others", {"0" * 64: 1 << 20}, live=True)
    try:
        answer = idle_page.post("/api/inspect", files=three_lights(), data=NOW)
    finally:
        store.discard("others")

    assert answer.status_code == 503
    assert "wait in Redis" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "10"
    assert len(jobs) == 0


def test_without_a_worker_nothing_is_queued_and_the_page_says_so_before(open_shop: Callable[[], Shop]) -> None:
    page = open_shop().page()

    answer = page.post("/api/inspect", files=three_lights())

    assert answer.status_code == 503
    assert "python -m worker run" in answer.json()["detail"]
    assert "no worker runs" in page.get("/check").text


def test_while_no_worker_can_write_what_it_finds_nothing_is_queued(
    idle_page: httpx.Client, idle_shop: Shop, jobs: Queue
) -> None:
    (worker,) = idle_shop.redis.smembers("rq:workers:inspect")
    idle_shop.redis.hset(worker, CANNOT_WRITE, "cannot write to /srv: No space left on device; make room there")

    answer = idle_page.post("/api/inspect", files=three_lights(), data=NOW)

    told = "send the pictures again later: cannot write to /srv: No space left on device; make room there"
    assert answer.status_code == 503
    assert told in answer.json()["detail"]
    assert told in idle_page.get("/check").text
    assert len(jobs) == 0


def test_the_page_answers_while_pictures_are_unpacked(idle_shop: Shop, jobs: Queue, tmp_path: Path) -> None:
    held = tmp_path / "held"
    page = idle_shop.page(**with_waiting({}, tmp_path, function="imdecode", while_exists=held))

    with ThreadPoolExecutor(2) as pool:
        uploads = [pool.submit(page.post, "/api/inspect", files=three_lights(seed=30), data=NOW) for _ in range(2)]
        time.sleep(0.3)  # both have come by then, or come while the others are answered
        answers = [page.get(path).status_code for path in ("/health", "/check", "/api/verdicts")]
        assert not any(upload.done() for upload in uploads)
        held.unlink()

    assert answers == [200, 200, 200]
    assert [upload.result().status_code for upload in uploads] == [202, 202]
    wait_until(lambda: len(jobs) == 2)
