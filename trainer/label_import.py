"""Labels of any format as PNG masks, named as their layers: easy to look at, to correct and to keep."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from layerwatch.atomic import write_atomic
from layerwatch.errors import TrainingError
from layerwatch.vision.encode import encode_png
from trainer.ignore import GREY_IGNORE, IGNORE, defects
from trainer.kinds import kind_names
from trainer.labels.draw import reaching_out
from trainer.sources import LayerFiles, Source, find_layer_sets
from trainer.store import read_layer, true_kinds

Track = Callable[[Sequence[LayerFiles]], Iterable[LayerFiles]]
MASKS = "PNG mask"


@dataclass(slots=True, kw_only=True)
class Imported:
    """What was read.

    Attributes:
        layer_sets: how many have labels.
        clean: of these, how many show no defect.
        shapes: how many were drawn, by class and by what it counts as.
        seen: layer sets with each of these.
        reaching_out: shapes that were cut at the edge of their picture.
        pixels: of defects, of ignored pixels, and all.
    """

    layer_sets: int = 0
    clean: int = 0
    shapes: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    reaching_out: int = 0
    pixels: tuple[int, int, int] = (0, 0, 0)

    def add(self, files: LayerFiles, kinds: NDArray[np.uint8]) -> None:
        """Take one layer set in; kinds (H, W)."""
        defect, ignored = int(np.count_nonzero(defects(kinds))), int(np.count_nonzero(kinds == IGNORE))
        counts = (defect, ignored, kinds.size)
        self.layer_sets += 1
        self.clean += not defect
        self.pixels = tuple(map(sum, zip(self.pixels, counts, strict=True)))  # type: ignore[assignment]  # three remain
        self.reaching_out += sum(reaching_out(drawing, kinds.shape) for drawing in files.drawings)
        shapes = [(shape.name, _role(shape.kind)) for drawing in files.drawings for shape in drawing.shapes]
        self.shapes.update(shapes or ([] if files.drawings else [(MASKS, "defect")]))
        for shape in shapes:
            self.seen[shape].add(files.name)
        if not files.drawings:
            self.seen[MASKS, "defect"].add(files.name)


def import_labels(source: Source, out: Path, *, replace: bool, track: Track) -> Imported:
    """Write OUT/LAYER_STAGE.png (0, 128 to be ignored, 255) for every labelled layer set, below its folder.

    Beside it lie LAYER_STAGE-kinds.png with the number of the class, and in OUT classes.json with the names. Where the
    names of pictures hold the build, masks are called as the first picture of the layer set.

    Raises:
        TrainingError: a label cannot be used, or a mask is there already and `replace` is not asked for.
    """
    found = [files for files in find_layer_sets(source, 0) if files.labelled]
    targets = {files: out / _target(files, source) for files in found}
    there = next((target for target in targets.values() if target.exists()), None)
    if there is not None and not replace:
        raise TrainingError(f"{there} is there already; give an empty folder, or --replace to write over masks")
    imported = Imported()
    for files in track(found):
        pictures, _ = read_layer(files, source)
        kinds = true_kinds(files, source, pictures)
        imported.add(files, kinds)
        _write(targets[files], kinds)
    names = kind_names(found)
    if names:
        text = json.dumps({str(kind): name for kind, name in sorted(names.items())}, indent=1, ensure_ascii=False)
        write_atomic(out / "classes.json", f"{text}\n".encode())
    return imported


def print_imported(imported: Imported, out: Path, console: Console) -> None:
    """Print what was read as a table."""
    table = Table("class", "counts as", "drawn", "layer sets", title=f"{imported.layer_sets} layer sets with labels")
    for name, role in sorted(imported.shapes):
        table.add_row(name, role, str(imported.shapes[name, role]), str(len(imported.seen[name, role])))
    console.print(table)
    defect, ignored, everything = imported.pixels
    console.print(
        f"{defect / everything:.3%} of the pixels are defects and {ignored / everything:.3%} to be ignored; "
        f"{imported.clean} layer sets show no defect"
    )
    if imported.reaching_out:
        console.print(f"{imported.reaching_out} shapes reached out of their pictures and were cut there")
    console.print(f"masks are in {out}")


def _write(target: Path, kinds: NDArray[np.uint8]) -> None:
    defect = defects(kinds)
    mask = np.where(defect, 255, np.where(kinds == IGNORE, GREY_IGNORE, 0)).astype(np.uint8)
    write_atomic(target.with_name(f"{target.stem}-kinds.png"), encode_png(np.where(defect, kinds, 0).astype(np.uint8)))
    write_atomic(target, encode_png(mask))


def _target(files: LayerFiles, source: Source) -> Path:
    """Return the path of a mask; named as the picture where two builds may lie in one folder."""
    picture = files.pictures[0].relative_to(source.images)
    builds_share = "(?P<build>" in source.profile.pattern
    return picture.with_name(f"{picture.stem if builds_share else f'{files.layer:06d}_{files.stage}'}.png")


def _role(kind: int) -> str:
    return "ignored" if kind == IGNORE else "defect" if kind else "no defect"
