"""Defects that are asked for on the command line: the same mark at the same place, layer after layer."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from layerwatch.errors import SettingsError
from layerwatch.layers import Stage
from simulator.kinds import Kind

DEFECT_SPELLING = f"KIND@LAYER[-LAST][:STAGE] with KIND one of {', '.join(Kind)}"
_SPELLING = re.compile(r"(?P<kind>[a-z-]+)@(?P<first>\d{1,8})(?:-(?P<last>\d{1,8}))?(?::(?P<stage>recoat|melt))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One defect from its first to its last layer, in one stage or in both; its name decides place and shape."""

    name: str
    kind: Kind
    first: int
    last: int
    stages: tuple[Stage, ...]


def parse_defects(texts: Iterable[str]) -> tuple[Planned, ...]:
    """Return the defects that are spelled out; two of the same spelling lie at different places.

    Raises:
        SettingsError: a spelling is wrong; the message says what is accepted.
    """
    return tuple(_parse(number, text.strip()) for number, text in enumerate(texts, start=1))


def _parse(number: int, text: str) -> Planned:
    match = _SPELLING.fullmatch(text)
    if match is None or match["kind"] not in set(Kind):
        raise SettingsError(f"expected --defect {DEFECT_SPELLING}, got {text!r}; for example streak@5-9:recoat")
    first, last = int(match["first"]), int(match["last"] or match["first"])
    if not 1 <= first <= last:
        raise SettingsError(f"--defect {text}: layers begin at 1, and the last is not before the first")
    stages = (Stage(match["stage"]),) if match["stage"] else tuple(Stage)
    return Planned(
        name=f"planned-{number}-{match['kind']}", kind=Kind(match["kind"]), first=first, last=last, stages=stages
    )
