"""The `promote` command."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from layerwatch.atomic import write_atomic
from layerwatch.settings import load_settings
from trainer.commands.app import app
from trainer.labels.rules import Role
from trainer.options import (
    DefectClassesOption,
    LabelBoxesOption,
    LabelClassesOption,
    LabelsOption,
    MasksOption,
    RegistryOption,
)
from trainer.settings import TrainerSettings

REFUSED = 1


@app.command()
def promote(  # noqa: PLR0913 - one parameter an option
    model: Annotated[str, typer.Argument(metavar="NAME[/VERSION]", help="In the registry; NAME alone is its newest.")],
    *,
    images: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of pictures with known truth, used where NAME has no regression set; repeatable."),
    ] = None,
    profile: Annotated[list[str] | None, typer.Option(help="Profile of the printer, as in `evaluate`.")] = None,
    masks: MasksOption = None,
    defect_classes: DefectClassesOption = None,
    labels: LabelsOption = None,
    label_classes: LabelClassesOption = None,
    label_boxes: LabelBoxesOption = Role.DEFECT,
    without_regression: Annotated[
        bool, typer.Option("--without-regression", help="Go without pictures where there are none to measure on.")
    ] = False,
    int8_points: Annotated[
        float, typer.Option(min=0, help="Points of region recall that int8 may lie below float32.")
    ] = 0.5,
    agreement: Annotated[
        float, typer.Option(min=0, max=1, help="Share of layer sets that int8 and float32 decide alike, at least.")
    ] = 0.99,
    found_points: Annotated[
        float, typer.Option(min=0, help="Points of region recall that may be lost against the one in service.")
    ] = 0.5,
    flagged_points: Annotated[
        float,
        typer.Option(min=0, help="Points of clean layer sets that may be flagged more than by the one in service."),
    ] = 1.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write what was checked here as JSON.")] = None,
    registry: RegistryOption = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; by default all.")] = None,
) -> None:
    """Put a version in service if it passes every check; otherwise nothing changes, and it is said why (status 1).

    Checked: the hash of each file; a self-test of each network; int8 against float32 and the new bundle against the
    one in service, on the regression set of NAME. The log REGISTRY/NAME/promotions.jsonl keeps each answer.
    """
    settings = load_settings(TrainerSettings, registry_dir=registry)
    from layerwatch.registry import Registry  # noqa: PLC0415
    from trainer.gate import Gate  # noqa: PLC0415 - slow to import
    from trainer.promotion import Limits  # noqa: PLC0415
    from trainer.published import newest  # noqa: PLC0415
    from trainer.registry_tables import check_table  # noqa: PLC0415
    from trainer.sources import parse_sources  # noqa: PLC0415

    console = Console()
    gate = Gate(
        registry=Registry(settings.registry_dir),
        sources=parse_sources(
            images or [],
            masks or [],
            profile or [],
            (),
            defect_classes or [],
            labels=labels or [],
            label_classes=label_classes or [],
            label_boxes=label_boxes,
        )
        if images
        else (),
        without_regression=without_regression,
        limits=Limits(
            int8_points=int8_points, agreement=agreement, found_points=found_points, flagged_points=flagged_points
        ),
        threads=threads,
        console=console,
    )
    name, _, version = model.partition("/")
    result = gate.promote(name, version or newest(gate.registry, name).version)
    console.print(check_table(f"{result.bundle}, measured on {result.measured_on}", result.checks))
    if json_file is not None:
        write_atomic(json_file, (result.model_dump_json(indent=1) + "\n").encode())
    if not result.passed:
        console.print(f"[bold]{result.bundle} is not promoted;[/bold] {result.current or 'nothing'} stays in service")
        raise typer.Exit(REFUSED)
    console.print(f"{result.bundle} is in service now")
