"""Which layers suffer most from int8, so that these can stay in float32."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trainer.engines import openvino_engine
from trainer.quantize import Variant, quantizable, write_qdq

LOOKED_AT: Final = 8  # tiles
Track = Callable[[Sequence[str]], Iterable[str]]


def most_sensitive(
    onnx: bytes, tiles: Sequence[NDArray[np.uint8]], variant: Variant, *, track: Track = iter
) -> tuple[str, ...]:
    """Return the names of the convolutions, first the one whose rounding alone changes the probabilities most.

    What a layer rounds away by itself says little: what counts is how much of it comes out at the end.

    Args:
        onnx: the float32 network.
        tiles: (th, tw, 3) uint8 of the training data.
        variant: how it is quantized, by one of ONNX Runtime's methods.
        track: shows how far it is, as this takes some seconds a layer.
    """
    seen = tiles[:LOOKED_AT]
    exact = _answers(onnx, seen)
    changes: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="sensitivity-") as folder:
        for name in track(quantizable(onnx, variant)):
            file = write_qdq(onnx, seen, variant, Path(folder), only=(name,))
            rounded = _answers(file.read_bytes(), seen)
            changes[name] = float(np.abs(np.stack(rounded) - np.stack(exact)).mean())
    return tuple(sorted(changes, key=lambda name: -changes[name]))


def _answers(onnx: bytes, tiles: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
    engine = openvino_engine(onnx)
    return [engine(tile[None])[0] for tile in tiles]
