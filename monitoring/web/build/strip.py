"""The strip as lists: small on the wire, whatever the number of layers."""

from collections.abc import Sequence

from monitoring.history.answers import StripLayer
from monitoring.web.build.answers import Strip


def strip_of(layers: Sequence[StripLayer]) -> Strip:
    """Return the layers of a build as lists of equal length."""
    return Strip(
        layers=tuple(layer.layer for layer in layers),
        stages=tuple(layer.stage for layer in layers),
        decisions=tuple(layer.decision for layer in layers),
        inspections=tuple(layer.inspection for layer in layers),
        regions=tuple(layer.regions for layer in layers),
        ratios=tuple(round(layer.defect_area_ratio, 8) for layer in layers),
        seconds=tuple(round(layer.seconds, 3) for layer in layers),
    )
