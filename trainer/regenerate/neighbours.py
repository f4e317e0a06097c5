"""Reading layer sets together with the neighbours that show what is normal there; few pictures at a time."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from layerwatch.errors import TrainingError
from layerwatch.layers import Stage
from layerwatch.vision.read import Picture
from trainer.regenerate.scene import Scene
from trainer.sources import LayerFiles, Source
from trainer.store import read_layer

NEIGHBOURS: Final = 4  # layers; parts change slowly, but they do change
_KEPT: Final = 2 * NEIGHBOURS + 2  # layer sets in memory


@dataclass(slots=True, kw_only=True)
class SceneReader:
    """Reads the scenes of one source; what cannot be read is remembered and never a neighbour."""

    source: Source
    layer_sets: Sequence[LayerFiles]
    _read: OrderedDict[LayerFiles, list[Picture] | None] = field(default_factory=OrderedDict)
    _builds: dict[tuple[str, Stage], dict[int, LayerFiles]] = field(default_factory=lambda: defaultdict(dict))

    def __post_init__(self) -> None:
        for files in self.layer_sets:
            self._builds[files.build, files.stage][files.layer] = files

    def scene(self, files: LayerFiles) -> Scene:
        """Return one layer set with its neighbours.

        Raises:
            TrainingError: a picture of the set itself cannot be read.
        """
        lights, plate = read_layer(files, self.source)
        self._keep(files, lights)
        shape = lights[0].pixels.shape
        near = (self._pictures(other) for other in self._nearest(files))
        neighbours = [other for other in near if other is not None and other[0].pixels.shape == shape]
        spread = None
        if files.stage is Stage.MELT:
            before = self._builds.get((files.build, Stage.RECOAT), {}).get(files.layer)
            spread = self._pictures(before) if before is not None else None
        if spread is not None and spread[0].pixels.shape != shape:
            spread = None
        return Scene(lights=lights, neighbours=neighbours, spread=spread or (), plate=plate)

    def _nearest(self, files: LayerFiles) -> Iterable[LayerFiles]:
        same = self._builds[files.build, files.stage]
        others = sorted((layer for layer in same if layer != files.layer), key=lambda layer: abs(layer - files.layer))
        return (same[layer] for layer in others[:NEIGHBOURS])

    def _pictures(self, files: LayerFiles) -> list[Picture] | None:
        if files not in self._read:
            try:
                self._keep(files, read_layer(files, self.source)[0])
            except (TrainingError, OSError):  # reported when its own turn comes
                self._keep(files, None)
        self._read.move_to_end(files)
        return self._read[files]

    def _keep(self, files: LayerFiles, pictures: list[Picture] | None) -> None:
        self._read[files] = pictures
        while len(self._read) > _KEPT:
            self._read.popitem(last=False)
