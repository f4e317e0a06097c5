"""A worker that dies at a chosen instruction, run as a process by the tests: `python crashing_worker.py TARGET`.

TARGET names a function, `module:Class.function`; the worker kills itself with -9 when it is called, before it does
anything. `after:module:Class.function` kills it when the call returned.
"""

import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from worker.__main__ import main


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_after(function: Callable[..., Any]) -> Callable[..., None]:
    def call(*args: object, **kwargs: object) -> None:
        function(*args, **kwargs)
        die()

    return call


def arm(target: str) -> None:
    """Put death in the place of the function, or behind it."""
    after = target.startswith("after:")
    module, _, dotted = target.removeprefix("after:").partition(":")
    owner = importlib.import_module(module)
    *path, name = dotted.split(".")
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, name, dying_after(getattr(owner, name)) if after else die)


if __name__ == "__main__":
    arm(sys.argv[1])
    sys.exit(main(["run"]))
