"""`python -m demo screenshots`: what `make screenshots` runs."""

import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo.fresh import free_ports, fresh_folder
from demo.plan import DemoPlan
from demo.printing import say
from demo.screenshots.builds import PROFILE
from demo.screenshots.camera import SCREENS, THEMES, Shot, open_browser, take
from demo.screenshots.pages import shots
from demo.screenshots.plant import LAYER_SETS, Plant
from layerwatch.errors import LayerwatchError


def take_screenshots(
    *,
    out: Annotated[Path, typer.Option(help="Where the pictures go: PAGE-SCREEN-THEME.jpg.")] = Path("docs/screenshots"),
    only: Annotated[list[str] | None, typer.Option(metavar="PAGE", help="Leave the others out; repeatable.")] = None,
    size: Annotated[int, typer.Option(min=256, help="Width and height of the simulated pictures.")] = 1000,
    period: Annotated[float, typer.Option(min=0.0, help="Seconds from layer to layer.")] = 1.2,
    run_dir: Annotated[Path, typer.Option(help="Where the plant works meanwhile; emptied at the start.")] = Path(
        "run/screenshots"
    ),
) -> None:
    """Print two builds, let them be inspected, and picture every page in both themes, on a desk and on a phone.

    It takes two minutes, a Redis and printers of its own, and Chromium. Ctrl-C ends all of it.

    Only the page of one build, into another folder:

    `python -m demo screenshots --only build --out /tmp/pictures`
    """
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    with ExitStack() as stack:
        browser = stack.enter_context(open_browser())  # a missing one is told before anything starts
        stack.enter_context(fresh_folder(run_dir))
        plan = _plan(run_dir.resolve(), size=size, period=period)
        plant = Plant(plan)
        wanted = _wanted(shots(plan.page_url, plant.login_url, plan.incoming), only or [])
        progress = stack.enter_context(_progress())
        printing = progress.add_task("printing and inspecting", total=LAYER_SETS)
        stack.enter_context(plant)
        plant.start()
        plant.print_builds(lambda judged: progress.update(printing, completed=judged))
        pictures = progress.add_task("taking pictures", total=len(wanted) * len(SCREENS) * len(THEMES))
        for _ in take(browser, wanted, out):
            progress.advance(pictures)
    say(f"{len(wanted) * len(SCREENS) * len(THEMES)} pictures in {out}")


def _plan(run_dir: Path, *, size: int, period: float) -> DemoPlan:
    return DemoPlan(
        run_dir=run_dir,
        profile=PROFILE,
        layers=None,
        period=period,
        size=size,
        seed=0,
        source=None,
        once=True,
        ports=free_ports(0),
        redis_url=None,
        build="",
    )


def _wanted(every: list[Shot], only: list[str]) -> list[Shot]:
    unknown = set(only) - {shot.name for shot in every}
    if unknown:
        names = ", ".join(shot.name for shot in every)
        raise LayerwatchError(f"there is no page {', '.join(sorted(unknown))}; --only takes {names}")
    return [shot for shot in every if not only or shot.name in only]


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def _stop(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
