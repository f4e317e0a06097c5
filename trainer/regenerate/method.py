"""The methods by their names; what they do is imported elsewhere, so that the command line starts quickly."""

from enum import StrEnum


class Method(StrEnum):
    CONTRAST = "contrast"  # against neighbouring layers and surroundings: the default
    DARK_THRESHOLD = "dark-threshold"  # the prototypes', for comparison
