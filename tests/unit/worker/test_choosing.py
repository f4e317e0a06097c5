"""Which engine is chosen, from what works on a machine."""

from collections.abc import Callable

import pytest

from layerwatch.errors import SettingsError
from worker.engines.choosing import ORDER, Wish, choose
from worker.engines.port import BACKENDS, Backend


def only(*working: Backend) -> Callable[[Backend], str | None]:
    """A machine where only these work."""
    return lambda backend: None if backend in working else f"no {backend} here"


def test_a_machine_without_a_gpu_runs_int8_on_openvino() -> None:
    choice = choose("auto", None, only("openvino", "onnxruntime-cpu", "torch-cpu"))

    assert (choice.backend, choice.precision) == ("openvino", "int8")


@pytest.mark.parametrize("backend", ["torch-cuda", "onnxruntime-cuda", "torch-mps"])
def test_a_gpu_that_is_seen_is_taken_with_float32(backend: Backend) -> None:
    choice = choose("auto", None, only("openvino", "onnxruntime-cpu", "torch-cpu", backend))

    assert (choice.backend, choice.precision) == (backend, "float32")


def test_without_openvino_onnxruntime_runs_int8_and_then_torch_float32() -> None:
    second = choose("auto", None, only("onnxruntime-cpu", "torch-cpu"))
    last = choose("auto", None, only("torch-cpu"))

    assert (second.backend, second.precision) == ("onnxruntime-cpu", "int8")
    assert (last.backend, last.precision) == ("torch-cpu", "float32")


def test_the_reason_says_once_what_was_passed_over() -> None:
    choice = choose(
        "auto", None, lambda backend: "no NVIDIA device" if "cuda" in backend else only("openvino")(backend)
    )

    assert choice.reason == "the first that works here; no NVIDIA device; no torch-mps here"


def test_who_wants_int8_gets_a_processor_and_no_gpu_library_is_asked() -> None:
    asked: list[Backend] = []

    def problem(backend: Backend) -> None:
        asked.append(backend)

    choice = choose("auto", "int8", problem)

    assert (choice.backend, choice.precision) == ("openvino", "int8")
    assert asked == ["openvino"]


def test_nothing_is_asked_beyond_the_first_that_works() -> None:
    asked: list[Backend] = []

    def problem(backend: Backend) -> str | None:
        asked.append(backend)
        return only("onnxruntime-cuda")(backend)

    choose("auto", "float32", problem)

    assert asked == ["torch-cuda", "onnxruntime-cuda"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_asked_for_by_name_is_taken(backend: Backend) -> None:
    choice = choose(backend, "float32", only(backend))

    assert (choice.backend, choice.precision, choice.reason) == (backend, "float32", "asked for by name")


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_asked_for_by_name_and_does_not_work_is_an_error_with_the_reason(backend: Backend) -> None:
    with pytest.raises(SettingsError, match=f"^WORKER_BACKEND={backend}: no {backend} here$"):
        choose(backend, "float32", only())


@pytest.mark.parametrize("backend", ["torch-cpu", "torch-cuda", "torch-mps"])
def test_int8_on_torch_is_an_error_that_says_what_to_set(backend: Wish) -> None:
    with pytest.raises(SettingsError, match="set WORKER_PRECISION=float32, or WORKER_BACKEND=openvino"):
        choose(backend, "int8", only(*BACKENDS))


@pytest.mark.parametrize("backend", ["onnxruntime-cuda", "onnxruntime-tensorrt"])
def test_int8_on_a_gpu_is_for_those_who_ask_by_name(backend: Backend) -> None:
    assert choose(backend, "int8", only(backend)).precision == "int8"


def test_where_nothing_works_the_error_says_what_to_install() -> None:
    with pytest.raises(SettingsError, match=r"pip install -e '\.\[worker\]'; no torch-cuda here"):
        choose("auto", None, only())


def test_tensorrt_which_compiles_for_minutes_is_never_chosen_by_itself() -> None:
    assert set(BACKENDS) - set(ORDER) == {"onnxruntime-tensorrt"}
