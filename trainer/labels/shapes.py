"""What a person drew, whatever tool wrote it down."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

Point = tuple[float, float]  # x, y in px from the upper left corner; the first pixel reaches from 0 to 1
LINE_WIDTH: Final = 3.0  # px of a line whose file names no width


class Outline(StrEnum):
    POLYGON = "polygon"  # three or more corners
    BOX = "box"  # two opposite corners
    LINE = "line"  # two or more points, `width` wide
    CIRCLE = "circle"  # its centre and a point on it
    RUNS = "runs"  # lengths of runs of pixels outside and inside in turn, down the columns from the left


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One thing that was drawn.

    Attributes:
        name: the class that the person chose.
        ignore: nobody can judge what is inside, whatever its class.
        kind: 0 for no defect, IGNORE, or the number of the class; see `rules.decide`.
    """

    name: str
    outline: Outline
    points: tuple[Point, ...] = ()
    runs: tuple[int, ...] = ()
    width: float = LINE_WIDTH
    ignore: bool = False
    kind: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Everything that was drawn over one picture; without shapes, a person found it clean.

    Attributes:
        file: the label file, for messages.
        picture: the picture's name as the file tells it; never opened.
        size: (width, height) px that the file tells, or None.
    """

    file: Path
    picture: str
    size: tuple[int, int] | None
    shapes: tuple[Shape, ...]
