"""What programs are told of the running builds and of the plant, on a real Redis."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis

from layerwatch.events import Event, EventKind
from layerwatch.job import CANNOT_WRITE, InspectLayer
from layerwatch.redis_events import EVENT_STREAM, RedisEvents
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Decision, Verdict
from monitoring.history.database import reach_history
from monitoring.history.migrate import migrate
from monitoring.history.notes import Acknowledgement, Notes
from monitoring.history.store import HistoryStore
from tests.conftest import RedisServer
from tests.integration.monitoring.plant_parts import an_event, living_worker, report_source
from tests.integration.monitoring.test_page_process import events, stream_of, url_of

pytestmark = pytest.mark.redis

VerdictMaker = Callable[..., Verdict]
Eventually = Callable[[Callable[[], object]], None]


@pytest.fixture
def history(tmp_path: Path) -> str:
    """The address of a history that holds nothing."""
    url = f"sqlite:///{tmp_path / 'history.sqlite3'}"
    with reach_history(url) as engine:
        migrate(engine)
    return url


@pytest.fixture
def address(any_redis: Redis, history: str, start: Callable[..., Any]) -> str:
    """Where a page answers."""
    address: str = start("serve", "--port", "0", url=url_of(any_redis), MONITORING_DATABASE_URL=history).address()
    return address


def status(address: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{address}/api/status", timeout=10).raise_for_status().json()
    return answer


def troubles(address: str) -> set[str]:
    return {trouble["key"] for trouble in status(address)["troubles"]}


def printers(address: str) -> dict[str, dict[str, Any]]:
    found = httpx.get(f"{address}/api/printers", timeout=10).raise_for_status().json()["printers"]
    return {one["printer"]: one for one in found}


def test_troubles_come_and_go_with_what_runs(
    any_redis: Redis,
    address: str,
    some_message: Callable[..., InspectLayer],
    give_up: Callable[[Redis, InspectLayer], None],
    eventually: Eventually,
) -> None:
    eventually(lambda: troubles(address) == {"workers", "ingest"})

    with living_worker(any_redis) as worker:
        report_source(any_redis)
        any_redis.hset(worker, CANNOT_WRITE, "cannot write to /srv/artifacts: No space left on device; make room there")
        eventually(lambda: troubles(address) == {"artifacts"})
        assert status(address)["headline"] == "No verdict can be written: no layer is judged."
        any_redis.hset(worker, CANNOT_WRITE, "")
        eventually(lambda: status(address)["well"])
        assert status(address)["headline"] == "1 printer, all layers judged, nothing is down"
        report_source(any_redis, is_up=False)
        report_source(any_redis, "eos", updated=datetime.now(UTC) - timedelta(hours=4))
        eventually(lambda: troubles(address) == {"folder-m290", "ingest-eos"})
        assert status(address)["workers"] == {"idle": 1, "busy": 0, "silent": 0}

    eventually(lambda: troubles(address) == {"workers", "folder-m290", "ingest-eos"})
    assert not status(address)["well"]
    give_up(any_redis, some_message(layer=7))
    eventually(lambda: "given-up" in troubles(address))
    assert status(address)["queue"] == {"queued": 0, "started": 0, "given_up": 1}


def test_a_printer_without_verdicts_waits_and_then_says_how_its_build_is(
    any_redis: Redis, address: str, some_verdict: VerdictMaker, eventually: Eventually
) -> None:
    report_source(any_redis)
    eventually(lambda: "m290" in printers(address))
    waiting = printers(address)["m290"]

    for layer in (1, 2, 3):
        about = {"decision": Decision.REJECT, "areas_px": (900,)} if layer == 2 else {}
        RedisResults(any_redis).publish(some_verdict(layer=layer, **about))
    RedisResults(any_redis).publish(some_verdict(printer="check", build="20261126-120000-abcdef"))
    eventually(lambda: printers(address)["m290"]["last"] and printers(address)["m290"]["last"]["layer"] == 3)

    assert (waiting["build"], waiting["last"], waiting["source"]["is_up"]) == (None, None, True)
    assert set(printers(address)) == {"m290"}
    found = printers(address)["m290"]
    assert found["counts"] == {"pass": 2, "reject": 1}
    assert (found["condition"]["word"], found["condition"]["since"]) == ("reject", 2)
    assert found["condition"]["url"] == "/builds/m290/job42?layer=2&stage=melt"


def test_a_history_that_writes_nothing_is_behind_and_one_that_is_gone_is_missing(
    any_redis: Redis, address: str, history: str, some_verdict: VerdictMaker, eventually: Eventually
) -> None:
    an_hour_ago = int((datetime.now(UTC) - timedelta(hours=1)).timestamp() * 1000)
    any_redis.xadd("layerwatch:verdicts", {"verdict": some_verdict().to_json()}, id=f"{an_hour_ago}-0")

    eventually(lambda: "history" in troubles(address))
    behind = next(one for one in status(address)["troubles"] if one["key"] == "history")
    with reach_history(history) as engine:
        HistoryStore(engine).advance([], behind="0", cursor=f"{an_hour_ago}-0", entries=1)
    eventually(lambda: "history" not in troubles(address))
    Path(history.removeprefix("sqlite:///")).unlink()

    eventually(lambda: "history" in troubles(address))
    assert "60 minutes behind" in behind["sentence"]
    missing = next(one for one in status(address)["troubles"] if one["key"] == "history")
    assert "`python -m monitoring record`" in missing["what_now"]


def test_an_acknowledged_event_is_no_longer_open(
    any_redis: Redis, address: str, history: str, some_verdict: VerdictMaker, eventually: Eventually
) -> None:
    verdict = some_verdict(layer=9)
    RedisResults(any_redis).publish(verdict)
    event = an_event(verdict, since=5)
    RedisEvents(any_redis).publish(event)
    eventually(lambda: printers(address).get("m290", {}).get("events"))
    before = printers(address)["m290"]
    said = Acknowledgement(
        subject=event.id, printer="m290", build="job42", author="Ana", note="a scratch", created=datetime.now(UTC)
    )

    with reach_history(history) as engine:
        Notes(engine).acknowledge(said)

    eventually(lambda: not printers(address)["m290"]["events"][0]["open"])
    after = printers(address)["m290"]
    assert (before["condition"]["word"], after["condition"]["word"]) == ("at risk", "pass")
    assert Event.model_validate(before["events"][0]["event"]) == event
    assert after["events"][0]["acknowledged"]["author"] == "Ana"


def stream(response: httpx.Response, kind: str) -> Iterator[dict[str, str]]:
    return (event for event in events(response) if event.get("event") == kind)


def test_events_over_layers_come_to_the_letter_and_do_not_move_a_reader_s_place_among_the_verdicts(
    any_redis: Redis, address: str, some_verdict: VerdictMaker
) -> None:
    for layer in (1, 2, 3):
        RedisResults(any_redis).publish(some_verdict(layer=layer))
    ids = [name for name, _ in stream_of(any_redis)]
    told = [an_event(some_verdict(layer=layer), EventKind.DEFECT_PERSISTS) for layer in (5, 6)]
    RedisEvents(any_redis).publish(told[0])

    with httpx.stream("GET", f"{address}/api/events?after=0&told=0", timeout=10) as response:
        came = stream(response, "told")
        first = next(came)
        RedisEvents(any_redis).publish(told[1])
        second = next(came)
        headers = response.headers
    again = {"Last-Event-ID": ids[0]}
    with httpx.stream("GET", f"{address}/api/events?after=0&told=0", headers=again, timeout=10) as response:
        came = stream(response, "verdict")
        behind = [next(came)["id"] for _ in range(2)]

    assert behind == ids[1:]
    assert [first["data"], second["data"]] == [one.to_json() for one in told]
    assert "id" not in first
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["x-accel-buffering"] == "no"
    assert "no-store" in headers["cache-control"]


def test_a_status_event_is_the_status_and_what_is_no_cursor_is_refused(any_redis: Redis, address: str) -> None:
    with httpx.stream("GET", f"{address}/api/events", timeout=15) as response:
        came = stream(response, "status")
        first = json.loads(next(came)["data"])
        report_source(any_redis, is_up=False)
        seen = next(body for body in (json.loads(event["data"]) for event in came) if "folder-m290" in str(body))

    assert set(first) == set(status(address))
    assert seen["standing"] != first["standing"]
    assert seen["headline"] == "No worker is running: no layer is judged."
    cursors_that_are_none_are_refused(address)
    the_description_says_so(address)


def cursors_that_are_none_are_refused(address: str) -> None:
    for cursor in ("x", "-1", "1-", "9" * 21, "1-0-0", "\N{ARABIC-INDIC DIGIT ONE}"):
        by_header = httpx.get(f"{address}/api/events", headers=[(b"Last-Event-ID", cursor.encode())], timeout=10)
        by_query = httpx.get(f"{address}/api/events", params={"told": cursor}, timeout=10)
        assert (by_header.status_code, by_query.status_code) == (422, 422), cursor
        assert "detail" in by_header.json()


def the_description_says_so(address: str) -> None:
    paths = httpx.get(f"{address}/openapi.json", timeout=10).json()["paths"]
    answers = paths["/api/events"]["get"]["responses"]
    assert list(answers["200"]["content"]) == ["text/event-stream"]
    assert {"422", "503"} <= set(answers)
    assert paths["/api/printers"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]


def test_events_are_read_again_when_redis_was_emptied(
    any_redis: Redis, address: str, some_verdict: VerdictMaker, eventually: Eventually
) -> None:
    RedisResults(any_redis).publish(some_verdict(layer=1))
    RedisEvents(any_redis).publish(an_event(some_verdict(layer=1)))
    eventually(lambda: printers(address).get("m290", {}).get("events"))

    with any_redis.pipeline() as step:
        step.flushall()
        step.xadd(EVENT_STREAM, {"event": an_event(some_verdict(layer=2)).to_json()}, id="5-0")
        step.execute()
    RedisResults(any_redis).publish(some_verdict(layer=2))

    def layers() -> list[int]:
        return [one["event"]["layer"] for one in printers(address).get("m290", {}).get("events", ())]

    eventually(lambda: layers() == [2])
    assert httpx.get(f"{address}/", timeout=10).status_code == 200


def test_a_redis_that_hangs_is_down_and_the_page_still_answers(
    own_redis_server: RedisServer, start: Callable[..., Any], eventually: Eventually
) -> None:
    address = start("serve", "--port", "0", url=own_redis_server.url).address()
    eventually(lambda: "workers" in troubles(address))
    with Redis.from_url(own_redis_server.url) as client:
        server = client.info("server")["process_id"]

    os.kill(server, signal.SIGSTOP)
    try:
        eventually(lambda: "redis" in troubles(address))
        assert "workers" not in troubles(address)
        assert "Redis does not answer" in httpx.get(f"{address}/", timeout=10).text
    finally:
        os.kill(server, signal.SIGCONT)
    eventually(lambda: "redis" not in troubles(address))
