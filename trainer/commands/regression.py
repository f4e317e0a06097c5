"""The `regression` command."""

from typing import Annotated

import typer
from rich.console import Console

from layerwatch.settings import load_settings
from trainer.commands.app import app
from trainer.labels.rules import Role
from trainer.options import (
    DefectClassesOption,
    ImagesOption,
    LabelBoxesOption,
    LabelClassesOption,
    LabelsOption,
    MasksOption,
    ProfileOption,
    RegistryOption,
)
from trainer.settings import TrainerSettings


@app.command()
def regression(  # noqa: PLR0913 - one parameter an option
    name: Annotated[str, typer.Argument(help="Name of the model, as `train --name`.")],
    *,
    images: ImagesOption,
    profile: ProfileOption,
    masks: MasksOption = None,
    defect_classes: DefectClassesOption = None,
    labels: LabelsOption = None,
    label_classes: LabelClassesOption = None,
    label_boxes: LabelBoxesOption = Role.DEFECT,
    replace: Annotated[bool, typer.Option(help="Freeze another set in place of the one that is there.")] = False,
    registry: RegistryOption = None,
) -> None:
    """Freeze layer sets with known truth as what every model of this name is measured on.

    `train --name NAME` never learns from them, whatever their files are called: it knows the pictures by content.
    """
    settings = load_settings(TrainerSettings, registry_dir=registry)
    from rich.progress import track  # noqa: PLC0415

    from trainer.regression import freeze, save_regression  # noqa: PLC0415 - slow to import
    from trainer.sources import parse_sources  # noqa: PLC0415

    console = Console()
    sources = parse_sources(
        images,
        masks or [],
        profile,
        (),
        defect_classes or [],
        labels=labels or [],
        label_classes=label_classes or [],
        label_boxes=label_boxes,
    )
    frozen = freeze(name, sources, lambda found: track(found, description="hashing pictures", console=console))
    path = save_regression(settings.registry_dir, frozen, replace=replace)
    console.print(f"{len(frozen.layers)} layer sets are frozen in {path}")
