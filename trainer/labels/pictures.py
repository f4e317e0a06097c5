"""Which layer set a label means: people's tools know pictures, layerwatch knows layers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from layerwatch.errors import TrainingError
from layerwatch.layers import Stage

Key = tuple[str, int, Stage]  # build, layer, stage


class PictureNames:
    """Every name under which a label file may know one of the pictures."""

    def __init__(self, pictures: Mapping[Key, Iterable[PurePosixPath]]) -> None:
        """Take the paths of the pictures of each layer set, below the folder of pictures."""
        self._keys: dict[str, set[Key]] = defaultdict(set)
        for key, paths in pictures.items():
            _, layer, stage = key
            for path in paths:
                layer_name = PurePosixPath(f"{layer:06d}_{stage}")
                for name in (path, path.with_suffix(""), path.parent / layer_name):
                    self._keys[str(name)].add(key)
                    self._keys[name.name].add(key)

    def find(self, named: str, *, folder: PurePosixPath, file: Path) -> Key:
        """Return the layer set of the picture that a label file names.

        Looked for are the picture's name in the same folder as the label file's, its path below the folder of
        pictures, and its name alone; then the same without the ending, for tools that see converted pictures.

        Args:
            named: as the file tells it, with any slashes; only compared, never opened.
            folder: of the label file, below the folder of labels.
            file: for messages.

        Raises:
            TrainingError: there is no such picture, or there are several.
        """
        told = PurePosixPath(named.replace("\\", "/"))
        paths = (folder / told.name, told, PurePosixPath(told.name))
        for name in (*paths, *(path.with_suffix("") for path in paths if path.name)):
            keys = self._keys.get(str(name), set())
            if len(keys) > 1:
                raise TrainingError(
                    f"{file}: {named!r} is the name of {len(keys)} pictures; put the labels into the same folders as "
                    "the pictures, or name the pictures with their folders"
                )
            if keys:
                return next(iter(keys))
        raise TrainingError(f"{file}: no picture is called {named!r}; give the --images that the labels were made for")
