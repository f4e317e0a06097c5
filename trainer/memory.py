"""glibc hands large tensors back to the system after every step and asks for them again, which takes its time.

Measured on two CPU cores: 2.0 instead of 2.8 CPU seconds a training step, page faults from 1.39 to 0.55 million.
"""

import os
import sys
from collections.abc import Mapping, Sequence

KEEP = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "268435456",
}


def keep_freed_memory(argv: Sequence[str], environment: Mapping[str, str]) -> None:
    """Start this process again with the settings that glibc reads at its start, unless they are set."""
    if sys.platform != "linux" or KEEP.keys() & environment.keys():
        return
    os.execve(sys.executable, [sys.executable, *argv], {**environment, **KEEP})  # noqa: S606 - ourselves again
