"""The `pack` command."""

from pathlib import Path
from typing import Annotated

import typer

from layerwatch.settings import load_settings
from trainer.commands.app import app
from trainer.options import RegistryOption
from trainer.settings import TrainerSettings


@app.command()
def pack(
    bundle: Annotated[str, typer.Argument(help="Directory of a bundle, or NAME or NAME/VERSION in the registry.")],
    target: Annotated[Path, typer.Argument(help="New or empty directory.")],
    *,
    without: Annotated[list[str] | None, typer.Option(help="File to leave out; repeatable.")] = None,
    evaluation: Annotated[
        list[str] | None,
        typer.Option(help="TITLE=FILE, what `evaluate --json` wrote, to be told in manifest and card; repeatable."),
    ] = None,
    registry: RegistryOption = None,
) -> None:
    """Copy a bundle to where it is shipped from, without what is not needed there, and with its measurements."""
    settings = load_settings(TrainerSettings, registry_dir=registry)
    from layerwatch.registry import Registry  # noqa: PLC0415
    from trainer.packing import pack as pack_bundle  # noqa: PLC0415
    from trainer.packing import read_evaluations  # noqa: PLC0415

    source = Registry(settings.registry_dir).resolve(bundle)
    manifest = pack_bundle(source, target, without=without or [], evaluations=read_evaluations(evaluation or []))
    total = sum(entry.bytes for entry in manifest.files.values())
    typer.echo(f"{manifest.id}: {len(manifest.files)} files, {total / 1e6:.1f} MB in {target}")
