"""The commands about what the registry holds: `list`, `show`, `verify` and `rollback`."""

from typing import Annotated

import typer
from rich.console import Console

from layerwatch.bundle import load_manifest
from layerwatch.registry import Registry
from layerwatch.settings import load_settings
from trainer.commands.app import app
from trainer.options import RegistryOption
from trainer.settings import TrainerSettings

BROKEN = 1
ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME[/VERSION]|DIR", help="Of the registry, NAME alone is what is in service; or a directory."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_versions(
    name: Annotated[str | None, typer.Argument(help="Of the model; by default all.")] = None,
    registry: RegistryOption = None,
) -> None:
    """List the versions in the registry with their figures, as measured on their validation data."""
    from trainer.published import published  # noqa: PLC0415
    from trainer.registry_tables import versions_table  # noqa: PLC0415

    place = _registry(registry)
    names = [name] if name is not None else place.names()
    if not names:
        typer.echo(f"the registry {place.root} holds no model yet")
        return
    manifests = [manifest for each in names for manifest in published(place, each)]
    Console().print(versions_table(manifests, [f"{each}/{place.current(each)}" for each in names]))


@app.command()
def show(model: ModelArgument, *, json: JsonOption = False, registry: RegistryOption = None) -> None:
    """Show what the manifest of a bundle says, and what the log says of its version."""
    from trainer.registry_tables import history_table, manifest_table  # noqa: PLC0415

    place = _registry(registry)
    manifest = load_manifest(place.resolve(model))
    if json:
        typer.echo(manifest.model_dump_json(by_alias=True, indent=1))
        return
    console = Console()
    console.print(manifest_table(manifest, in_service=place.current(manifest.name) == manifest.version))
    told = [one for one in place.history(manifest.name) if one.version == manifest.version]
    if told:
        console.print(history_table(told))


@app.command()
def verify(model: ModelArgument, registry: RegistryOption = None) -> None:
    """Compare each file of a bundle with its manifest and test the networks. Status 1: something is wrong."""
    from trainer.registry_tables import check_table  # noqa: PLC0415
    from trainer.self_test import check_bundle  # noqa: PLC0415 - slow to import

    bundle = _registry(registry).resolve(model)
    checks = list(check_bundle(bundle))
    Console().print(check_table(load_manifest(bundle).id, checks))
    if not all(check.passed for check in checks):
        raise typer.Exit(BROKEN)


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(help="Of the model.")],
    registry: RegistryOption = None,
) -> None:
    """Put the version in service again that was so before; refused where its files are broken."""
    place = _registry(registry)
    before = place.current(name)
    version = place.rollback(name)
    typer.echo(f"{name}/{version} is in service again, in place of {name}/{before}")


def _registry(option: object) -> Registry:
    return Registry(load_settings(TrainerSettings, registry_dir=option).registry_dir)
