"""Which engine runs the network, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, get_args

import structlog

from layerwatch.bundle import Precision
from layerwatch.errors import SettingsError, one_line
from worker.engines.machine import problem_here
from worker.engines.port import Backend, GpuBackend

Wish = Literal["auto", Backend]

ORDER: Final[tuple[Backend, ...]] = (  # TensorRT compiles for minutes before its first answer: only by name
    "torch-cuda",
    "onnxruntime-cuda",
    "torch-mps",
    "openvino",
    "onnxruntime-cpu",
    "torch-cpu",
)
GPUS: Final = get_args(GpuBackend)
NOTHING_INSTALLED: Final = "no engine can run the network here; pip install -e '.[worker]'"

log = structlog.get_logger("worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What runs the network, and why in words."""

    backend: Backend
    precision: Precision
    reason: str


def choose(wish: Wish, precision: Precision | None, problem: Callable[[Backend], str | None]) -> Choice:
    """Return the engine that was asked for, or of those that work the one that is likely the fastest.

    Args:
        wish: a backend, or `auto`.
        precision: None for the one that suits the engine: int8 is several times faster on processors, while GPUs
            gain nothing from a QDQ file and compute float32 in half precision anyway.
        problem: says why a backend does not work on this machine, or None. It is asked in order and no further than
            needed, for it may have to import the library.

    Raises:
        SettingsError: what was asked for does not work here, or nothing does.
    """
    if wish != "auto":
        wrong = _cannot(wish, precision) or problem(wish)
        if wrong:
            raise SettingsError(f"WORKER_BACKEND={wish}: {wrong}")
        return Choice(backend=wish, precision=precision or _suits(wish), reason="asked for by name")
    passed_over: list[str] = []
    for backend in ORDER:
        wrong = _gains_nothing(backend, precision) or _cannot(backend, precision) or problem(backend)
        if wrong is None:
            reason = one_line(["the first that works here", *dict.fromkeys(passed_over)])
            return Choice(backend=backend, precision=precision or _suits(backend), reason=reason)
        passed_over.append(wrong)
    raise SettingsError(one_line([NOTHING_INSTALLED, *dict.fromkeys(passed_over)]))


@cache  # a machine stays what it is while a worker runs; the log says it once
def choose_here(wish: Wish, precision: Precision | None) -> Choice:
    """Return `choose` for this machine, and log the reason."""
    choice = choose(wish, precision, problem_here)
    log.info("engine_chosen", backend=choice.backend, precision=choice.precision, reason=choice.reason)
    return choice


def _suits(backend: Backend) -> Precision:
    return "int8" if backend in {"openvino", "onnxruntime-cpu"} else "float32"


def _cannot(backend: Backend, precision: Precision | None) -> str | None:
    if precision == "int8" and backend.startswith("torch"):
        return "torch runs no int8; set WORKER_PRECISION=float32, or WORKER_BACKEND=openvino"
    return None


def _gains_nothing(backend: Backend, precision: Precision | None) -> str | None:
    return "int8 is for processors" if precision == "int8" and backend in GPUS else None
