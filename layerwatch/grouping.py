"""From single captures to the layer sets that they belong to."""

from collections.abc import Iterable

from layerwatch.layers import Capture, LayerKey, LayerSet
from layerwatch.profile import CaptureName, Profile

UNNAMED_BUILD = "build"  # where neither the file's name nor its folder tells


def layer_key(name: CaptureName, *, printer: str) -> LayerKey:
    """Return the layer that a file name speaks of."""
    return LayerKey(printer=printer, build=name.build or UNNAMED_BUILD, layer=name.layer, stage=name.stage)


def group_by_layer(
    named: Iterable[tuple[CaptureName, Capture]], *, printer: str, profile: Profile
) -> tuple[LayerSet, ...]:
    """Return the layer sets of some captures in the order of their keys, complete or not.

    Of two captures of the same light (`Image7.png` beside `Image07.jpg`) the one written last counts.
    """
    found: dict[LayerKey, dict[str, Capture]] = {}
    for name, capture in sorted(named, key=lambda pair: (pair[1].modified, pair[1].path)):
        found.setdefault(layer_key(name, printer=printer), {})[capture.light] = capture
    return tuple(
        LayerSet(
            key=key,
            captures=tuple(lights[light] for light in sorted(lights)),
            expected_lights=profile.expected_lights,
        )
        for key, lights in sorted(found.items())
    )
