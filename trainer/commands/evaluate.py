"""The `evaluate` command."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from layerwatch.atomic import write_atomic
from layerwatch.settings import load_settings
from trainer.commands.app import app
from trainer.labels.rules import Role
from trainer.options import (
    CorrectionsOption,
    DefectClassesOption,
    ImagesOption,
    LabelBoxesOption,
    LabelClassesOption,
    LabelsOption,
    MasksOption,
    PrecisionChoice,
    ProfileOption,
    RegistryOption,
)
from trainer.settings import TrainerSettings
from trainer.wish import COUNTED_PX


@app.command()
def evaluate(  # noqa: PLR0913 - one parameter an option
    *,
    images: ImagesOption,
    profile: ProfileOption,
    bundle: Annotated[str, typer.Option(help="Directory of a bundle, or NAME or NAME/VERSION in the registry.")],
    masks: MasksOption = None,
    defect_classes: DefectClassesOption = None,
    labels: LabelsOption = None,
    label_classes: LabelClassesOption = None,
    label_boxes: LabelBoxesOption = Role.DEFECT,
    corrections: CorrectionsOption = None,
    precision: Annotated[PrecisionChoice, typer.Option(help="Which network.")] = PrecisionChoice.BOTH,
    min_region_px: Annotated[int, typer.Option(min=1, help="Smaller true regions are not asked for.")] = COUNTED_PX,
    at_precision: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=1,
            help="Say the pixel recall where the pixel precision is this, such as that of the masks it learned from; "
            "by default where it is that of float32 at its threshold.",
        ),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here as JSON.")] = None,
    curve: Annotated[
        Path | None, typer.Option(help="Write a PNG of the precision-recall curves of the pixels.")
    ] = None,
    sheet: Annotated[Path | None, typer.Option(help="Write a PNG of the layer sets that went worst.")] = None,
    registry: RegistryOption = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; by default all.")] = None,
) -> None:
    """Measure a bundle on layer sets with known truth, judged exactly as the worker judges."""
    settings = load_settings(TrainerSettings, registry_dir=registry)
    from layerwatch.registry import Registry  # noqa: PLC0415
    from trainer.evaluating import evaluate_bundle, print_report  # noqa: PLC0415 - slow to import
    from trainer.sources import parse_sources  # noqa: PLC0415

    console = Console()
    report, shown = evaluate_bundle(
        Registry(settings.registry_dir).resolve(bundle),
        parse_sources(
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
        precisions=precision.precisions,
        counted_px=min_region_px,
        at_precision=at_precision,
        threads=threads,
        console=console,
    )
    print_report(report, console)
    if json_file is not None:
        write_atomic(json_file, (report.model_dump_json(indent=1) + "\n").encode())
    if sheet is not None:
        write_atomic(sheet, shown.worst.png())
    if curve is not None:
        write_atomic(curve, shown.curves())
