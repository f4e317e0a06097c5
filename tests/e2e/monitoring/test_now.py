"""The page while layers are printed: what is silent, what is told over layers, and what is said aloud of it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect
from redis import Redis

from layerwatch.events import EventKind
from layerwatch.redis_events import RedisEvents
from layerwatch.verdict import Decision, Verdict
from monitoring.history.database import reach_history
from monitoring.history.migrate import migrate
from monitoring.history.notes import Acknowledgement, Notes
from tests.conftest import RedisServer
from tests.e2e.monitoring.places import RUNS_OUT
from tests.e2e.monitoring.test_live_page import REJECTED, mark_document, never_reloaded, url_of, wait_for_link
from tests.e2e.test_whole_path import Plant
from tests.integration.monitoring.plant_parts import an_event, living_worker, report_source

pytestmark = [pytest.mark.redis, pytest.mark.e2e]

VerdictMaker = Callable[..., Verdict]
Publisher = Callable[[Redis, Verdict], None]
Look = Callable[..., Page]
Watch = Callable[..., Page]
SAID = "window.said = []; new MutationObserver(changes => window.said.push(changes[0].target.textContent))"
OBSERVED = "{childList: true, characterData: true, subtree: true}"


def listen_to(page: Page, region: str) -> None:
    """Note all that is said aloud in a live region."""
    page.evaluate(f"{SAID}.observe(document.getElementById('{region}'), {OBSERVED})")


def said(page: Page, words: str) -> int:
    """How often something was said since."""
    spoken: list[str] = page.evaluate("window.said")
    return sum(words in text for text in spoken)


@pytest.fixture
def history(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'history.sqlite3'}"
    with reach_history(url) as engine:
        migrate(engine)
    return url


@pytest.fixture
def watch(any_redis: Redis, history: str, start: Callable[..., Any], look: Look) -> Callable[..., Page]:
    """Opens the page of a server of its own, and returns when it is live."""

    def run(**about: object) -> Page:
        serve = start("serve", "--port", "0", url=url_of(any_redis), MONITORING_DATABASE_URL=history)
        page = look(serve.address(), **about)
        wait_for_link(page, "live")
        mark_document(page)
        return page

    return run


@pytest.fixture
def plant(
    tmp_path: Path, any_redis: Redis, any_redis_server: RedisServer, tiny_bundle: Path, history: str
) -> Iterator[Plant]:
    with ExitStack() as stack:
        plant = Plant(tmp_path, any_redis, any_redis_server.url, tiny_bundle, stack)
        plant.environment["MONITORING_DATABASE_URL"] = history
        yield plant


def test_layers_appear_while_they_are_printed_and_a_worker_that_stops_is_missed(plant: Plant, watch: Watch) -> None:
    page = watch()
    worker = plant.start("worker", "run")
    plant.start("ingest", "run")
    plant.start("monitoring", "record", MONITORING_RECORD_METRICS_PORT="0")
    expect(page.locator("#printer-m290 .waiting")).to_contain_text("for its first layer", timeout=30_000)

    plant.print_layers(3, options=("--period", "0.5"))
    expect(page.locator("#printer-m290 .strip a.cell")).to_have_count(6, timeout=60_000)
    expect(page.locator("#printer-m290 .where b")).to_have_text("3")
    expect(page.locator("#standing [data-trouble]")).to_have_count(0)

    listen_to(page, "say-urgent")
    worker.terminate()
    expect(page.locator("#standing")).to_contain_text("No worker is running", timeout=30_000)
    expect(page.locator("#standing code").first).to_have_text("python -m worker run")
    expect(page.locator("#printer-m290")).to_contain_text("Not watched")
    assert said(page, "No worker is running") == 1

    plant.start("worker", "run")
    expect(page.locator("#standing [data-trouble]")).to_have_count(0, timeout=30_000)
    expect(page.locator("#say-polite")).to_contain_text("Over: No worker is running")
    expect(page.locator("#printer-m290")).not_to_contain_text("Not watched")
    assert never_reloaded(page)


def test_an_event_is_shown_with_its_words_said_once_and_calm_when_somebody_has_seen_it(
    any_redis: Redis, history: str, some_verdict: VerdictMaker, publish: Publisher, watch: Watch
) -> None:
    report_source(any_redis)
    for layer in range(1, 8):
        publish(any_redis, some_verdict(layer=layer, areas_px=(300,)))
    with living_worker(any_redis):
        page = watch()
        listen_to(page, "say-urgent")

        event = an_event(some_verdict(layer=7), since=4)
        RedisEvents(any_redis).publish(event)
        card = page.locator("#printer-m290")
        expect(card.locator(".decision")).to_have_text("at risk")
        expect(card.locator(".since-when")).to_have_text("since layer 4 (4 layers)")
        expect(card.locator(".what-now")).to_have_text("Decide whether the build goes on.")
        expect(card.locator(f"#event-{event.id}")).to_contain_text("Build at risk critical since layer 4")
        link = card.get_by_role("link", name="Layer 7 melt, upper left")
        assert link.get_attribute("href") == "/builds/m290/job42?layer=7&stage=melt"
        expect(page.get_by_role("link", name="m290: at risk since layer 4 (4 layers)")).to_be_visible()
        publish(any_redis, some_verdict(layer=8))
        expect(card.locator(".where b")).to_have_text("8")
        assert said(page, "Build at risk: m290, since layer 4.") == 1

        sent: list[dict[str, str]] = []

        def keep(route: Route) -> None:
            sent.append(json.loads(route.request.post_data or "{}"))
            route.fulfill(status=201, json={})

        page.route("**/api/acknowledgements", keep)
        card.get_by_role("button", name="Acknowledge Build at risk").click()
        page.get_by_label("Note").fill("a scratch on the lens")
        page.get_by_label("Your name").fill("Ana")
        page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
        expect(page.get_by_role("dialog")).to_be_hidden()
        assert sent == [{"subject": event.id, "note": "a scratch on the lens", "author": "Ana"}]
        acknowledge(history, event.id, "a scratch on the lens")

        expect(card.locator(f"#event-{event.id}")).to_contain_text("Seen by Ana")
        expect(card.locator(".decision")).to_have_text("pass")
        expect(card.get_by_role("button", name="Acknowledge")).to_have_count(0)
        expect(page.locator("#standing")).to_contain_text("1 printer, all layers judged, nothing is down")
        assert said(page, "Build at risk") == 1
    expect(card.locator(".what-now")).to_contain_text("Start one:")
    assert never_reloaded(page)


def acknowledge(history: str, subject: str, note: str) -> None:
    with reach_history(history) as engine:
        Notes(engine).acknowledge(
            Acknowledgement(
                subject=subject, printer="m290", build="job42", author="Ana", note=note, created=datetime.now(UTC)
            )
        )


def test_an_acknowledgement_that_is_refused_says_why_and_keeps_the_note(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, watch: Watch
) -> None:
    publish(any_redis, some_verdict(layer=1, **REJECTED))
    page = watch()
    page.route("**/api/acknowledgements", lambda route: route.abort())

    page.get_by_role("button", name="Acknowledge reject: m290, Layer 1 melt").click()
    page.get_by_label("Note").fill("seen")
    page.keyboard.press("Tab")
    page.get_by_role("dialog").get_by_role("button", name="Acknowledge").press("Enter")

    expect(page.locator("#acknowledge-mistake")).to_contain_text("Not kept:")
    expect(page.get_by_label("Note")).to_have_value("seen")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_wall_of_printers_keeps_its_order_and_says_which_are_not_fine(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, watch: Watch
) -> None:
    bad = {"am-2": Decision.REVIEW, "am-5": Decision.REJECT, "am-7": Decision.INVALID}
    for number in range(1, 9):
        name = f"am-{number}"
        report_source(any_redis, name)
        about = {"areas_px": (900,)} if name in {"am-2", "am-5"} else {}
        publish(any_redis, some_verdict(printer=name, layer=1, decision=bad.get(name, Decision.PASS), **about))
    page = watch(width=1920, height=1080)
    expect(page.locator("#standing .headline")).to_contain_text(
        "am-5: reject since layer 1 (1 layer), and 2 more builds"
    )

    names = page.locator(".printer").evaluate_all("all => all.map(one => one.id)")
    alarms = page.locator(".alarms a").evaluate_all("all => all.map(one => one.hash)")
    page.locator("#alarm-am-7").click()

    assert names == [f"printer-am-{number}" for number in range(1, 9)]
    assert alarms == ["#printer-am-5", "#printer-am-2", "#printer-am-7"]
    expect(page.locator("#printer-am-7")).to_be_focused()
    assert page.evaluate("document.getElementById('printer-am-8').getBoundingClientRect().bottom") < 1080


def test_the_word_that_says_how_a_build_is_fits_its_panel_on_every_screen(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, watch: Watch
) -> None:
    publish(any_redis, some_verdict(layer=1, **REJECTED))
    page = watch()
    expect(page.locator(".decision")).to_have_text("reject")

    for width in (320, 390, 768, 1024, 1180, 1280, 1440, 1920, 2560, 3840):
        page.set_viewport_size({"width": width, "height": 900})
        for word in ("review", "invalid", "at risk"):
            page.evaluate("word => { document.querySelector('.decision span').textContent = word; }", word)
            assert page.evaluate(RUNS_OUT) == [], (width, word)


def test_everything_that_may_be_wrong_passes_the_accessibility_check(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, watch: Watch
) -> None:
    for printer, decision in {"a-1": Decision.REJECT, "b-2": Decision.REVIEW, "c-3": Decision.INVALID}.items():
        report_source(any_redis, printer, is_up=printer != "b-2", silent_seconds=900.0)
        bad = {"decision": decision, "areas_px": () if decision is Decision.INVALID else (900,), "reasons": ("why",)}
        for layer in (1, 2, 3):
            publish(any_redis, some_verdict(printer=printer, layer=layer, **(bad if layer == 2 else {})))
    report_source(any_redis, "d-4")
    for kind in (EventKind.BUILD_AT_RISK, EventKind.PICTURE_DRIFT):
        RedisEvents(any_redis).publish(an_event(some_verdict(printer="a-1", layer=3), kind))
    page = watch()
    page.emulate_media(reduced_motion="reduce")
    expect(page.locator("#standing .troubles li")).to_have_count(4)

    for scheme, width in (("light", 320), ("dark", 320), ("dark", 1440), ("light", 1440)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal there
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == [], (scheme, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("[data-acknowledge]").first.click()
        assert violations(page) == [], (scheme, width)
        page.get_by_role("button", name="Cancel").click()


def violations(page: Page) -> list[tuple[str, str]]:
    found = Axe().run(page).response
    return [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
