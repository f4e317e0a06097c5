"""What people say of a verdict: this was a false alarm, there a defect was missed. All else stays as masks have it."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from layerwatch.errors import TrainingError
from trainer.labels.folder import find_labels, label_files
from trainer.labels.pictures import Key
from trainer.labels.rules import FIRST_CORRECTED, LabelRules, Role
from trainer.labels.shapes import Drawing

FALSE_ALARM: Final = "false-alarm"
_RULES: Final = LabelRules(roles=((FALSE_ALARM, Role.BACKGROUND),))


def find_corrections(
    place: Path, images: Path, pictures: Mapping[Key, Collection[Path]]
) -> dict[Key, tuple[Drawing, ...]]:
    """Return what was drawn over each layer set: `false-alarm`, `ignore`, or a defect under any other name.

    Args:
        place: a file or folder as for labels, but of drawings only; may be empty, as nobody has corrected anything yet.
        images: folder of the pictures.
        pictures: of each layer set.

    Raises:
        TrainingError: a file cannot be read, names no picture, or is a mask.
    """
    if not any(label_files(place, {path.resolve() for paths in pictures.values() for path in paths})):
        return {}
    found = find_labels(place, _RULES, images, pictures, first_kind=FIRST_CORRECTED)
    mask = next((label.mask for label in found.values() if label.mask is not None), None)
    if mask is not None:
        raise TrainingError(
            f"{mask} is a mask; corrections are drawings (LabelMe or COCO JSON, Pascal VOC XML): give masks as --labels"
        )
    return {key: label.drawings for key, label in found.items()}
