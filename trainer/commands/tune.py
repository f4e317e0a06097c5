"""The `tune` command."""

from typing import Annotated

import typer
from rich.console import Console

from layerwatch.settings import load_settings
from trainer.commands.app import app
from trainer.labels.rules import Role
from trainer.options import (
    CleanFlaggedOption,
    CorrectionsOption,
    DefectClassesOption,
    ImagesOption,
    LabelBoxesOption,
    LabelClassesOption,
    LabelsOption,
    MasksOption,
    MinPrecisionOption,
    MinRecallOption,
    MissCostOption,
    ProfileOption,
    RegistryOption,
)
from trainer.settings import TrainerSettings
from trainer.wish import make_wish


@app.command()
def tune(  # noqa: PLR0913 - one parameter an option
    bundle: Annotated[str, typer.Argument(help="Directory of a bundle, or NAME or NAME/VERSION in the registry.")],
    *,
    images: ImagesOption,
    profile: ProfileOption,
    masks: MasksOption = None,
    defect_classes: DefectClassesOption = None,
    labels: LabelsOption = None,
    label_classes: LabelClassesOption = None,
    label_boxes: LabelBoxesOption = Role.DEFECT,
    corrections: CorrectionsOption = None,
    min_recall: MinRecallOption = None,
    min_precision: MinPrecisionOption = None,
    miss_cost: MissCostOption = None,
    clean_flagged: CleanFlaggedOption = None,
    version: Annotated[str | None, typer.Option(help="Version; by default date and time.")] = None,
    registry: RegistryOption = None,
) -> None:
    """Choose the operating points of a bundle anew and publish that as a new version; its networks stay.

    Give layers that the networks have not learned from, as they come in service: a picture of twice the area has twice
    the room for a false alarm, and another printer has other noise.
    """
    settings = load_settings(TrainerSettings, registry_dir=registry)
    from layerwatch.registry import Registry  # noqa: PLC0415
    from trainer.retune import retune  # noqa: PLC0415 - slow to import
    from trainer.sources import parse_sources  # noqa: PLC0415

    sources = parse_sources(
        images,
        masks or [],
        profile,
        (),
        defect_classes or [],
        labels=labels or [],
        label_classes=label_classes or [],
        label_boxes=label_boxes,
        corrections=corrections or [],
    )
    wish = make_wish(
        min_recall=min_recall, min_precision=min_precision, miss_cost=miss_cost, clean_flagged=clean_flagged
    )
    place = Registry(settings.registry_dir).resolve(bundle)
    retune(place, sources, wish, version, settings.registry_dir, Console())
