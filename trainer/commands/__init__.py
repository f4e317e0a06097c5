"""The commands of the trainer, one file each; what is slow to import is imported inside them."""

from trainer.commands import (
    evaluate,
    jobs,
    labels,
    masks,
    pack,
    promote,
    quantize,
    registry,
    regression,
    submit,
    train,
    tune,
    work,
)
from trainer.commands.app import app

__all__ = [
    "app",
    "evaluate",
    "jobs",
    "labels",
    "masks",
    "pack",
    "promote",
    "quantize",
    "registry",
    "regression",
    "submit",
    "train",
    "tune",
    "work",
]
