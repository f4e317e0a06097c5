"""A build of 2,000 layers in a real browser: stepped, looked at and followed, most of it by keyboard alone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from redis import Redis

from layerwatch.layers import Stage
from layerwatch.verdict import Decision, Verdict
from tests.conftest import RedisServer
from tests.e2e.monitoring.printed_build import LAST, MISSING, STREAK, record, write_build
from tests.integration.monitoring.conftest import Process

pytestmark = [pytest.mark.redis, pytest.mark.e2e]

VerdictMaker = Callable[..., Verdict]
Publisher = Callable[[Redis, Verdict], None]
Look = Callable[..., Page]
PATIENCE = 15_000  # ms


class Build:
    """The finished build, and the page that shows it."""

    def __init__(self, address: str, verdicts: list[Verdict]) -> None:
        self.address = address
        self.url = f"{address}/builds/printer-0/job00000"
        self.verdicts = verdicts

    def melted(self) -> list[int]:
        return [verdict.layer for verdict in self.verdicts if verdict.stage is Stage.MELT]

    def defects(self) -> list[tuple[int, Stage]]:
        return [(one.layer, one.stage) for one in self.verdicts if one.decision is not Decision.PASS]


@pytest.fixture(scope="module")
def build(any_redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    folder = tmp_path_factory.mktemp("build")
    (folder / "incoming").mkdir()
    database_url = f"sqlite:///{folder}/history/history.sqlite3"
    verdicts = write_build(database_url, folder / "incoming", folder / "artifacts")
    environment = {
        "REDIS_URL": any_redis_server.url,
        "MONITORING_DATABASE_URL": database_url,
        "SOURCES_DIR": str(folder / "incoming"),
        "ARTIFACTS_DIR": str(folder / "artifacts"),
    }
    server = Process(folder / "server", ("serve", "--port", "0"), environment)
    yield Build(server.address(), verdicts)
    server.popen.kill()
    server.popen.wait()


def strip(page: Page) -> Any:  # noqa: ANN401 - a locator
    return page.get_by_role("slider", name="Layer", exact=True)


def wait_for(page: Page, layer: int, stage: str = "melt") -> None:
    """Wait until a layer is shown whole."""
    expect(page.locator("#layer-name")).to_have_text(f"Layer {layer} {stage}", timeout=PATIENCE)
    said = f"Picture under light a of layer {layer}, {stage}; the summary says what is marked."
    expect(page.locator("#pictures img")).to_have_attribute("alt", said, timeout=PATIENCE)


def tab_to(page: Page, selector: str, *, key: str = "Tab") -> None:
    """Press Tab until something has the focus."""
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not come to {selector}")


def test_a_build_opens_at_its_latest_layer_and_says_what_is_known_of_it(build: Build, look: Look) -> None:
    page = look(build.url)

    wait_for(page, LAST)
    expect(page.get_by_role("heading", name="printer-0 job00000")).to_be_visible()
    expect(page.locator(".build-head")).to_contain_text("1,990 layers, 3,980 layer sets")
    expect(strip(page)).to_have_attribute("aria-valuemax", str(LAST))
    assert page.evaluate("document.querySelector('#pictures img').naturalWidth") == 512


def test_the_whole_build_is_stepped_by_keyboard_alone(build: Build, look: Look) -> None:
    page = look(build.url)
    wait_for(page, LAST)
    tab_to(page, "#layer-strip")
    page.keyboard.press("Home")
    wait_for(page, 0)
    page.evaluate("""() => {
        window.visited = [];
        const strip = document.querySelector('#layer-strip');
        new MutationObserver(() => visited.push(Number(strip.ariaValueNow))).observe(strip, {attributeFilter: ['aria-valuenow']});
    }""")  # fmt: skip  # noqa: E501

    for _ in range(184):
        page.keyboard.down("PageUp")
    for _ in range(150):
        page.keyboard.down("ArrowRight")

    wait_for(page, LAST)
    layers = build.melted()
    assert set(MISSING).isdisjoint(layers)
    assert page.evaluate("visited") == layers[10:1840:10] + layers[1840:]


def test_the_newest_wish_wins_and_nothing_queues_up(build: Build, look: Look) -> None:
    page = look(build.url)
    wait_for(page, LAST)
    page.evaluate("""() => {
        const [asked, at] = [window.fetch, {once: 0}];
        window.most = 0;
        window.fetch = async (...what) => {
            window.most = Math.max(window.most, ++at.once);
            try { return await asked(...what); } finally { at.once--; }
        };
    }""")
    strip(page).focus()

    for _ in range(100):
        page.keyboard.down("ArrowLeft")

    wait_for(page, LAST - 100)
    assert 0 < page.evaluate("window.most") <= 7  # the layer, two to each side, and the next defects


def test_keys_of_the_strip_go_far_and_change_the_stage(build: Build, look: Look) -> None:
    page = look(f"{build.url}?layer=1000&stage=melt")
    wait_for(page, 1000)
    strip(page).focus()

    page.keyboard.press("PageUp")
    wait_for(page, 1010)
    page.keyboard.press("ArrowUp")
    wait_for(page, 1010, "recoat")
    page.keyboard.press("PageDown")
    wait_for(page, 1000, "recoat")
    page.keyboard.press("ArrowDown")
    wait_for(page, 1000)
    page.keyboard.press("End")
    wait_for(page, LAST)

    expect(strip(page)).to_have_attribute("aria-valuetext", f"Layer {LAST}, melt: pass")
    page.wait_for_url(f"**?layer={LAST}&stage=melt")


def test_letters_go_to_the_next_and_the_previous_layer_that_does_not_pass(build: Build, look: Look) -> None:
    page = look(f"{build.url}?layer=0&stage=recoat")
    wait_for(page, 0, "recoat")
    defects = [place for place in build.defects() if place > (0, Stage.RECOAT)]

    for layer, stage in defects[:5]:
        page.keyboard.press("n")
        wait_for(page, layer, stage.value)
    expect(page.locator("#say-polite")).to_contain_text(f"Layer {defects[4][0]}, {defects[4][1].value}: ")
    page.keyboard.press("p")

    wait_for(page, defects[3][0], defects[3][1].value)
    page.get_by_role("button", name="Next defect").click()
    wait_for(page, defects[4][0], defects[4][1].value)


def test_picture_regions_and_words_change_together(build: Build, look: Look) -> None:
    page = look(f"{build.url}?layer={STREAK[0]}&stage=melt")
    wait_for(page, STREAK[0])
    page.evaluate("""() => {
        window.apart = [];
        document.addEventListener('layershown', ({detail}) => {
            const picture = document.querySelector('#pictures img');
            const said = [document.querySelector('#layer-name').textContent, picture.alt];
            const marks = document.querySelectorAll('#marks .region-mark').length;
            const wrong = said.some(text => !text.includes(String(detail.verdict.layer)));
            if (wrong || marks !== detail.verdict.regions.length) apart.push(detail.key);
            window.shown = (window.shown || 0) + 1;
        });
    }""")
    strip(page).focus()

    for _ in range(40):
        page.keyboard.press("ArrowRight")

    wait_for(page, STREAK[0] + 40)
    assert page.evaluate("window.apart") == []
    assert page.evaluate("window.shown") > 0


def test_a_region_is_chosen_by_keyboard_and_followed_through_the_layers(build: Build, look: Look) -> None:
    page = look(f"{build.url}?layer={STREAK[2]}&stage=melt")
    wait_for(page, STREAK[2])
    tab_to(page, "#marks .region-mark")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".region-mark:focus")).to_have_attribute("data-region", "1")
    page.keyboard.press("ArrowLeft")

    page.keyboard.press("Enter")

    expect(page.locator("#regions tr.selected th")).to_have_text("1")
    expect(page.locator(".region-mark[aria-pressed=true]")).to_have_attribute("data-region", "0")
    expect(page.locator("#z-said")).to_contain_text("in 6 layers of melt")
    layers = page.locator("#z-layers b").all_inner_texts()
    assert list(map(int, layers)) == list(reversed(STREAK))
    page.keyboard.press(".")
    wait_for(page, STREAK[3])
    expect(page.locator("#z-layers a[aria-current]")).to_contain_text(str(STREAK[3]))
    page.locator("#z-layers a").first.focus()
    page.keyboard.press("Enter")
    wait_for(page, STREAK[-1])
    expect(page.locator("#z-layers a[aria-current]")).to_contain_text(str(STREAK[-1]))
    expect(page.locator(".region-mark[aria-pressed=true]")).to_have_attribute("data-region", "0")
    page.keyboard.press(".")
    wait_for(page, STREAK[-1] + 1)
    expect(page.locator("#marks .followed")).to_have_count(1)
    page.get_by_role("button", name="Leave this place").press("Enter")
    expect(page.locator("#z-column")).to_be_hidden()
    expect(page.locator("#marks .followed")).to_have_count(0)


def test_lights_difference_overlay_and_opacity_by_keyboard(build: Build, look: Look) -> None:
    page = look(f"{build.url}?layer={STREAK[0]}&stage=melt")
    wait_for(page, STREAK[0])
    picture = page.locator("#pictures img")

    tab_to(page, "input[name=light]")
    page.keyboard.press("ArrowRight")
    expect(picture).to_have_attribute("src", f"/api/inspections/{inspection(build, STREAK[0])}/picture?light=b")
    page.keyboard.press("d")
    expect(picture).to_have_attribute("alt", f"Difference under light b to layer {STREAK[0] - 1} of layer {STREAK[0]}, melt; the summary says what is marked.")  # fmt: skip  # noqa: E501
    page.keyboard.press("d")
    expect(page.get_by_role("button", name="Difference to layer below")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#masks canvas")).to_be_visible()
    tab_to(page, "#opacity")
    page.keyboard.press("End")
    expect(page.locator("#masks")).to_have_css("opacity", "1")
    page.keyboard.press("o")
    expect(page.locator("#masks canvas")).to_be_hidden()
    expect(page.locator("#marks")).to_be_hidden()


def inspection(build: Build, layer: int) -> str:
    return next(one.id for one in build.verdicts if (one.layer, one.stage) == (layer, Stage.MELT))


def test_the_mask_lies_where_the_region_is(build: Build, look: Look) -> None:
    page = look(f"{build.url}?layer={STREAK[0]}&stage=melt")
    wait_for(page, STREAK[0])

    box = page.evaluate("""() => {
        const canvas = document.querySelector('#masks canvas');
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        const at = [...Array(data.length / 4).keys()].filter(place => data[4 * place + 3]);
        const [xs, ys] = [at.map(place => place % canvas.width), at.map(place => Math.floor(place / canvas.width))];
        const [left, top] = [parseFloat(canvas.style.left) * 5.12, parseFloat(canvas.style.top) * 5.12];
        const ends = [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
        return [left + ends[0], top + ends[1], left + ends[2], top + ends[3]].map(Math.round);
    }""")

    assert box == [300, 200, 360, 240]


def test_the_picture_is_zoomed_and_moved_by_keyboard_and_fits_again(build: Build, look: Look) -> None:
    page = look(f"{build.url}?layer={STREAK[0]}&stage=melt")
    wait_for(page, STREAK[0])
    where = "import('/static/build/viewer.js').then(viewer => { const box = document.querySelector('#viewer').getBoundingClientRect(); return viewer.toPicture(box.left, box.top).map(Math.round); })"  # noqa: E501
    fitted = page.evaluate(where)
    assert fitted[1] == 0
    tab_to(page, "#viewer")

    page.keyboard.press("+")
    page.keyboard.press("+")
    zoomed = page.evaluate(where)
    page.keyboard.press("ArrowRight")
    moved = page.evaluate(where)
    page.keyboard.press("ArrowUp")

    assert min(zoomed) > 50
    assert moved[0] > zoomed[0]
    assert page.evaluate(where)[1] < moved[1]
    strip(page).focus()
    page.keyboard.press("ArrowRight")
    wait_for(page, STREAK[1])
    assert page.evaluate(where)[0] == moved[0]  # the next layer is seen at the same place
    page.keyboard.press("0")
    assert page.evaluate(where) == fitted


def test_a_zoomed_picture_is_moved_by_presses_alone(build: Build, look: Look) -> None:
    page = look(f"{build.url}?layer={STREAK[0]}&stage=melt")
    wait_for(page, STREAK[0])
    where = "import('/static/build/viewer.js').then(viewer => { const box = document.querySelector('#viewer').getBoundingClientRect(); return viewer.toPicture(box.left, box.top).map(Math.round); })"  # noqa: E501
    arrows = page.get_by_role("group", name="Move the picture")
    expect(arrows).to_be_hidden()

    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    zoomed = page.evaluate(where)
    arrows.get_by_role("button", name="Right").click()
    right = page.evaluate(where)
    arrows.get_by_role("button", name="Down").click()
    down = page.evaluate(where)

    assert right[0] > zoomed[0]
    assert down[1] > right[1]
    page.get_by_role("button", name="Fit").click()
    expect(arrows).to_be_hidden()


def test_a_page_whose_layers_could_not_be_read_tries_again_by_itself(build: Build, look: Look) -> None:
    page = look("about:blank")
    refused: list[str] = []

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
            return
        refused.append(route.request.url)
        route.fulfill(status=200, content_type="application/json", body="{}")

    page.route("**/strip", refuse_once)
    page.goto(f"{build.url}?layer={STREAK[0]}&stage=melt")

    expect(page.locator("#layer-problem")).to_contain_text("tries again")
    wait_for(page, STREAK[0])
    expect(page.locator("#layer-problem")).to_be_empty()


def test_the_wheel_scrolls_the_page_until_somebody_turns_to_the_picture(build: Build, look: Look) -> None:
    page = look(f"{build.url}?layer={STREAK[0]}&stage=melt")
    wait_for(page, STREAK[0])
    page.locator("#viewer").scroll_into_view_if_needed()
    page.locator("#viewer").hover()

    page.mouse.wheel(0, 60)
    page.wait_for_function("() => scrollY > 0")
    expect(page.locator("#viewer[data-zoomed]")).to_have_count(0)
    page.locator("#viewer").focus()
    page.mouse.wheel(0, -200)

    expect(page.locator("#viewer[data-zoomed]")).to_have_count(1)


def test_the_pointer_tells_goes_and_scrubs(build: Build, look: Look) -> None:
    page = look(build.url)
    wait_for(page, LAST)
    box = page.locator("#strip-overview").bounding_box()
    assert box is not None
    margin = 3.6 * 16
    x = box["x"] + margin + (box["width"] - margin) * 0.5

    page.mouse.move(x, box["y"] + 15)
    expect(page.locator("#strip-tip")).to_contain_text(", recoat: ")
    page.mouse.down()
    page.mouse.move(x + 100, box["y"] + 15, steps=5)
    page.mouse.up()

    layer = round(2000 * (0.5 + 100 / (box["width"] - margin)))
    expect(strip(page)).to_have_attribute("aria-valuetext", f"Layer {layer}, recoat: pass")
    wait_for(page, layer, "recoat")


def test_keys_of_one_letter_can_be_turned_off_and_stay_so(build: Build, look: Look) -> None:
    page = look(f"{build.url}?layer=0&stage=recoat")
    wait_for(page, 0, "recoat")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("n")
    page.get_by_label("Keys of one letter or sign").uncheck()
    page.get_by_role("button", name="Close").click()

    page.keyboard.press("n")
    page.keyboard.press(".")

    wait_for(page, 0, "recoat")
    page.reload()
    wait_for(page, 0, "recoat")
    page.keyboard.press(".")
    expect(strip(page)).to_have_attribute("aria-valuenow", "0")
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_label("Keys of one letter or sign")).not_to_be_checked()


def test_a_reject_among_thousands_is_never_hidden(build: Build, look: Look) -> None:
    page = look(build.url)

    shown = page.evaluate("""async () => {
        const { worstOf, Scale, NOTHING } = await import('/static/build/pixel_columns.js');
        const decide = layer => layer === 12345 ? 'reject' : 'pass';
        const lane = Array.from({length: 20000}, (_, layer) => ({layer, decision: decide(layer)}));
        const some = worstOf(lane.filter(set => set.layer % 7 || set.layer === 12345), new Scale(0, 19999, 300));
        const wide = worstOf([{layer: 0, decision: 'review'}, {layer: 2, decision: 'pass'}], new Scale(0, 2, 9));
        return [some.filter(rank => rank === 3).length, some.length, [...wide], NOTHING];
    }""")

    assert shown == [1, 300, [2, 2, 2, -1, -1, -1, 0, 0, 0], -1]


def test_curves_are_said_in_words_and_lead_to_the_layer(build: Build, look: Look) -> None:
    page = look(build.url)
    wait_for(page, LAST)

    defects = page.get_by_role("img", name="Defect area over the layers")
    expect(defects).to_have_attribute("aria-label", f"Defect area over the layers; the greatest is 0.9 % at layer {STREAK[0]}, melt. The table below has the greatest.")  # fmt: skip  # noqa: E501
    page.get_by_text("The same as a table").click()
    page.locator("#curve-scroll a", has_text=f"{STREAK[3]} melt").click()

    wait_for(page, STREAK[3])
    assert page.evaluate("document.activeElement.id") == "layer-name"


def test_what_is_told_over_the_layers_is_shown_once(build: Build, look: Look) -> None:
    page = look(build.url)
    wait_for(page, LAST)
    tell = f"""import('/static/build/told.js').then(({{ showTold }}) => showTold({{
        id: 'printer-0_job00000-build_at_risk-0123456789ab', kind: 'build_at_risk', severity: 'critical',
        layer: {STREAK[5]}, reasons: ['it grows'], evidence: [{{stage: 'melt'}}],
    }}))"""

    assert page.evaluate(tell) == f"Build at risk, layer {STREAK[5]}, melt: it grows"
    assert page.evaluate(tell) == ""

    told = page.locator("#told-latest li")
    expect(told).to_have_text(f"Build at risk, layer {STREAK[5]} melt: it grows")
    told.get_by_role("link").press("Enter")
    wait_for(page, STREAK[5])


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_it_passes_the_accessibility_check(build: Build, look: Look, color_scheme: str) -> None:
    page = look(f"{build.url}?layer={STREAK[0]}&stage=melt", color_scheme=color_scheme)
    wait_for(page, STREAK[0])
    page.get_by_role("button", name="Region 1", exact=True).click()
    expect(page.locator("#z-layers li").first).to_be_visible()
    page.get_by_text("The same as a table").click()

    found = Axe().run(page).response

    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    page.goto(f"{build.address}/builds")
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize("width", [320, 2560])
def test_it_fits_screens_of_any_width(build: Build, look: Look, width: int) -> None:
    page = look(f"{build.url}?layer={STREAK[0]}&stage=melt", width=width)
    wait_for(page, STREAK[0])

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = """[...document.querySelectorAll('button, .chip, input[type=range]')].filter(one => {
        const box = one.getBoundingClientRect();
        return box.width && !one.closest('table') && Math.min(box.width, box.height) < 32;
    }).map(one => one.outerHTML)"""
    assert page.evaluate(small) == []
    page.goto(f"{build.address}/builds")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_script_it_says_counts_and_leads_to_what_does_not_pass(build: Build, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(build.url)

    expect(page.get_by_role("list", name="Layer sets by decision")).to_contain_text("reject")
    expect(page.locator("#layer-strip")).to_be_hidden()
    page.get_by_role("link", name=f"Layer {STREAK[0]} melt: reject").click()

    expect(page.locator("#layer-name")).to_have_text(f"Layer {STREAK[0]} melt")
    expect(page.locator("#summary")).to_contain_text("2 defect regions")
    expect(page.locator("#regions tr")).to_have_count(2)
    expect(page.locator(".without-script")).to_be_visible()
    context.close()


def test_a_layer_that_is_not_there_is_told(build: Build, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()

    page.goto(f"{build.url}?layer={MISSING[0]}&stage=melt")
    expect(page.locator("#not-there")).to_have_text(f"There is no verdict of layer {MISSING[0]}; this is another one.")
    expect(page.locator("#layer-name")).to_have_text(f"Layer {LAST} melt")
    answer = page.goto(f"{build.address}/builds/printer-0/unknown")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_text("no verdict of this build is known")).to_be_visible()
    context.close()


def test_builds_are_listed_by_their_last_verdict_and_by_printer(
    any_redis: Redis, some_verdict: VerdictMaker, start: Callable[..., Any], look: Look, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/history/history.sqlite3"
    names = [(f"m29{number % 2}", f"job{number:02d}") for number in range(30)]
    record(url, [some_verdict(printer=printer, build=name) for printer, name in names])
    address = start("serve", "--port", "0", url=url_of(any_redis), MONITORING_DATABASE_URL=url).address()

    page = look(f"{address}/builds")

    expect(page.locator(".build-item")).to_have_count(25)
    expect(page.locator(".build-item h2").first).to_have_text("m291 job29")
    page.get_by_role("link", name="Older builds").click()
    expect(page.locator(".build-item h2")).to_have_text([f"{printer} {name}" for printer, name in names[4::-1]])
    page.get_by_role("link", name="Newest builds").click()
    page.get_by_label("Printer", exact=True).select_option("m290")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".build-item")).to_have_count(15)
    expect(page.get_by_role("link", name="m290 job28")).to_have_attribute("href", "/builds/m290/job28")


def url_of(client: Redis) -> str:
    return "redis://127.0.0.1:{port}/0".format(**client.connection_pool.connection_kwargs)


def quiet(browser: Browser, url: str) -> Page:
    """Open a page whose pictures are not there, about which a console complains."""
    page = browser.new_page()
    page.set_default_timeout(10_000)
    page.goto(url)
    return page


def test_pictures_that_cannot_be_reached_are_replaced_by_the_overlay_and_that_is_said(
    any_redis: Redis, some_verdict: VerdictMaker, publish: Publisher, start: Callable[..., Any], browser: Browser
) -> None:
    publish(any_redis, some_verdict(layer=7, decision=Decision.REVIEW, areas_px=(900,)))
    address = start("serve", "--port", "0", url=url_of(any_redis)).address()

    page = quiet(browser, f"{address}/builds/m290/job42")

    expect(page.locator("#viewer-note")).to_contain_text("This is the overlay that the worker drew.")
    expect(page.locator("#pictures img")).to_have_attribute(
        "alt", "Overlay of layer 7, melt; the summary says what is marked."
    )
    page.close()


def test_new_verdicts_lengthen_the_strip_and_are_followed_and_told_once(  # noqa: PLR0917 - the parts of a plant
    any_redis: Redis,
    some_verdict: VerdictMaker,
    publish: Publisher,
    start: Callable[..., Any],
    browser: Browser,
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/history/history.sqlite3"
    record(url, [some_verdict(layer=layer) for layer in range(1, 4)])
    serve = start("serve", "--port", "0", url=url_of(any_redis), MONITORING_DATABASE_URL=url)
    page = quiet(browser, f"{serve.address()}/builds/m290/job42")
    page.wait_for_selector('body[data-link="live"]')
    expect(page.get_by_role("button", name="Follow the latest")).to_have_attribute("aria-pressed", "true")
    page.evaluate("""() => {
        window.told = [];
        for (const id of ['say-polite', 'say-urgent']) {
            new MutationObserver(() => told.push(document.getElementById(id).textContent))
                .observe(document.getElementById(id), {childList: true});
        }
    }""")

    publish(any_redis, some_verdict(layer=4, decision=Decision.REVIEW, areas_px=(900,)))
    expect(page.locator("#layer-name")).to_have_text("Layer 4 melt")
    expect(page.locator("#strip-range")).to_have_text("1 to 4")
    expect(page.locator("#say-polite")).to_contain_text("New: Layer 4")  # what comes before it is said is said with it
    page.keyboard.press(",")
    expect(page.locator("#layer-name")).to_have_text("Layer 3 melt")
    expect(page.get_by_role("button", name="Follow the latest")).to_have_attribute("aria-pressed", "false")
    publish(any_redis, some_verdict(layer=5, decision=Decision.REJECT, areas_px=(2400,)))

    expect(strip(page)).to_have_attribute("aria-valuemax", "5")
    expect(page.locator("#layer-name")).to_have_text("Layer 3 melt")
    expect(page.locator("#say-polite")).to_have_text("New: Layer 5, melt: reject, 1 region.")
    news = [text for text in page.evaluate("told") if text.startswith("New: ")]
    assert news == ["New: Layer 4, melt: review, 1 region.", "New: Layer 5, melt: reject, 1 region."]
    expect(page.locator(".build-head")).to_contain_text("5 layers, 5 layer sets")
    expect(page.locator("#build-counts")).to_contain_text("3 pass")
    expect(page.locator("#worst li").first).to_have_text("Layer 5 melt: reject 1 region, 0.24 %")
    page.get_by_role("button", name="Follow the latest").click()
    expect(page.locator("#layer-name")).to_have_text("Layer 5 melt")
    assert serve.stop() == 0
    page.wait_for_selector('body[data-link="lost"]')
    expect(page.get_by_text("No connection to the server.")).to_be_visible()
    page.close()
