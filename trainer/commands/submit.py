"""The `submit` command."""

from typing import Annotated

import typer

from layerwatch.redis_connection import reach_redis
from layerwatch.settings import load_settings
from trainer.commands.app import app
from trainer.jobs.settings import JobSettings

EVERYTHING_AFTER_THE_NAME = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "allow_interspersed_args": False,
}


@app.command(context_settings=EVERYTHING_AFTER_THE_NAME)
def submit(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Of the model to train.")],
) -> None:
    """Queue a training for `python -m trainer work`: NAME, and then the options of `train`.

    `python -m trainer submit NAME --help` shows them. Folders are made absolute here and read when the job begins, so
    labels and corrections that are drawn until then count. Prints the id of the job, for `jobs` and `cancel`.
    """
    from trainer.jobs.options import read_options  # noqa: PLC0415 - slow to import
    from trainer.jobs.queue import new_message  # noqa: PLC0415
    from trainer.jobs.queue import submit as put_on_queue  # noqa: PLC0415
    from trainer.jobs.train_command import train_command  # noqa: PLC0415

    options = read_options(train_command(), context.args)
    version = options.pop("version", (None,))[0]
    message = new_message(name, version, options)
    with reach_redis(load_settings(JobSettings).redis_url) as client:
        put_on_queue(client, message)
    typer.echo(message.id)
