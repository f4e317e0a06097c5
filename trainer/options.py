"""Options that several commands share, written once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from layerwatch.bundle import Precision

ImagesOption = Annotated[
    list[Path], typer.Option("--images", help="Folder of pictures as the printer wrote them; repeatable.")
]
MasksOption = Annotated[
    list[str] | None,
    typer.Option(
        "--masks",
        help="Folder with the masks of the pictures, LAYER_STAGE.png or named as the picture; or the word `clean` (no "
        "picture shows a defect) or `threshold` (make masks by thresholding, which is no truth). Once for each "
        "--images; left out, masks are made by thresholding.",
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
        help="Grey values of the mask that are defects, as 2,3,4,5; empty for all above 127. One for all or each.",
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
