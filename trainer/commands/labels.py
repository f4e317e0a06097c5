"""The `labels` command."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from trainer.commands.app import app
from trainer.labels.rules import Role
from trainer.options import LabelBoxesOption


@app.command()
def labels(  # noqa: PLR0913 - one parameter an option
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IMPORT",
            help="File or folder of labels: LabelMe or COCO .json, Pascal VOC .xml, PNG masks; also beside the "
            "pictures, also mixed.",
            exists=True,
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the masks.")],
    *,
    images: Annotated[Path, typer.Option(help="Folder of the pictures that the labels were made for.")],
    profile: Annotated[str, typer.Option(help="Profile of the printer: a shipped name or a TOML file.")],
    label_classes: Annotated[
        str,
        typer.Option(
            help="What the classes are, as streak,spatter,part=background,shadow=ignore; left out, all are defects "
            "but `ignore`."
        ),
    ] = "",
    label_boxes: LabelBoxesOption = Role.DEFECT,
    defect_classes: Annotated[
        str, typer.Option(help="Grey values that are defects in PNG masks of class numbers, as 2,3,4,5.")
    ] = "",
    replace: Annotated[bool, typer.Option(help="Write over masks that OUT holds.")] = False,
) -> None:
    """Turn labels of any format into PNG masks: 255 defect, 0 none, 128 to be ignored; then --labels OUT trains on it.

    `train` and `evaluate` read the same formats directly; this is to look at them, and to go on drawing in the masks.
    """
    from rich.progress import track  # noqa: PLC0415

    from trainer.label_import import import_labels, print_imported  # noqa: PLC0415 - slow to import
    from trainer.sources import SKIP, parse_sources  # noqa: PLC0415

    console = Console()
    (read,) = parse_sources(
        [images],
        [SKIP],
        [profile],
        (),
        [defect_classes],
        labels=[str(source)],
        label_classes=[label_classes],
        label_boxes=label_boxes,
    )
    imported = import_labels(
        read,
        out,
        replace=replace,
        track=lambda found: track(found, description="drawing masks", console=console),
    )
    print_imported(imported, out, console)
