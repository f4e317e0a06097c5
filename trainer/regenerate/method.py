"""The methods by their names; what they do is imported elsewhere, so that the command line starts quickly."""

from enum import StrEnum


class Method(StrEnum):
    CHECKED_MODEL = "checked-model"  # a trained network marks, what only `contrast` sees is left open: the default
    MODEL = "model"  # the network alone
    CONTRAST = "contrast"  # against neighbouring layers and surroundings, nothing learned
    DARK_THRESHOLD = "dark-threshold"  # the prototypes', for comparison

    @property
    def learned(self) -> bool:
        """Whether it needs a trained network."""
        return self in {Method.CHECKED_MODEL, Method.MODEL}


DEFAULT = Method.CHECKED_MODEL
