"""Options that are given several times, or that hold several values."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from layerwatch.errors import TrainingError
from trainer.ignore import IGNORE

Value = TypeVar("Value")


def spread(option: str, values: Sequence[Value], number: int, *, repeat: bool = True) -> Sequence[Value]:
    """Return one value for each of `number` folders of pictures; where `repeat`, a single one stands for all.

    Raises:
        TrainingError: there are too many or too few.
    """
    if len(values) == 1 and repeat:
        return list(values) * number
    if len(values) != number:
        raise TrainingError(f"{option} is given {len(values)} times for {number} --images; give it once for each")
    return values


def class_numbers(text: str) -> Iterator[int]:
    """Yield the grey values in a text as 2,3,4,5.

    Raises:
        TrainingError: one is no number from 1 to 254.
    """
    for part in filter(None, text.split(",")):
        if not part.strip().isdigit() or not 0 < int(part) < IGNORE:
            raise TrainingError(f"--defect-classes {text}: expected numbers from 1 to 254 with commas, as 2,3,4,5")
        yield int(part)
