"""The command line of the trainer, which each command registers itself with."""

import typer

app = typer.Typer(
    help="Pictures and masks in, a model bundle in the registry out.", no_args_is_help=True, add_completion=False
)
