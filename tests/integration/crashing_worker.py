"""A worker that dies at a chosen instruction, run as a process by the tests: `python crashing_worker.py TARGET`.

TARGET names a function, `module:Class.function`; the worker kills itself with -9 when it is called, before it does
anything. `after:module:Class.function` kills it when the call returned, `stopped:` asks it to stop then.
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


def signalled_after(function: Callable[..., Any], number: signal.Signals) -> Callable[..., Any]:
    def call(*args: object, **kwargs: object) -> object:
        result = function(*args, **kwargs)
        os.kill(os.getpid(), number)
        return result

    return call


def arm(target: str) -> None:
    """Put the signal in the place of the function, or behind it."""
    *when, module, dotted = target.split(":")
    owner = importlib.import_module(module)
    *path, name = dotted.split(".")
    for part in path:
        owner = getattr(owner, part)
    number = signal.SIGTERM if when == ["stopped"] else signal.SIGKILL
    setattr(owner, name, signalled_after(getattr(owner, name), number) if when else die)


if __name__ == "__main__":
    arm(sys.argv[1])
    sys.exit(main(["run"]))
