"""`python -m trainer`: the training room's command line."""

import os
import sys
from collections.abc import Sequence

from layerwatch.cli import run_app
from layerwatch.telemetry import keep_silent
from trainer.commands import app
from trainer.memory import keep_freed_memory


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    keep_silent()
    return run_app(app, argv)


if __name__ == "__main__":
    if sys.argv[1:2] == ["train"] and "--help" not in sys.argv:
        keep_freed_memory(sys.orig_argv[1:], os.environ)
    sys.exit(main())
