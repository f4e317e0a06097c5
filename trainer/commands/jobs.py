"""The commands `jobs` and `cancel`."""

from typing import Annotated

import typer
from rich.console import Console

from layerwatch.redis_connection import reach_redis
from layerwatch.settings import load_settings
from trainer.commands.app import app
from trainer.jobs.settings import JobSettings


@app.command()
def jobs(*, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List training jobs, the newest last: how far the running one is, and what became of the others."""
    from json import dumps  # noqa: PLC0415

    from trainer.jobs.board import Board  # noqa: PLC0415 - slow to import
    from trainer.jobs.table import jobs_table  # noqa: PLC0415

    with reach_redis(load_settings(JobSettings).redis_url) as client:
        shown = Board(client).all()
    if json:
        typer.echo(dumps(shown, indent=1))
    else:
        Console().print(jobs_table(shown))


@app.command()
def cancel(job_id: Annotated[str, typer.Argument(metavar="JOBID", help="As `submit` printed it.")]) -> None:
    """Stop a training job for good, running or not; nothing of it is published."""
    from trainer.jobs.board import State  # noqa: PLC0415 - slow to import
    from trainer.jobs.queue import cancel as cancel_job  # noqa: PLC0415

    with reach_redis(load_settings(JobSettings).redis_url) as client:
        state = cancel_job(client, job_id)
    typer.echo(f"{job_id} is cancelled" if state is State.CANCELLED else f"{job_id} is asked to stop ({state})")
