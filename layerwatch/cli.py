"""What the command lines of all roles share: an expected error is one line, Ctrl-C (130) is no traceback."""

import os
import sys
from collections.abc import Callable, Sequence

import typer

from layerwatch.errors import LayerwatchError

MISUSE = 2
INTERRUPTED = 130  # typer's own answer to Ctrl-C


def run_app(app: typer.Typer, argv: Sequence[str] | None = None) -> int:
    """Run a typer application and return its exit status."""
    try:
        app(args=None if argv is None else list(argv))
    except LayerwatchError as error:
        typer.echo(f"error: {error}", err=True)
        return MISUSE
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def until_the_reader_leaves(work: Callable[[], object]) -> None:
    """Write to the output as long as somebody reads it."""
    try:
        work()
        sys.stdout.flush()
    except BrokenPipeError:  # as `| head` does; what is still buffered has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
