"""Layer sets as the network sees them, prepared once and kept on disk, so that memory stays small."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layerwatch.bundle import InputSpec
from layerwatch.errors import PictureError, TrainingError
from layerwatch.vision.normalise import to_channels
from layerwatch.vision.plate import plate_mask
from layerwatch.vision.read import Picture, read_picture
from trainer.ignore import IGNORE
from trainer.labels.draw import draw_kinds, draw_over
from trainer.masks import read_kinds, shrink_kinds, threshold_kinds
from trainer.sources import SKIP, LayerFiles, Source

MULTIPLE: Final = 32  # sides of a tile are multiples of it
SMALLEST: Final = 2 * MULTIPLE  # px at the working scale
PREPARED: Final = 4  # raise it when preparing changes, so that what lies in a work folder is made anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One prepared layer set.

    Attributes:
        files: where it came from.
        channels: file with (h, w, 3) uint8 at the working scale.
        kinds: file with (h, w) uint8, 0 where there is no defect, IGNORE where nobody can tell.
        present: kinds of defects in it.
    """

    files: LayerFiles
    channels: Path
    kinds: Path
    present: tuple[int, ...] = ()

    def load_channels(self) -> NDArray[np.uint8]:
        """Return (h, w, 3) uint8, mapped from the disk; what is written to it stays in memory."""
        return np.asarray(np.load(self.channels, mmap_mode="c", allow_pickle=False))

    def load_kinds(self) -> NDArray[np.uint8]:
        """Return (h, w) uint8, mapped from the disk."""
        return np.asarray(np.load(self.kinds, mmap_mode="c", allow_pickle=False))

    def load_tile(self, longest: int | None = None) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return as much as the network takes at once: (1, th, tw, 3) uint8, and the kinds of its pixels, (th, tw)."""
        kinds = self.load_kinds()
        height, width = (min(side, longest or side) // MULTIPLE * MULTIPLE for side in kinds.shape)
        tile = np.ascontiguousarray(self.load_channels()[None, :height, :width])
        return tile, kinds[:height, :width]


def read_layer(files: LayerFiles, source: Source) -> tuple[list[Picture], NDArray[np.bool_] | None]:
    """Return the lights of a layer set and which pixels show the plate, (H, W) bool or None for all.

    Raises:
        TrainingError: a picture cannot be read, or the lights differ in size.
    """
    try:
        pictures = [read_picture(path, bits=source.profile.bits) for path in files.pictures]
    except PictureError as error:
        raise TrainingError(f"{files.name}: {error}") from error
    if len({picture.pixels.shape for picture in pictures}) > 1:
        raise TrainingError(f"{files.name}: the lights differ in size")
    height, width = pictures[0].pixels.shape
    return pictures, plate_mask(height, width, source.profile.plate)


def true_kinds(files: LayerFiles, source: Source, pictures: Sequence[Picture]) -> NDArray[np.uint8]:
    """Return the kind of defect of each pixel of a layer set, (H, W) uint8, 0 for none, IGNORE for unknown."""
    return draw_over(_uncorrected(files, source, pictures), files.corrections)


def _uncorrected(files: LayerFiles, source: Source, pictures: Sequence[Picture]) -> NDArray[np.uint8]:
    shape = pictures[0].pixels.shape
    if files.drawings:
        return draw_kinds(files.drawings, shape)
    if files.mask is not None:
        return read_kinds(files.mask, files.kinds, source.defect_classes, shape, drawn=files.labelled)
    if source.regenerated:
        return threshold_kinds(pictures)
    if source.masks == SKIP:  # it was corrected in places, and nobody has labelled the rest
        return np.full(shape, IGNORE, np.uint8)
    return np.zeros(shape, np.uint8)


def prepare(files: LayerFiles, source: Source, spec: InputSpec, folder: Path) -> Sample:
    """Read one layer set into `folder`, unless it lies there from an earlier run."""
    stem = _identity(files, source, spec)
    sample = Sample(files=files, channels=folder / f"{stem}-channels.npy", kinds=folder / f"{stem}-kinds.npy")
    if not sample.channels.is_file() or not sample.kinds.is_file():
        pictures, plate = read_layer(files, source)
        channels = to_channels(pictures, scale=spec.scale, plate=plate, low=spec.low, high=spec.high)
        if min(channels.shape[:2]) < SMALLEST:
            raise TrainingError(f"{files.name}: {channels.shape[:2]} px at the working scale are too few to learn from")
        folder.mkdir(parents=True, exist_ok=True)
        kinds = true_kinds(files, source, pictures)
        if plate is not None:
            kinds[~plate] = 0
        _save(sample.kinds, shrink_kinds(kinds, *channels.shape[:2]))
        _save(sample.channels, channels)
    return replace(
        sample, present=tuple(int(kind) for kind in np.unique(sample.load_kinds()) if kind not in {0, IGNORE})
    )


def evenly(samples: Sequence[Sample], number: int) -> list[Sample]:
    """Return at most `number` samples, equally spaced."""
    chosen = np.unique(np.linspace(0, len(samples) - 1, min(number, len(samples))).astype(int))
    return [samples[index] for index in chosen]


def data_hash(layer_sets: Iterable[LayerFiles]) -> str:
    """Return the SHA-256 over the content of all pictures, masks and labels, 64 hex digits."""
    digest = hashlib.sha256()
    for files in layer_sets:
        for path in (*files.pictures, files.mask, files.kinds):
            if path is not None:
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        for drawing in (*files.drawings, *files.corrections):
            digest.update(repr(drawing.shapes).encode())
    return digest.hexdigest()


def _identity(files: LayerFiles, source: Source, spec: InputSpec) -> str:
    paths = [path for path in (*files.pictures, files.mask, files.kinds) if path is not None]
    seen = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    how: tuple[object, ...] = (
        PREPARED,
        seen,
        files.drawings,
        files.corrections,
        str(source.masks),
        sorted(source.defect_classes),
        source.profile.plate,
        source.profile.bits,
    )
    return hashlib.sha256(repr((how, spec.model_dump_json())).encode()).hexdigest()[:24]


def _save(path: Path, array: NDArray[np.uint8]) -> None:
    temporary = path.with_suffix(".part.npy")
    np.save(temporary, array, allow_pickle=False)
    temporary.replace(path)
