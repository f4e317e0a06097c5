"""The files that lie in the folder and are not part of a layer set yet, by their layer. Pure: times are arguments."""

from collections.abc import Iterator
from math import inf

from layerwatch.layers import LayerKey


class Coming:
    """Small, for every file of a backlog is here once."""

    def __init__(self) -> None:
        self._seen: dict[LayerKey, dict[str, float]] = {}

    def since(self, key: LayerKey) -> float:
        """Return when the newest of the layer's files was first seen, never (-inf) if none waits."""
        return max(self._seen.get(key, {}).values(), default=-inf)

    def add(self, key: LayerKey, path: str, *, now: float) -> None:
        """Enter a file that was seen; the same again changes nothing."""
        self._seen.setdefault(key, {}).setdefault(path, now)

    def drop(self, key: LayerKey, path: str) -> None:
        """Enter that a file is part of its layer set, or gone."""
        paths = self._seen.get(key, {})
        paths.pop(path, None)
        if not paths:
            self._seen.pop(key, None)

    def around(self, key: LayerKey) -> Iterator[str]:
        """Yield the files of a layer and of the one before, with which a frozen camera shows."""
        for layer in (key.layer - 1, key.layer):
            if layer >= 0:
                each = LayerKey(printer=key.printer, build=key.build, layer=layer, stage=key.stage)
                yield from self._seen.get(each, ())
