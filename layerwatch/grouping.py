"""From single captures to the layer sets that they belong to."""

from collections.abc import Iterable

from layerwatch.layers import Capture, LayerKey, LayerSet
from layerwatch.profile import CaptureName


def group_by_layer(
    named: Iterable[tuple[CaptureName, Capture]],
    *,
    printer: str,
    default_build: str,
    expected_lights: tuple[str, ...],
) -> tuple[LayerSet, ...]:
    """Return the layer sets of some captures in the order of their keys, complete or not.

    Of two captures of the same light (`Image7.png` beside `Image07.jpg`) the one written last counts.

    Args:
        named: what the file names say, and the files.
        printer: the machine that wrote them.
        default_build: where neither file name nor folder tell.
        expected_lights: of a complete layer set.
    """
    found: dict[LayerKey, dict[str, Capture]] = {}
    for name, capture in sorted(named, key=lambda pair: (pair[1].modified, pair[1].path)):
        key = LayerKey(printer=printer, build=name.build or default_build, layer=name.layer, stage=name.stage)
        found.setdefault(key, {})[capture.light] = capture
    return tuple(
        LayerSet(
            key=key,
            captures=tuple(lights[light] for light in sorted(lights)),
            expected_lights=expected_lights,
        )
        for key, lights in sorted(found.items())
    )
