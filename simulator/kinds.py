"""The kinds of defects, and the numbers that stand for them in the truth."""

from enum import StrEnum


class Kind(StrEnum):
    STREAK = "streak"  # the recoater drags a line along its way, for several layers
    HOPPING = "hopping"  # the recoater jumps and leaves ridges across its way
    SUPER_ELEVATION = "super-elevation"  # the edge of a part stands out of the powder
    SPATTER = "spatter"  # particles thrown out of the melt pool
    INCOMPLETE_SPREADING = "incomplete-spreading"  # powder is missing, the old layer shows
    DEBRIS = "debris"  # something lies on the bed
    PIT = "pit"  # a hollow in metal or powder


KIND_INDEX = {kind: index for index, kind in enumerate(Kind, start=1)}
