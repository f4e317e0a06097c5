"""The `work` command."""

import typer

from layerwatch.health import serve_health
from layerwatch.logs import configure_logging
from layerwatch.redis_connection import answers, connect
from layerwatch.settings import load_settings
from layerwatch.signals import stop_on_signals
from trainer.commands.app import app
from trainer.jobs.settings import JobSettings


@app.command()
def work() -> None:
    """Take training jobs from the queue, one at a time, until SIGTERM or Ctrl-C; start it once a machine.

    Each runs as a process of its own. One that was stopped or killed, with or without this process, is taken again and
    goes on from its checkpoint. /health answers on TRAINER_METRICS_PORT. Settings: REDIS_URL, REGISTRY_DIR,
    TRAINER_JOBS_DIR, TRAINER_DATA_DIRS, TRAINER_….
    """
    settings = load_settings(JobSettings)
    configure_logging(settings.log_format)
    from trainer.jobs.worker import serve  # noqa: PLC0415 - slow to import

    probe = connect(settings.redis_url, retries=0)
    with (
        stop_on_signals() as stop,
        serve_health(settings.metrics_port, checks={"redis": lambda: answers(probe)}, host=settings.metrics_host),
    ):
        serve(connect(settings.redis_url), settings, stop)
    typer.echo("stopped; what was begun goes on when a worker is there", err=True)
