"""The `quantize` command."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from layerwatch.atomic import write_atomic
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
def quantize(  # noqa: PLR0913 - one parameter an option
    bundle: Annotated[str, typer.Argument(help="Directory of a bundle, or NAME or NAME/VERSION in the registry.")],
    *,
    average: Annotated[
        list[str] | None,
        typer.Option(
            help="Another bundle, to average the float32 weights with first; repeatable. Holds where one was trained "
            "from the other, or all from the same."
        ),
    ] = None,
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
    work: Annotated[Path, typer.Option(help="Folder for prepared pictures.")] = Path("data/quantizing"),
    registry: RegistryOption = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads of the comparison; by default all.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the comparison here as JSON.")] = None,
) -> None:
    """Make int8 and the operating points of a bundle anew and publish that as a new version.

    Ends with a table: torch as it is, dynamic int8 (which leaves convolutions alone), and static int8 in both engines;
    size, time and average precision of each, in one run.
    """
    settings = load_settings(TrainerSettings, registry_dir=registry)
    from layerwatch.registry import Registry  # noqa: PLC0415
    from trainer.requantize import Order, as_json, requantize  # noqa: PLC0415 - slow to import
    from trainer.sources import parse_sources  # noqa: PLC0415

    models = Registry(settings.registry_dir)
    order = Order(
        bundle=models.resolve(bundle),
        averaged=tuple(map(models.resolve, average or [])),
        sources=parse_sources(
            images,
            masks or [],
            profile,
            (),
            defect_classes or [],
            labels=labels or [],
            label_classes=label_classes or [],
            label_boxes=label_boxes,
            corrections=corrections or [],
        ),
        wish=make_wish(
            min_recall=min_recall, min_precision=min_precision, miss_cost=miss_cost, clean_flagged=clean_flagged
        ),
        version=version,
        work=work,
        registry=settings.registry_dir,
        threads=threads or len(os.sched_getaffinity(0)),
    )
    ways = requantize(order, Console())
    if json_file is not None:
        write_atomic(json_file, (json.dumps(as_json(ways), indent=1) + "\n").encode())
