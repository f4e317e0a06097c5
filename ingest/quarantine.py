"""The commands `requeue` and `quarantine`: a person looks at what was given up on, and asks for it again."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from redis import Redis
from rich.console import Console
from rich.table import Table

from ingest.again import Answer, Asked, Desk
from ingest.by_value import sender_of
from ingest.printers import printers_of
from ingest.settings import IngestSettings
from ingest.source import SourceDownError
from layerwatch.errors import SettingsError
from layerwatch.layers import LayerKey
from layerwatch.pictures import SourceFolder
from layerwatch.ports import GivenUp
from layerwatch.redis_connection import reach_redis
from layerwatch.redis_queue import RedisQueue
from layerwatch.redis_results import RedisResults
from layerwatch.settings import load_settings

quarantine = typer.Typer(
    no_args_is_help=True,
    help="The inspections that were given up on after several attempts; each has an invalid verdict that says why.",
)


def requeue(  # noqa: PLR0913 - one argument an option
    layers: Annotated[list[str], typer.Argument(help="Layers such as m290_job42_000123_melt, or ids of inspections.")],
    *,
    source: Annotated[Path | None, typer.Option(help="Folder of the pictures. (env SOURCES_DIR)")] = None,
    printers: Annotated[Path | None, typer.Option(help="TOML file of several printers. (env INGEST_PRINTERS)")] = None,
    profile: Annotated[str | None, typer.Option(help="How the printer names its files. (env INGEST_PROFILE)")] = None,
    printer: Annotated[str | None, typer.Option(help="Name of the machine. (env INGEST_PRINTER)")] = None,
    build: Annotated[str | None, typer.Option(help="Build where no name tells one. (env INGEST_BUILD)")] = None,
) -> None:
    """Inspect layers again, with the pictures that lie in the folder now: after another model, or a mended camera.

    The verdict is a new revision of the layer; the one before stays in the history. Give the options, or the
    environment, that `ingest run` has. Exits with 1 if a layer cannot be queued.
    """
    settings = load_settings(
        IngestSettings, sources_dir=source, printers=printers, profile=profile, printer=printer, build=build
    )
    keys = [_key(layer) for layer in layers]
    with reach_redis(settings.redis_url) as client:
        try:
            _tell(_desk(client, settings).requeue(list(dict.fromkeys(keys)), printers_of(settings)))
        except SourceDownError as error:
            raise SettingsError(f"the folder is away, so nothing was queued: {error}") from error


@quarantine.command(name="list")
def list_given_up(*, as_json: Annotated[bool, typer.Option("--json", help="Print it for programs.")] = False) -> None:
    """List the inspections that were given up on, and why."""
    with reach_redis(load_settings(IngestSettings).redis_url) as client:
        given_up = RedisQueue(client).given_up()
    if as_json:
        typer.echo(json.dumps([_facts(one) for one in given_up], indent=1))
    elif given_up:
        Console(width=None if sys.stdout.isatty() else 200).print(_table(given_up))
    else:
        typer.echo("Nothing was given up on.")


@quarantine.command()
def retry(
    layers: Annotated[
        list[str] | None, typer.Argument(help="Layers such as m290_job42_000123_melt, or ids of inspections.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that were given up on.")] = False,
) -> None:
    """Inspect again what was given up on, with the pictures that were meant then; exits with 1 if one cannot be.

    Mend first what the reasons name: a share that was away, a disk that was full. The new verdict is another revision.
    Pictures that were sent with their bytes are sent again, from SOURCES_DIR.
    """
    if bool(layers) == everything:
        raise SettingsError("name layers of `quarantine list`, or say --all")
    settings = load_settings(IngestSettings)
    with reach_redis(settings.redis_url) as client:
        chosen = [one for one in RedisQueue(client).given_up() if everything or _is_named(one, layers or [])]
        if not chosen:
            raise SettingsError("nothing of that was given up on; see: python -m ingest quarantine list")
        _tell(_desk(client, settings).retry(chosen))


def _key(text: str) -> LayerKey:
    try:
        return LayerKey.parse(text)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _is_named(one: GivenUp, names: Sequence[str]) -> bool:
    return one.id in names or one.layer in names


def _desk(client: Redis, settings: IngestSettings) -> Desk:
    queue = RedisQueue(client)
    return Desk(
        queue=queue,
        quarantine=queue,
        ledger=RedisResults(client),
        sender=sender_of(settings, client, SourceFolder(settings.sources_dir.expanduser()).locate),
        by_value=settings.send == "bytes",
    )


def _tell(asked: Sequence[Asked]) -> None:
    """Print what became of each request, and exit with 1 if one of them came to nothing."""
    for one in asked:
        typer.echo(f"{one.layer}: {_in_words(one)}")
    if any(one.answer in {Answer.UNKNOWN, Answer.UNREADABLE, Answer.UNSENT} for one in asked):
        raise typer.Exit(code=1)


def _in_words(one: Asked) -> str:
    if one.answer is Answer.QUEUED:
        return f"{one.answer} as revision {one.revision}"
    if one.answer is Answer.UNREADABLE:
        return f"{one.answer}; with the pictures that lie in the folder now: python -m ingest requeue {one.layer}"
    return str(one.answer)


def _facts(one: GivenUp) -> dict[str, str | None]:
    return {
        "id": one.id,
        "layer": one.layer,
        "reason": one.reason,
        "at": one.at.isoformat() if one.at else None,
    }


def _table(given_up: Sequence[GivenUp]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("layer", "given up", "why"):
        table.add_column(column)
    for one in given_up:
        table.add_row(one.layer or one.id, f"{one.at:%Y-%m-%d %H:%M}" if one.at else "", one.reason)
    return table
