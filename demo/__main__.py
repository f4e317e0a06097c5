"""`python -m demo`: the whole system on one machine. `make demo` installs what it needs and runs it."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from honcho.manager import Manager

from demo.console import DemoConsole, last_lines
from demo.fresh import free_ports, fresh_folder
from demo.plan import DemoPlan
from demo.printing import Score, say, wait_until_ready, write_pictures
from demo.screenshots.command import take_screenshots
from layerwatch.cli import INTERRUPTED, run_app
from layerwatch.errors import LayerwatchError
from layerwatch.profile import load_profile
from layerwatch.redis_connection import connect
from layerwatch.redis_results import RedisResults

app = typer.Typer(no_args_is_help=True, help="The whole system on one machine, with a simulated printer.")


@app.command("run")
def run(  # noqa: PLR0913 - one option a choice of the user
    *,
    once: Annotated[bool, typer.Option(help="End when every layer has its verdict, with a summary.")] = False,
    layers: Annotated[int | None, typer.Option(min=1, help="Layers to print; without, it prints until Ctrl-C.")] = None,
    source: Annotated[Path | None, typer.Option(help="Stream the pictures of this folder instead.")] = None,
    profile: Annotated[
        str, typer.Option(help="How the printer writes: a shipped profile or a .toml file.")
    ] = "nist-ammt",
    period: Annotated[float, typer.Option(min=0.0, help="Seconds from layer to layer.")] = 2.0,
    size: Annotated[int, typer.Option(min=64, help="Width and height of the simulated pictures.")] = 1000,
    seed: Annotated[int, typer.Option(help="Another number prints another build.")] = 7,
    port: Annotated[int, typer.Option(help="Of the page; a free one is taken where it is in use.")] = 8000,
    run_dir: Annotated[Path, typer.Option(help="Where pictures, verdicts and logs go; emptied at the start.")] = Path(
        "run/demo"
    ),
) -> None:
    """Start server, printer, ingest, worker and page, and show verdicts as they come."""
    load_profile(profile)  # a wrong name is told before anything starts
    if source is not None and not source.is_dir():
        raise LayerwatchError(f"there is no folder {source}; SOURCE=DIR names a folder of pictures")
    with fresh_folder(run_dir):
        plan = DemoPlan(
            run_dir=run_dir.resolve(),
            profile=profile if not profile.endswith(".toml") else str(Path(profile).resolve()),
            layers=layers if layers is not None or not once or source else 8,
            period=period,
            size=size,
            seed=seed,
            source=source.resolve() if source else None,
            once=once,
            ports=free_ports(port),
            redis_url=os.environ.get("REDIS_URL") or None,
            build=time.strftime("%m%d-%H%M%S"),
        )
        raise typer.Exit(supervise(plan))


app.command("screenshots")(take_screenshots)


@app.command("print", hidden=True)
def print_build(  # noqa: PLR0913 - filled in by the plan
    command: Annotated[list[str], typer.Argument()],
    *,
    run_dir: Annotated[Path, typer.Option()],
    profile: Annotated[str, typer.Option()],
    build: Annotated[str, typer.Option()],
    health: Annotated[list[str], typer.Option()],
    once: Annotated[bool, typer.Option()] = False,
) -> None:
    """Wait for the roles, print, count the answers: one of the processes of `run`."""
    wait_until_ready(health)
    results = RedisResults(connect(os.environ["REDIS_URL"]))
    score = Score(results, run_dir / "incoming", load_profile(profile), build=build)
    write_pictures(command)
    outcome = score.final()
    (run_dir / "summary.txt").write_text(f"{outcome}\n", encoding="utf-8")
    if not once:
        say(f"{outcome}\nall pictures are written; the page stays up until Ctrl-C")
        signal.pause()
    raise typer.Exit(1 if outcome.lost else 0)


def supervise(plan: DemoPlan) -> int:
    """Run all processes until one ends or Ctrl-C, stop the others, and return the exit status."""
    for folder in (plan.incoming, plan.logs, plan.run_dir / "artifacts"):
        folder.mkdir(parents=True, exist_ok=True)
    manager = Manager(DemoConsole(plan.logs))
    for name, command in plan.commands().items():
        manager.add_process(name, command, env=plan.environment())
    # A closed terminal must not leave processes behind either.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    say(f"page     {plan.page_url}\npictures {plan.incoming}\nverdicts {plan.run_dir / 'artifacts'}")
    say(f"logs     {plan.logs}\nsubscribe: redis-cli -p {plan.ports.redis} SUBSCRIBE layerwatch:verdicts\n")
    manager.loop()
    return conclude(plan, manager)


def conclude(plan: DemoPlan, manager: Manager) -> int:
    """Say how it ended: the summary, or which process failed and why."""
    status = int(manager.returncode or 0)
    if plan.summary_file.is_file():
        say(plan.summary_file.read_text(encoding="utf-8").strip())
    elif status not in (INTERRUPTED, 128 + signal.SIGTERM):
        for log in sorted(plan.logs.glob("*.log")):
            say(f"--- {log.name}\n{last_lines(log)}")
        say(f"error: the demo ended early, with status {status}; the logs stand above and in {plan.logs}")
        return status or 1
    return 0 if status == INTERRUPTED else status


def main(argv: Sequence[str] | None = None) -> int:
    return run_app(app, argv)


if __name__ == "__main__":
    sys.exit(main())
