"""The `train` command as its parser sees it."""

import typer
from typer.core import TyperCommand, TyperGroup

from trainer.commands.app import app


def train_command() -> TyperCommand:
    """Return the command `train` with all its options."""
    from trainer.commands import train as _  # noqa: F401, PLC0415 - registers itself

    group = typer.main.get_command(app)
    command = group.commands["train"] if isinstance(group, TyperGroup) else group
    if not isinstance(command, TyperCommand):
        message = "train is a command of typer"
        raise TypeError(message)
    return command
