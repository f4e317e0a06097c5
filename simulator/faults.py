"""What goes wrong with the files rather than with the layer, asked for on the command line."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from layerwatch.errors import SettingsError
from layerwatch.layers import Stage
from layerwatch.profile import Profile


class FaultKind(StrEnum):
    HALF_WRITTEN = "half-written"  # the file ends in the middle and is never finished
    MISSING_LIGHT = "missing-light"  # one picture of the layer set never comes
    BLACK = "black"  # the lamps were off
    SATURATED = "saturated"  # everything at full scale
    REPEATED_FRAME = "repeated-frame"  # the picture of the layer before once more
    SKIPPED_LAYER = "skipped-layer"  # no picture at all


SPELLING = f"KIND@LAYER[:STAGE[:LIGHT]] with KIND one of {', '.join(FaultKind)}"
_SPELLING = re.compile(r"(?P<kind>[a-z-]+)@(?P<layer>\d+)(?::(?P<stage>[a-z]+)(?::(?P<light>\w+))?)?")
_ONE_LIGHT = {FaultKind.HALF_WRITTEN, FaultKind.MISSING_LIGHT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault; without a stage it strikes every stage, the lights are those it strikes."""

    kind: FaultKind
    layer: int
    stages: tuple[Stage, ...]
    lights: tuple[str, ...]


def parse_faults(texts: Iterable[str], profile: Profile) -> tuple[Fault, ...]:
    """Return the faults that are spelled out.

    Raises:
        SettingsError: a spelling is wrong; the message says what is accepted.
    """
    return tuple(parse_fault(text, profile) for text in texts)


def parse_fault(text: str, profile: Profile) -> Fault:
    """Return one fault from `KIND@LAYER[:STAGE[:LIGHT]]`, for example `black@5:melt:b`.

    Without a light, half-written and missing-light strike the last light, the others all of them.
    """
    match = _SPELLING.fullmatch(text.strip())
    if match is None:
        raise SettingsError(f"expected --fault {SPELLING}, got {text!r}; for example black@5:melt:b")
    kind = _one_of(text, "KIND", match["kind"], list(FaultKind))
    stages = profile.written_stages
    if match["stage"] is not None:
        stages = (Stage(_one_of(text, "STAGE", match["stage"], list(stages))),)
    fault = Fault(
        kind=FaultKind(kind),
        layer=int(match["layer"]),
        stages=stages,
        lights=_lights(text, FaultKind(kind), match["light"], profile),
    )
    _check(text, fault, profile)
    return fault


def _one_of(text: str, what: str, value: str, accepted: Sequence[str]) -> str:
    if value not in accepted:
        raise SettingsError(f"--fault {text}: expected {what} to be one of {', '.join(accepted)}, got {value!r}")
    return value


def _lights(text: str, kind: FaultKind, light: str | None, profile: Profile) -> tuple[str, ...]:
    lights = profile.expected_lights
    if light is not None:
        return (_one_of(text, "LIGHT", light, lights),)
    return lights[-1:] if kind in _ONE_LIGHT else lights


def _check(text: str, fault: Fault, profile: Profile) -> None:
    if fault.layer < 1:
        raise SettingsError(f"--fault {text}: layers begin at 1")
    if fault.kind is FaultKind.REPEATED_FRAME and fault.layer < 2:
        raise SettingsError(f"--fault {text}: layer 1 has no layer before it to repeat")
    if fault.kind is FaultKind.MISSING_LIGHT and len(profile.expected_lights) < 2:
        raise SettingsError(f"--fault {text}: profile {profile.name} has one light; say skipped-layer@{fault.layer}")
    if fault.kind is FaultKind.SKIPPED_LAYER and fault.lights != profile.expected_lights:
        raise SettingsError(f"--fault {text}: skipped-layer strikes all lights; for one light say missing-light")


def faults_of(faults: Iterable[Fault], layer: int, stage: Stage) -> tuple[Fault, ...]:
    """Return those that strike one layer set."""
    return tuple(fault for fault in faults if fault.layer == layer and stage in fault.stages)
