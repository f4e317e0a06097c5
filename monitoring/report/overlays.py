"""Overlays as a document holds them: small, inside it, or in words why there is none."""

import base64
from dataclasses import dataclass
from pathlib import PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from layerwatch.artifacts import Artifacts
from layerwatch.errors import ArtifactTooLargeError, UnsafePathError
from layerwatch.layers import LayerKey
from layerwatch.vision.containers.declared import Container, ContainerError
from layerwatch.vision.containers.sniff import declare
from monitoring.pruned import was_removed

SIDE = 900  # px: sharp at half the width of a page of paper
BYTES_AT_MOST = 300_000
QUALITIES = (82, 60, 40, 20)  # the last is enough for pure noise
PIXELS_AT_MOST = 64_000_000  # of the file; decoding needs three bytes for each


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture as a data URI with its size in pixels, or why there is none."""

    uri: str = ""
    width: int = 0
    height: int = 0
    why_not: str = ""


def shown_overlay(artifacts: Artifacts, key: LayerKey, overlay: str | None) -> Shown:
    """Return the overlay of a layer, at most SIDE x SIDE pixels and BYTES_AT_MOST bytes.

    Raises:
        OSError: the artifacts cannot be read now.
    """
    if overlay is None:
        return Shown(why_not="There was no picture to draw on.")
    path = PurePosixPath(overlay)
    if path.parent != key.folder:
        return Shown(why_not="The verdict names a picture that is not this layer's.")
    try:
        return shrunk(artifacts.read(path))
    except FileNotFoundError:
        if was_removed(artifacts, path):
            return Shown(why_not="The overlay is no longer kept: it was removed to make room, as retention is set.")
        return Shown(why_not="The artifacts of this layer were not there when the report was made.")
    except (ArtifactTooLargeError, UnsafePathError, ValueError):
        return Shown(why_not="The overlay cannot be read as a picture.")


def shrunk(content: bytes) -> Shown:
    """Return a JPEG, made smaller.

    Raises:
        ValueError: it is no picture, or too large a one.
    """
    picture = _decode(content)
    height, width = picture.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    for quality in QUALITIES:
        encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])[1]
        if encoded.size <= BYTES_AT_MOST:
            break
    text = base64.b64encode(encoded.tobytes()).decode()
    return Shown(uri=f"data:image/jpeg;base64,{text}", width=size[0], height=size[1])


def _decode(content: bytes) -> NDArray[np.uint8]:
    """Return (H, W, 3) BGR; what the file says of its size is checked before anything is decoded."""
    try:
        declared = declare(content)
    except ContainerError as error:
        raise ValueError(str(error)) from error
    if declared.container is not Container.JPEG or declared.pixels > PIXELS_AT_MOST:
        raise ValueError("no JPEG, or too large a one")
    picture: NDArray[np.uint8] | None = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError("damaged")
    return picture
