"""The page in a real browser on a real Redis: it changes by itself, and says when it cannot."""

from collections.abc import Callable
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Page, expect
from redis import Redis

from layerwatch.layers import Stage
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Decision, Verdict

pytestmark = [pytest.mark.redis, pytest.mark.e2e]

VerdictMaker = Callable[..., Verdict]
Publisher = Callable[[Redis, Verdict], None]
Look = Callable[..., Page]
REJECTED = {"decision": Decision.REJECT, "areas_px": (2400, 300), "reasons": ("a region reaches the reject area",)}

SMALL_TARGETS = """[...document.querySelectorAll("main a, summary")].filter(one => {
  const box = one.getBoundingClientRect();
  return box.width && Math.min(box.width, box.height) < 24 && !one.closest("p, th");
}).map(one => one.outerHTML.slice(0, 80))"""
LOADED = """["navigation", "resource"].flatMap(kind => performance.getEntriesByType(kind))
  .map(one => [one.name, one.decodedBodySize])"""
NAMELESS = """[...document.querySelectorAll("a, button, [role=region]")].filter(one => {
  const named = one.textContent.trim() || one.getAttribute("aria-labelledby");
  return !named && !one.querySelector("img[alt]:not([alt=''])");
}).map(one => one.outerHTML.slice(0, 80))"""


class Server(Protocol):
    url: str

    def start(self) -> None: ...

    def stop(self) -> None: ...


def url_of(client: Redis) -> str:
    return "redis://127.0.0.1:{port}/0".format(**client.connection_pool.connection_kwargs)


def wait_for_link(page: Page, state: str) -> None:
    page.wait_for_selector(f'body[data-link="{state}"]')


def never_reloaded(page: Page) -> bool:
    return bool(page.evaluate("window.sameDocument === true"))


def mark_document(page: Page) -> None:
    page.evaluate("window.sameDocument = true")


def test_verdicts_appear_by_themselves_on_a_page_that_was_empty(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, start: Callable[..., Any], look: Look
) -> None:
    page = look(start("serve", "--port", "0", url=url_of(any_redis)).address())
    wait_for_link(page, "live")
    expect(page.get_by_role("heading", name="No verdict yet")).to_be_visible()
    mark_document(page)

    publish(any_redis, some_verdict(layer=1, stage=Stage.RECOAT))
    expect(page.locator(".decision")).to_have_text("pass")
    expect(page.locator("#say-polite")).to_contain_text("pass: m290, layer 1, recoat")
    publish(any_redis, some_verdict(layer=1, **REJECTED))

    expect(page.locator(".decision")).to_have_text("reject")
    expect(page.locator(".what-now")).to_have_text("Stop the build and look at the layer.")
    expect(page.locator("#say-urgent")).to_contain_text("reject: m290, layer 1, melt. 2 defect regions, 27.00 mm²")
    expect(page.locator("#say-polite")).to_contain_text("recoat")
    expect(page.locator("#rows tr")).to_have_count(2)
    expect(page.locator(".strip a.cell")).to_have_count(2)
    expect(page.locator(".column")).to_have_count(1)
    expect(page.locator("#summary")).to_contain_text("2 defect regions cover 0.270 % of the picture, 27.00 mm² in all")
    expect(page.locator(".regions tbody tr")).to_have_count(2)
    expect(page.get_by_role("heading", name="No verdict yet")).to_be_hidden()
    assert page.evaluate("document.querySelector('.picture img').naturalWidth") == 640
    assert never_reloaded(page)


