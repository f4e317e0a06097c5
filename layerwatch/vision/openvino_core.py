"""The one OpenVINO of a process."""

from functools import cache
from typing import Any

from layerwatch.telemetry import keep_silent


@cache
def openvino_core() -> Any:  # noqa: ANN401 - OpenVINO has no types
    """Return the `openvino.Core` that all engines of this process share, without its telemetry.

    Each gives the thread that compiles with it a signal stack, and at its own end unmaps that and puts back the one it
    found. Were two to end in the order they were made in, or one on another thread, the next signal would kill the
    process; so there is one, and it never ends.
    """
    keep_silent()
    import openvino  # noqa: PLC0415 - after the call, and half a second that few need

    return openvino.Core()
