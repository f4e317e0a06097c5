"""What goes wrong in which layer, decided by the seed for any layer without looking at those before it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from layerwatch.layers import Stage
from simulator.build import Build
from simulator.kinds import Kind
from simulator.streams import stream

BLOCK_LAYERS = 10  # at most one lasting event begins in each block
LASTING_SHARE = 0.4  # of the defect rate, comes from streaks and hopping
MEAN_COVER = 0.55  # of a block, by the event that begins in it
REMAINS = 0.35  # chance that spatter is still seen through the next powder

_ONCE: Mapping[Stage, Mapping[Kind, float]] = {
    Stage.RECOAT: {
        Kind.SUPER_ELEVATION: 0.34,
        Kind.DEBRIS: 0.24,
        Kind.INCOMPLETE_SPREADING: 0.22,
        Kind.PIT: 0.20,
    },
    Stage.MELT: {Kind.SPATTER: 0.44, Kind.PIT: 0.31, Kind.DEBRIS: 0.17, Kind.SUPER_ELEVATION: 0.08},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that goes wrong; the same name draws the same shape in every layer that it lasts."""

    kind: Kind
    name: str
    fading: float  # how strong it is in this layer, 0..1


def events(build: Build, layer: int, stage: Stage) -> tuple[Event, ...]:
    """Return everything that is wrong in one layer set, in the order in which it is drawn."""
    by_chance = [*_lasting(build, layer, stage), *_once(build, layer, stage), *_remains(build, layer, stage)]
    found = [*by_chance, *_planned(build, layer, stage)]
    return tuple(sorted(found, key=lambda event: (_DRAWN_FIRST.get(event.kind, 5), event.name)))


_DRAWN_FIRST = {Kind.INCOMPLETE_SPREADING: 0, Kind.HOPPING: 1, Kind.STREAK: 2, Kind.SUPER_ELEVATION: 3, Kind.PIT: 4}


def _lasting(build: Build, layer: int, stage: Stage) -> Iterator[Event]:
    share = LASTING_SHARE * build.defect_rate
    for block in (layer // BLOCK_LAYERS - 1, layer // BLOCK_LAYERS):
        rng = stream(build.seed, "lasting", block)
        if block < 0 or rng.random() > share / MEAN_COVER:
            continue
        first = block * BLOCK_LAYERS + int(rng.integers(0, BLOCK_LAYERS))
        kind = Kind.STREAK if rng.random() < 0.68 else Kind.HOPPING
        lasts = int(rng.integers(3, 9))
        if first <= layer < first + lasts:
            jitter = stream(build.seed, "lasting", block, layer).uniform(0.8, 1.0)
            yield Event(kind=kind, name=f"{kind}-{block}", fading=float(jitter) * (0.9 if stage is Stage.MELT else 1.0))


def _once(build: Build, layer: int, stage: Stage) -> Iterator[Event]:
    lasting = LASTING_SHARE * build.defect_rate
    chance = 1 - (1 - build.defect_rate) / (1 - lasting)
    rng = stream(build.seed, "once", layer, stage)
    if rng.random() >= chance:
        return
    kinds, weights = list(_ONCE[stage]), list(_ONCE[stage].values())
    for number in range(int(rng.choice([1, 1, 2, 3]))):
        kind = kinds[int(rng.choice(len(kinds), p=weights))]
        yield Event(kind=kind, name=f"{kind}-{layer}-{stage}-{number}", fading=1.0)


def _remains(build: Build, layer: int, stage: Stage) -> Iterator[Event]:
    if stage is Stage.RECOAT and layer > 1:
        for event in _once(build, layer - 1, Stage.MELT):
            if event.kind is Kind.SPATTER and stream(build.seed, "remains", event.name).random() < REMAINS:
                yield Event(kind=event.kind, name=event.name, fading=0.7)


def _planned(build: Build, layer: int, stage: Stage) -> Iterator[Event]:
    for one in build.planned:
        if one.first <= layer <= one.last and stage in one.stages:
            jitter = stream(build.seed, one.name, layer).uniform(0.8, 1.0)
            yield Event(kind=one.kind, name=one.name, fading=float(jitter) * (0.9 if stage is Stage.MELT else 1.0))