def test_a_burst_is_shown_whole_and_in_order(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, start: Callable[..., Any], look: Look
) -> None:
    publish(any_redis, some_verdict(layer=1))
    page = look(start("serve", "--port", "0", url=url_of(any_redis)).address())
    wait_for_link(page, "live")
    mark_document(page)

    for layer in range(2, 42):
        RedisResults(any_redis).publish(some_verdict(layer=layer, decision=Decision.INVALID))

    expect(page.locator(".where b")).to_have_text("41")
    expect(page.locator(".column")).to_have_count(41)
    expect(page.locator("#rows tr")).to_have_count(30)
    layers = page.locator("#rows th").all_inner_texts()
    assert [int(text.split()[0]) for text in layers] == list(range(41, 11, -1))
    columns = page.locator(".column").evaluate_all("all => all.map(one => Number(one.dataset.order))")
    assert columns == list(range(1, 42))
    assert never_reloaded(page)


def test_a_server_that_restarts_is_found_again_with_what_came_meanwhile(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, start: Callable[..., Any], look: Look
) -> None:
    publish(any_redis, some_verdict(layer=1))
    serve = start("serve", "--port", "0", url=url_of(any_redis))
    address = serve.address()
    page = look(address)
    wait_for_link(page, "live")
    mark_document(page)

    assert serve.stop() == 0
    wait_for_link(page, "lost")
    expect(page.get_by_text("No connection to the server.")).to_be_visible()
    expect(page.locator("#standing")).to_be_hidden()
    publish(any_redis, some_verdict(layer=2))
    start("serve", "--port", address.rpartition(":")[2], url=url_of(any_redis)).address()

    wait_for_link(page, "live")
    expect(page.locator(".where b")).to_have_text("2")
    expect(page.locator("#rows tr")).to_have_count(2)
    expect(page.locator("#standing")).to_be_visible()
    assert never_reloaded(page)


def test_the_page_says_that_redis_is_down_and_goes_on_when_it_is_back(
    own_redis_server: Server,
    some_verdict: VerdictMaker,
    publish: Publisher,
    start: Callable[..., Any],
    look: Look,
) -> None:
    client = Redis.from_url(own_redis_server.url)
    publish(client, some_verdict(layer=1))
    page = look(start("serve", "--port", "0", url=own_redis_server.url).address())
    wait_for_link(page, "live")
    mark_document(page)

    own_redis_server.stop()
    wait_for_link(page, "away")
    expect(page.get_by_text("No connection to Redis")).to_be_visible()
    expect(page.locator(".where b")).to_have_text("1")
    own_redis_server.start()
    publish(client, some_verdict(layer=2))

    wait_for_link(page, "live")
    expect(page.get_by_text("No connection to Redis")).to_be_hidden()
    expect(page.locator(".where b")).to_have_text("2")
    assert never_reloaded(page)


def test_a_printer_that_gives_no_verdict_for_long_is_called_silent(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, start: Callable[..., Any], look: Look
) -> None:
    publish(any_redis, some_verdict(layer=1))
    address = start("serve", "--port", "0", url=url_of(any_redis), MONITORING_STALE_SECONDS="2").address()
    page = look(address)

    expect(page.locator(".silent")).to_be_visible()
    expect(page.locator(".silent")).to_contain_text("No verdict from this printer for")
    publish(any_redis, some_verdict(layer=2))
    expect(page.locator(".where b")).to_have_text("2")
    expect(page.locator(".now.stale")).to_have_count(0)


def test_everything_is_reached_by_keyboard_with_visible_focus(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, start: Callable[..., Any], look: Look
) -> None:
    for layer in range(1, 5):
        publish(any_redis, some_verdict(layer=layer, stage=Stage.RECOAT))
        publish(any_redis, some_verdict(layer=layer, **(REJECTED if layer == 2 else {})))
    page = look(start("serve", "--port", "0", url=url_of(any_redis)).address())
    wait_for_link(page, "live")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the running builds")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    stops = []
    for _ in range(20):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.className + ' ' + document.activeElement.id"))
    assert len({stop for stop in stops if stop.startswith("cell")}) == 1, "the strip is one stop"
    page.locator(".strip a.cell[tabindex='0']").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#cell-m290-2-melt")).to_be_focused()
    width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
    assert width >= 2
    page.keyboard.press("Enter")

    expect(page.locator("#detail-name")).to_be_focused()
    expect(page.locator("#detail-name")).to_have_text("Layer 2 melt")
    expect(page.locator("#cell-m290-2-melt")).to_have_attribute("aria-current", "true")
    assert page.url.endswith(page.locator("#cell-m290-2-melt").get_attribute("data-layer") or "-")
    page.get_by_role("link", name="Back to the latest").press("Enter")
    expect(page.locator("#detail-name")).to_have_text("Layer 4 melt")


