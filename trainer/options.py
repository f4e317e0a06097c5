"""Options that several commands share, written once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from layerwatch.bundle import Precision
from trainer.labels.rules import Role

ImagesOption = Annotated[
    list[Path], typer.Option("--images", help="Folder of pictures as the printer wrote them; repeatable.")
]
MasksOption = Annotated[
    list[str] | None,
    typer.Option(
        "--masks",
        help="Folder with the masks of the pictures, LAYER_STAGE.png or named as the picture; or the word `clean` (no "
        "picture shows a defect), `threshold` (make masks by thresholding, which is no truth) or `skip` (leave out "
        "what has no --labels). Once for each --images; left out, masks are made by thresholding.",
    ),
]
ProfileOption = Annotated[
    list[str],
    typer.Option("--profile", help="Profile of the printer: a shipped name or a TOML file; one for all or each."),
]
DefectClassesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--defect-classes",
        help="Grey values of the mask that are defects, as 2,3,4,5; empty for all above 128. One for all or each.",
    ),
]
LabelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--labels",
        help="What people drew: a file or folder of LabelMe or COCO JSON, Pascal VOC XML or PNG masks (128: to be "
        "ignored). Wins over --masks, layer set by layer set. Once for each --images, or `none`.",
    ),
]
LabelClassesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--label-classes",
        help="What the classes of the labels are, as streak,spatter,part=background,shadow=ignore; left out, all are "
        "defects but `ignore`. One for all or each.",
    ),
]
LabelBoxesOption = Annotated[
    Role,
    typer.Option(
        "--label-boxes",
        help="What a box around a defect is: all of it `defect`, or `ignore` where boxes are loose, or `background`.",
    ),
]
CorrectionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--corrections",
        help="What people drew where a verdict was wrong: a file or folder of LabelMe or COCO JSON or Pascal VOC XML, "
        "`false-alarm` for what is none, a defect's name for what was missed. Drawn over labels and masks, all else "
        "stays as they have it. Once for each --images, or `none`.",
    ),
]
MinRecallOption = Annotated[
    float | None,
    typer.Option(
        help="Operating point: find this share of the regions (0..1), flag as few clean layer sets as can be."
    ),
]
MinPrecisionOption = Annotated[
    float | None,
    typer.Option(help="Operating point: this share of what is marked is a defect (0..1), find as many as can be."),
]
MissCostOption = Annotated[
    float | None,
    typer.Option(help="Operating point: a missed region costs so many times a false one; the smallest sum wins."),
]
CleanFlaggedOption = Annotated[
    float | None,
    typer.Option(
        help="Operating point, when nothing else is wished: flag at most this share of the clean layer sets, find as "
        "many regions as can be.  [default: 0.1]",
        show_default=False,
    ),
]
RegistryOption = Annotated[
    Path | None, typer.Option("--registry", help="Registry of models.  [env: REGISTRY_DIR]", show_default=False)
]


class DeviceName(StrEnum):
    AUTO = "auto"  # the fastest there is
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class PrecisionChoice(StrEnum):
    BOTH = "both"
    INT8 = "int8"
    FLOAT32 = "float32"

    @property
    def precisions(self) -> tuple[Precision, ...]:
        both: tuple[Precision, ...] = ("float32", "int8")
        return tuple(precision for precision in both if self in {PrecisionChoice.BOTH, precision})
