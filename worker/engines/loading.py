"""An engine by its name; only the library that is used is imported."""

from layerwatch.bundle import Precision
from worker.engines.onnxruntime_engine import OnnxRuntimeEngine
from worker.engines.openvino_engine import OpenVinoEngine
from worker.engines.port import Backend, Engine


def load_engine(backend: Backend, model: bytes, *, precision: Precision, threads: int, bundle: str) -> Engine:
    """Return a network on an engine that works here, see `worker.engines.choosing`.

    Args:
        backend: library and device.
        model: the bundle's ONNX file of the precision.
        precision: of the file.
        threads: CPU threads of the inference.
        bundle: named in errors.

    Raises:
        BundleCorruptError: the file is no network that the engine can run.
        SettingsError: the library cannot use the device after all.
    """
    if backend == "openvino":
        return OpenVinoEngine(model, threads=threads, bundle=bundle)
    if backend.startswith("onnxruntime"):
        return OnnxRuntimeEngine(model, backend=backend, threads=threads, bundle=bundle, int8=precision == "int8")
    from worker.engines.torch_engine import TorchEngine  # noqa: PLC0415 - torch takes seconds and hundreds of MB

    return TorchEngine(model, backend=backend, threads=threads, bundle=bundle)