def test_a_chosen_layer_stays_while_new_ones_come_and_focus_is_not_lost(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, start: Callable[..., Any], look: Look
) -> None:
    publish(any_redis, some_verdict(layer=1))
    publish(any_redis, some_verdict(layer=2))
    page = look(start("serve", "--port", "0", url=url_of(any_redis)).address())
    wait_for_link(page, "live")
    page.locator("#rows tr", has_text="1 melt").get_by_role("link").click()
    expect(page.locator("#detail-name")).to_have_text("Layer 1 melt")
    page.locator(".picture").focus()

    publish(any_redis, some_verdict(layer=3))
    expect(page.locator(".where b")).to_have_text("3")

    expect(page.locator("#detail-name")).to_have_text("Layer 1 melt")
    expect(page.locator(".picture")).to_be_focused()
    page.go_back()
    expect(page.locator("#detail-name")).to_have_text("Layer 3 melt")


def test_the_page_reads_without_script(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, start: Callable[..., Any], browser: Browser
) -> None:
    publish(any_redis, some_verdict(layer=1))
    publish(any_redis, some_verdict(layer=2, **REJECTED))
    address = start("serve", "--port", "0", url=url_of(any_redis)).address()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()

    page.goto(address)
    page.locator("#rows tr", has_text="1 melt").get_by_role("link").click()

    expect(page.locator("#detail-name")).to_have_text("Layer 1 melt")
    expect(page.get_by_text("Not live: reload for new verdicts")).to_be_visible()
    context.close()


def test_nothing_is_cut_off_from_phone_to_wall(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, start: Callable[..., Any], look: Look
) -> None:
    for printer in ("m290", "a-printer-with-a-rather-long-name-in-hall-7"):
        for layer in range(1, 70):
            about = REJECTED if layer % 9 == 0 else {}
            RedisResults(any_redis).publish(some_verdict(printer=printer, layer=layer, **about))
        publish(any_redis, some_verdict(printer=printer, layer=70, **REJECTED))
    RedisResults(any_redis).publish(some_verdict(layer=71, decision=Decision.INVALID, reasons=("missing light b",)))
    address = start("serve", "--port", "0", url=url_of(any_redis)).address()
    page = look("about:blank", color_scheme="dark")

    for width, height in ((320, 640), (768, 1024), (1440, 900), (3840, 2160)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(address)
        wait_for_link(page, "live")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        assert page.evaluate(SMALL_TARGETS) == [], width

    loaded: list[list[Any]] = page.evaluate(LOADED)
    assert all(url.startswith(address) for url, _ in loaded)
    assert 20_000 < sum(size for url, size in loaded if "/artifacts/" not in url) < 200_000


def test_landmarks_names_and_live_regions_are_there(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, start: Callable[..., Any], look: Look
) -> None:
    publish(any_redis, some_verdict(layer=1, **REJECTED))
    publish(any_redis, some_verdict(layer=2, decision=Decision.INVALID, reasons=("missing light b",)))
    page = look(start("serve", "--port", "0", url=url_of(any_redis)).address())
    wait_for_link(page, "live")

    expect(page.get_by_role("banner")).to_have_count(1)
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("contentinfo")).to_have_count(1)
    expect(page.locator("h1")).to_have_count(1)
    assert page.locator("#say-polite").get_attribute("aria-live") == "polite"
    assert page.locator("#say-urgent").get_attribute("aria-live") == "assertive"
    assert page.evaluate(NAMELESS) == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids))
    expect(page.locator(".no-picture")).to_contain_text("No picture to show")
