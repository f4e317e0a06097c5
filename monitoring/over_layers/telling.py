"""The sentences of an event: what an operator reads, and what is to be done."""

from collections.abc import Sequence

from layerwatch.events import EventKind
from layerwatch.layers import Stage
from monitoring.over_layers.build import Risk, Series
from monitoring.over_layers.printer import Drifted
from monitoring.over_layers.spots import Spot
from monitoring.rows import area_text

WHEN = {Stage.RECOAT: "after spreading", Stage.MELT: "after melting"}
LONG = 8  # times as long as wide: what a recoater leaves
MOST_PLACES = 5  # with a sentence of their own

Sentences = tuple[str, ...]


def risk_sentences(risk: Risk) -> Sentences:
    """Return where something stays, since when, and whether the build may go on."""
    places = [*risk.spots[:MOST_PLACES], *risk.beside]
    sentences = [_place(spot) for spot in places]
    if len(risk.spots) > MOST_PLACES:
        sentences.append(f"{len(risk.spots) - MOST_PLACES} more places are like that.")
    if risk.kind is EventKind.BUILD_AT_RISK:
        newest = max(spot.layers[-1].layer for spot in places)
        sentences.append(f"Look at layer {newest} and decide whether the build goes on.")
    return tuple(sentences)


def _place(spot: Spot) -> str:
    left, top, width, height = (int(value) for value in spot.box[0])
    numbers = [finds.layer for finds in spot.layers]
    scale = spot.mm_per_px
    first, last = (area_text(area, None if scale is None else area * scale**2) for area in _ends(spot))
    change = f"grew from {first} to {last}" if spot.growing else f"is {last} large"
    mark = "A long thin mark" if max(width, height) >= LONG * min(width, height) else "A mark"
    return (
        f"{mark} stays at one place {WHEN[spot.stage]}: {len(numbers)} of {spot.of} judged layers show it "
        f"({_numbers(numbers)}), it {change}, at x {left} to {left + width}, y {top} to {top + height} px."
    )


def _ends(spot: Spot) -> tuple[int, int]:
    return spot.areas_px[0], spot.areas_px[-1]


def series_sentences(series: Series) -> Sentences:
    """Return how many layers in a row are bad, and what that means."""
    newest = series.layers[-1]
    who = (
        f"{len(series.layers)} layers in a row {WHEN[newest.stage]} ({_numbers([one.layer for one in series.layers])})"
    )
    latest = f"The latest says: {newest.reason}." if newest.reason else ""
    if series.kind is EventKind.REJECT_SERIES:
        found = (f"{who} are rejected.", latest, "Stop the build, or find out why it goes on.")
    else:
        found = (f"{who} cannot be judged: nobody watches this build.", latest, "Look after camera and lamps.")
    return tuple(sentence for sentence in found if sentence)


def drift_sentences(drifted: Drifted, printer: str) -> Sentences:
    """Return what is no longer normal, against what."""
    what = _flagged(drifted) if drifted.figure.what == "flagged" else _pictures(drifted)
    sentence = f"{WHEN[drifted.figure.stage].capitalize()}, {what} is normal for {printer}."
    if drifted.other_build is None:
        return (sentence,)
    return sentence, f"What is normal was learned from {drifted.other_build}: other parts alone may be the reason."


def _flagged(drifted: Drifted) -> str:
    drift = drifted.drift
    return f"{drift.recent:.0%} of the last {drift.recent_sets} layers are flagged; {drift.normal:.0%}"


def _pictures(drifted: Drifted) -> str:
    figure, recent, normal = drifted.figure, drifted.drift.recent, drifted.drift.normal
    pictures = f"the pictures under light {figure.light}" if figure.light else "the pictures"
    if figure.what == "sharpness":
        return f"{pictures} are {'less sharp' if recent < normal else 'sharper'}: {recent:.2f}, where {normal:.2f}"
    change = f"{'less' if recent < normal else 'more'} of their pixels at full scale"
    return f"{pictures} have {change}: {recent:.1%}, where {normal:.1%}"


def _numbers(layers: Sequence[int]) -> str:
    """Return layer numbers as `12 to 15`, or `12, 14, 15` where one is left out; of many the first and the last."""
    if len(layers) > 1 and layers[-1] - layers[0] == len(layers) - 1:
        return f"{layers[0]} to {layers[-1]}"
    return ", ".join(map(str, layers)) if len(layers) <= 8 else f"between {layers[0]} and {layers[-1]}"
