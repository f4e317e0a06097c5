"""Which classes of a labelling tool are defects, and what number each gets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from layerwatch.errors import TrainingError
from trainer.ignore import IGNORE
from trainer.labels.shapes import Drawing, Outline, Shape

FIRST_KIND: Final = 101  # below are the kinds that masks number themselves
FIRST_CORRECTED: Final = 180  # from here on those of corrections, which are drawn over labels


class Role(StrEnum):
    DEFECT = "defect"
    BACKGROUND = "background"  # something that is no defect
    IGNORE = "ignore"  # nobody can judge it


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRules:
    """How labels are read.

    Attributes:
        roles: of the classes that are named; empty: every class is a defect, but `ignore`.
        boxes: what a box around a defect is. A defect by default: people draw boxes tightly, and a network that
            learns from a little too much still finds the place; `ignore` where boxes are loose, as those around
            slanting streaks, or leave them to outlines.
    """

    roles: tuple[tuple[str, Role], ...] = ()
    boxes: Role = Role.DEFECT


def parse_rules(classes: str, boxes: Role = Role.DEFECT) -> LabelRules:
    """Return the rules that `streak,spatter,part=background,shadow=ignore` stands for.

    Raises:
        TrainingError: a name is empty, or what follows `=` is no role.
    """
    roles = []
    for part in filter(None, classes.split(",")):
        name, _, role = (piece.strip() for piece in part.partition("="))
        if not name or (role and role not in set(Role)):
            raise TrainingError(
                f"--label-classes {classes}: expected NAME, or NAME=defect, NAME=background or NAME=ignore, with commas"
            )
        roles.append((name, Role(role or Role.DEFECT)))
    return LabelRules(roles=tuple(roles), boxes=boxes)


def decide(drawings: Sequence[Drawing], rules: LabelRules, first_kind: int = FIRST_KIND) -> tuple[Drawing, ...]:
    """Return the drawings with the kind of every shape: the defects' classes are numbered by their names.

    Where the rules name a defect, every class has to be named: a new one is not taken for anything by itself.

    Raises:
        TrainingError: a class is not in the rules, or there are too many.
    """
    roles = dict(rules.roles)
    names = sorted({shape.name for drawing in drawings for shape in drawing.shapes})
    unknown = [name for name in names if name not in roles and name.lower() != Role.IGNORE]
    if unknown and Role.DEFECT in roles.values():
        raise TrainingError(
            f"--label-classes does not say what {', '.join(unknown)} is; the labels have {', '.join(names)}: "
            "add NAME for a defect, NAME=background or NAME=ignore"
        )
    roles |= dict.fromkeys(unknown, Role.DEFECT)
    found = [name for name in names if roles.get(name) is Role.DEFECT]
    most = (IGNORE if first_kind >= FIRST_CORRECTED else FIRST_CORRECTED) - first_kind
    if len(found) > most:
        raise TrainingError(f"the labels have {len(found)} classes of defects, at most {most} are read")
    kinds = {name: first_kind + number for number, name in enumerate(found)}

    def kind(shape: Shape) -> int:
        role = Role.IGNORE if shape.ignore else roles.get(shape.name, Role.IGNORE)
        if role is Role.DEFECT and shape.outline is Outline.BOX:
            role = rules.boxes
        return {Role.IGNORE: IGNORE, Role.DEFECT: kinds.get(shape.name, 0), Role.BACKGROUND: 0}[role]

    return tuple(
        replace(drawing, shapes=tuple(replace(shape, kind=kind(shape)) for shape in drawing.shapes))
        for drawing in drawings
    )
