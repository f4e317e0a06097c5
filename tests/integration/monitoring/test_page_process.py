"""The page's API as a process on a real Redis."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from prometheus_client import Gauge
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from ingest import metrics as ingest_metrics
from layerwatch.job import InspectLayer
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Decision, Verdict
from layerwatch.verdict_stream import STREAM
from worker import metrics as worker_metrics
from worker.pool.members import Pool
from worker.pool.metrics import pool_registry
from worker.pool.places import Place

pytestmark = pytest.mark.redis
ROOT = Path(__file__).resolve().parents[3]

VerdictMaker = Callable[..., Verdict]
Eventually = Callable[[Callable[[], object]], None]


class Server(Protocol):
    url: str

    def start(self) -> None: ...

    def stop(self) -> None: ...


def url_of(client: Redis) -> str:
    return "redis://127.0.0.1:{port}/0".format(**client.connection_pool.connection_kwargs)


def publish(client: Redis, some_verdict: VerdictMaker, layers: range) -> None:
    results = RedisResults(client)
    for layer in layers:
        assert results.publish(some_verdict(layer=layer))


def stream_of(client: Redis) -> list[tuple[str, bytes]]:
    entries: Any = client.xrange(STREAM)
    return [(name.decode(), fields[b"verdict"]) for name, fields in entries]


def events(response: httpx.Response) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in response.iter_lines():
        if not line and event:
            yield event
            event = {}
        elif line:
            name, _, value = line.partition(": ")
            event[name] = value


def verdict_events(address: str, count: int, *, after: str = "0", last: str = "") -> list[tuple[str, bytes]]:
    """The first `count` verdicts of an event stream as (stream id, body)."""
    found: list[tuple[str, bytes]] = []
    headers = {"Last-Event-ID": last} if last else {}
    with httpx.stream("GET", f"{address}/api/events?after={after}", headers=headers, timeout=10) as response:
        for event in events(response):
            if event.get("event") == "verdict":
                found.append((event["id"], event["data"].encode()))
            if len(found) == count:
                return found
    raise AssertionError(f"the stream ended after {found}")


def metrics(address: str) -> dict[tuple[str, str], float]:
    text = httpx.get(f"{address}/metrics", timeout=10).text
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_an_event_stream_goes_on_where_its_reader_was(
    redis_db: Redis, redis_url: str, some_verdict: VerdictMaker, start: Callable[..., Any]
) -> None:
    publish(redis_db, some_verdict, range(1, 6))
    address = start("serve", "--port", "0", url=redis_url).address()

    first = verdict_events(address, 3)
    publish(redis_db, some_verdict, range(6, 8))
    rest = verdict_events(address, 4, after="0", last=first[-1][0])

    assert first + rest == stream_of(redis_db)


def test_a_new_reader_gets_only_what_is_new_and_at_once(
    any_redis: Redis, some_verdict: VerdictMaker, start: Callable[..., Any]
) -> None:
    publish(any_redis, some_verdict, range(1, 4))
    address = start("serve", "--port", "0", url=url_of(any_redis)).address()

    with httpx.stream("GET", f"{address}/api/events", timeout=10) as response:
        stream = events(response)
        assert next(event for event in stream if event.get("event") == "status")
        published = time.monotonic()
        publish(any_redis, some_verdict, range(4, 5))
        verdict = next(event for event in stream if event.get("event") == "verdict")
        took = time.monotonic() - published

    assert json.loads(verdict["data"])["layer"] == 4
    assert took < 1.0


def test_a_reader_that_was_away_too_long_is_told_so(
    any_redis: Redis, some_verdict: VerdictMaker, start: Callable[..., Any]
) -> None:
    publish(any_redis, some_verdict, range(1, 9))
    ids = [name for name, _ in stream_of(any_redis)]
    address = start("serve", "--port", "0", url=url_of(any_redis), MONITORING_WINDOW="3").address()

    with httpx.stream("GET", f"{address}/api/events?after={ids[0]}", timeout=10) as response:
        stream = (event for event in events(response) if event.get("event") in {"missed", "verdict"})
        missed, *held = [next(stream) for _ in range(4)]
    answer = httpx.get(f"{address}/api/verdicts?after={ids[0]}").json()

    assert missed["event"] == "missed"
    assert [event["id"] for event in held] == ids[5:]
    assert answer["missed"] is True
    assert [item["cursor"] for item in answer["verdicts"]] == ids[5:]


def test_verdicts_are_read_in_pages_with_their_exact_bodies(
    any_redis: Redis, some_verdict: VerdictMaker, start: Callable[..., Any]
) -> None:
    publish(any_redis, some_verdict, range(1, 8))
    address = start("serve", "--port", "0", url=url_of(any_redis)).address()

    read: list[str] = []
    cursor = "0"
    while (answer := httpx.get(f"{address}/api/verdicts?after={cursor}&limit=3")).json()["verdicts"]:
        read += re.findall(r'"verdict":(\{.*?"worker":"w1"\})\}', answer.text)
        cursor = answer.json()["next"]

    assert [body.encode() for body in read] == [body for _, body in stream_of(any_redis)]
    newest = httpx.get(f"{address}/api/verdicts?limit=2").json()
    assert [item["verdict"]["layer"] for item in newest["verdicts"]] == [6, 7]


def test_metrics_say_what_redis_holds_and_count_what_passes(
    any_redis: Redis,
    some_verdict: VerdictMaker,
    some_message: Callable[..., InspectLayer],
    start: Callable[..., Any],
    eventually: Eventually,
) -> None:
    publish(any_redis, some_verdict, range(1, 4))
    RedisQueue(any_redis).enqueue(some_message(layer=9))
    address = start("serve", "--port", "0", url=url_of(any_redis)).address()
    before = metrics(address)
    RedisResults(any_redis).publish(some_verdict(layer=4, decision=Decision.REJECT, areas_px=(900,)))
    eventually(lambda: metrics(address)["layerwatch_decisions_total", "reject,melt"] == 1)
    after = metrics(address)

    assert before["layerwatch_redis_up", ""] == 1
    assert before["layerwatch_queue_jobs", "queued"] == 1
    assert before["layerwatch_queue_jobs", "failed"] == 0
    assert before["layerwatch_verdict_stream_length", ""] == 3
    assert 0 <= before["layerwatch_last_verdict_age_seconds", ""] < 60
    assert after["layerwatch_verdict_stream_length", ""] == 4
    assert after["layerwatch_file_to_verdict_seconds_count", "melt"] == 1
    assert sum(value for (name, _), value in before.items() if name == "layerwatch_decisions_total") == 0


def test_every_metric_that_an_alert_names_is_there_and_well_named(
    any_redis: Redis, some_verdict: VerdictMaker, start: Callable[..., Any]
) -> None:
    publish(any_redis, some_verdict, range(1, 2))
    address = start("serve", "--port", "0", url=url_of(any_redis)).address()
    exposed = {name for name, _ in metrics(address)}

    rules = (ROOT / "monitoring" / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    by_others = {
        metric.name
        for gauge in (*vars(ingest_metrics).values(), *vars(worker_metrics).values())
        if isinstance(gauge, Gauge)
        for metric in gauge.collect()
    }
    pool = Pool([Place(name="hall-1", threads=1)], start=lambda _: pytest.fail("no worker is started"))
    by_pools = {sample.name for metric in pool_registry(pool, {}).collect() for sample in metric.samples}
    assert set(re.findall(r"\blayerwatch_\w+", rules)) <= exposed | by_others | by_pools
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    text = httpx.get(f"{address}/metrics").content
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    problems = [line for line in checked.stderr.decode().splitlines() if line.startswith("layerwatch_")]
    assert problems == []


def test_the_page_outlives_redis_and_goes_on_with_what_came_meanwhile(
    own_redis_server: Server, some_verdict: VerdictMaker, start: Callable[..., Any], eventually: Eventually
) -> None:
    client = Redis.from_url(own_redis_server.url)
    publish(client, some_verdict, range(1, 3))
    address = start("serve", "--port", "0", url=own_redis_server.url).address()
    eventually(lambda: httpx.get(f"{address}/health").status_code == 200)

    own_redis_server.stop()
    eventually(lambda: httpx.get(f"{address}/health").status_code == 503)
    page = httpx.get(f"{address}/")
    down = metrics(address)
    own_redis_server.start()
    publish(client, some_verdict, range(3, 5))
    eventually(lambda: httpx.get(f"{address}/health").status_code == 200)

    assert page.status_code == 200
    assert 'data-link="away"' in page.text
    assert down["layerwatch_redis_up", ""] == 0
    assert verdict_events(address, 4) == stream_of(client)


def test_open_event_streams_do_not_hold_up_the_end(any_redis: Redis, start: Callable[..., Any]) -> None:
    serve = start("serve", "--port", "0", url=url_of(any_redis))
    with httpx.stream("GET", f"{serve.address()}/api/events", timeout=10) as response:
        assert next(events(response))
        began = time.monotonic()
        status = serve.stop()
        took = time.monotonic() - began

    assert status == 0
    assert took < 2.5
    assert "Traceback" not in serve.said()


def test_a_port_that_is_taken_is_misuse_in_one_line(any_redis: Redis, start: Callable[..., Any]) -> None:
    taken = start("serve", "--port", "0", url=url_of(any_redis)).address().rpartition(":")[2]

    second = start("serve", "--port", taken, url=url_of(any_redis))

    assert second.popen.wait(timeout=10) == 2
    assert "choose another --port" in second.said()
    assert len(second.said().splitlines()) == 1


def test_a_damaged_entry_costs_no_other_one(
    any_redis: Redis, some_verdict: VerdictMaker, start: Callable[..., Any], eventually: Eventually
) -> None:
    publish(any_redis, some_verdict, range(1, 2))
    any_redis.xadd(STREAM, {"verdict": "{not json"})
    any_redis.xadd(STREAM, {"something": "else"})
    publish(any_redis, some_verdict, range(2, 3))

    address = start("serve", "--port", "0", url=url_of(any_redis)).address()

    eventually(lambda: len(httpx.get(f"{address}/api/verdicts?after=0").json()["verdicts"]) == 2)
    assert httpx.get(f"{address}/").status_code == 200


def test_a_page_says_that_verdicts_were_missed_and_goes_on_when_redis_is_emptied(
    any_redis: Redis, some_verdict: VerdictMaker, start: Callable[..., Any], eventually: Eventually
) -> None:
    publish(any_redis, some_verdict, range(1, 4))
    serve = start("serve", "--port", "0", url=url_of(any_redis))
    address = serve.address()
    eventually(lambda: httpx.get(f"{address}/health").status_code == 200)
    old = stream_of(any_redis)[-1][0]

    any_redis.flushall()
    eventually(lambda: "verdicts_missed" in serve.said())
    publish(any_redis, some_verdict, range(4, 6))

    assert verdict_events(address, 2) == stream_of(any_redis)
    assert httpx.get(f"{address}/api/verdicts?after={old}").json()["verdicts"]
    assert httpx.get(f"{address}/health").status_code == 200
