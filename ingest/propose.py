"""A profile for a folder that no profile fits, guessed from the names in it. Pure: names in, TOML out.

Names are cut into runs of digits, runs of letters and what stands between. In the most frequent form of name every
place is looked at over all files: the digits that change most count the layers, letters of which each layer has all
are its lights or stages, and what is left names the build.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from pathlib import PurePosixPath
from typing import Final

from layerwatch.layers import LIGHT_NAME, MAX_LAYER, Stage

PICTURES: Final = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})
SUFFIXES: Final = r"\.(?i:png|jpe?g|tiff?|bmp)"  # the same as an expression
LEAST_STEP_UM: Final = 5  # numbers that rise by so much are heights; no machine spreads thinner layers
MOST_LIGHTS: Final = 8
MOST_DIGITS: Final = 12  # of a number, with zeros in front
EACH_LAYER: Final = 0.5  # of the layers have to show all values of what is a light or a stage
RECOAT_WORDS: Final = frozenset({"recoat", "recoated", "recoating", "spread", "spreading", "powder", "before", "pre"})
MELT_WORDS: Final = frozenset({"melt", "melted", "exposure", "exposed", "laser", "fused", "after", "post", "scan"})
_TOKEN: Final = re.compile(r"\d+|[A-Za-z]+|[^A-Za-z\d]+")

Tokens = tuple[str, ...]
Row = tuple[Tokens, Tokens]  # folders, and the name in pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A profile as TOML, and what a person has to check in it."""

    toml: str
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roles:
    """What each place of a name tells; None where no place tells it."""

    layer: int
    light: int | None
    stage: int | None
    step_um: int | None


def propose(paths: Sequence[str]) -> Proposal | None:
    """Return a profile for these files, paths below the watched folder; None if no name shows a number."""
    names = [PurePosixPath(path) for path in paths]
    pictures = (name for name in names if name.suffix.lower() in PICTURES and not name.name.startswith((".", "~")))
    rows = _most_frequent([_tokens(name) for name in pictures])
    if not rows:
        return None
    roles = _roles(rows)
    return None if roles is None else _written(rows, roles)


def _tokens(name: PurePosixPath) -> Row:
    """Return folders and name in pieces."""
    return name.parent.parts, tuple(_TOKEN.findall(name.stem))


def _most_frequent(rows: Sequence[Row]) -> list[Row]:
    """Return the files whose names have the most frequent form."""
    forms: defaultdict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        forms[len(row[0]), *map(_form, row[1])].append(row)
    return max(forms.values(), key=len, default=[])


def _form(token: str) -> str:
    return "0" if token[0].isdecimal() else "a" if token.isalpha() else token


def _roles(rows: Sequence[Row]) -> _Roles | None:
    """Return what each place tells; places of folders count from -1 backwards, those of the name from 0."""
    places = range(len(rows[0][1]))
    digits = [place for place in places if _form(rows[0][1][place]) == "0"]
    counting = [place for place in digits if all(_may_count(name[place]) for _, name in rows)]
    if not counting:
        return None
    layer = max(counting, key=lambda place: (len(_values(rows, place)), place))
    candidates = [place for place in (*range(-len(rows[0][0]), 0), *places) if place != layer]
    shared = [place for place in candidates if _is_shared(rows, place, layer)]
    stage = next((place for place in shared if _looks_like_stages(_values(rows, place), before=place < layer)), None)
    light = next((place for place in shared if place != stage and len(_values(rows, place)) <= MOST_LIGHTS), None)
    if light is not None and not all(LIGHT_NAME.fullmatch(value) for value in _values(rows, light)):
        light = None
    return _Roles(layer=layer, light=light, stage=stage, step_um=_step(_values(rows, layer)))


def _may_count(digits: str) -> bool:
    return len(digits) <= MOST_DIGITS and int(digits) <= MAX_LAYER


def _value(row: Row, place: int) -> str:
    folders, name = row
    return folders[place] if place < 0 else name[place]


def _values(rows: Sequence[Row], place: int) -> list[str]:
    return sorted({_value(row, place) for row in rows})


def _is_shared(rows: Sequence[Row], place: int, layer: int) -> bool:
    """Return whether this place has several values, of which most layers show all."""
    values = _values(rows, place)
    if not 2 <= len(values) <= MOST_LIGHTS:
        return False
    shown: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        shown[row[1][layer]].add(_value(row, place))
    whole = sum(len(each) == len(values) for each in shown.values())
    return whole > EACH_LAYER * len(shown)


def _looks_like_stages(values: Sequence[str], *, before: bool) -> bool:
    """Return whether two values are the stages: by their words, or because they stand before the layer."""
    return len(values) == 2 and (before or any(_stage_of(value) for value in values))


def _stage_of(word: str) -> Stage | None:
    lower = word.lower()
    if lower in RECOAT_WORDS:
        return Stage.RECOAT
    return Stage.MELT if lower in MELT_WORDS else None


def _stages(values: Sequence[str]) -> dict[str, Stage]:
    """Return which value is which stage; where no word tells, powder is spread before it is molten."""
    first, second = values
    known = _stage_of(first), _stage_of(second)
    swapped = known[0] is Stage.MELT or known[1] is Stage.RECOAT
    return dict(zip((second, first) if swapped else (first, second), (Stage.RECOAT, Stage.MELT), strict=True))


def _step(values: Sequence[str]) -> int | None:
    """Return by how much the numbers rise, where they can only be heights."""
    numbers = [int(value) for value in values]
    step = gcd(*numbers)
    return step if len(set(numbers)) >= 3 and step >= LEAST_STEP_UM else None


def _written(rows: Sequence[Row], roles: _Roles) -> Proposal:
    pattern, folders = _pattern(rows, roles), _folders(rows, roles)
    lines = ['name = "my-printer"', f"pattern = {_quoted(pattern)}"]
    if folders:
        above = "(?:.+/)?" if "(?P<build>" in pattern else "(?:(?P<build>.+)/)?"
        lines.append(f"folders = {_quoted(above + folders)}")
    lines.append(f"template = {json.dumps(_template(rows, roles))}")
    doubts = []
    if roles.step_um is not None:
        lines.append(f"layer_height_um = {roles.step_um}")
        doubts.append(f"numbers rise by {roles.step_um}: taken for heights in µm; if they count layers, say layer")
    if roles.light is not None:
        lines.append(f"lights = {json.dumps(_values(rows, roles.light))}")
    if roles.stage is None:
        stage, doubt = _only_stage(rows)
        lines.append(f'default_stage = "{stage}"')
        doubts += [doubt] if doubt else []
    else:
        stages = _stages(_values(rows, roles.stage))
        lines += ["", "[stages]", *(f'{json.dumps(value)} = "{stage}"' for value, stage in stages.items())]
        if not any(map(_stage_of, stages)):
            first, second = stages
            doubts.append(f"{first} is taken for after spreading, {second} for after melting; look at two pictures")
    return Proposal(toml="\n".join(lines) + "\n", doubts=tuple(doubts))


def _quoted(pattern: str) -> str:
    """Return an expression as TOML, as it is where that can be."""
    return json.dumps(pattern) if "'" in pattern or not pattern.isprintable() else f"'{pattern}'"


def _only_stage(rows: Sequence[Row]) -> tuple[Stage, str]:
    """Return the stage that all names tell by a word, or the first with a doubt."""
    values = (_values(rows, place) for place in range(len(rows[0][1])))
    told = {stage for words in values if len(words) == 1 and (stage := _stage_of(words[0]))}
    if len(told) == 1:
        return told.pop(), ""
    doubt = 'every picture is taken for one after spreading; if it shows molten parts, say default_stage = "melt"'
    return Stage.RECOAT, doubt


def _pattern(rows: Sequence[Row], roles: _Roles) -> str:
    """Return the expression for a name: what changes from build to build before the layer is the build."""
    parts = [_part(rows, roles, place) for place in range(len(rows[0][1]))]
    told = {roles.layer, roles.light, roles.stage}
    builds = [place for place in range(roles.layer) if place not in told and _may_change(rows, place)]
    if builds and builds[0] - 1 not in told and builds[0] > 0 and rows[0][1][builds[0] - 1].isalpha():
        builds.insert(0, builds[0] - 1)  # the letters in front of its number belong to its name
    if builds and not any(place in told for place in range(builds[0], builds[-1] + 1)):
        parts[builds[0]] = f"(?P<build>{parts[builds[0]]}"
        parts[builds[-1]] += ")"
    return "".join(parts) + SUFFIXES


def _may_change(rows: Sequence[Row], place: int) -> bool:
    return _form(rows[0][1][place]) == "0" or len(_values(rows, place)) > 1


def _part(rows: Sequence[Row], roles: _Roles, place: int) -> str:
    token = rows[0][1][place]
    if place == roles.layer:
        return rf"(?P<{'height' if roles.step_um else 'layer'}>\d{{1,{MOST_DIGITS}}})"
    if place in {roles.light, roles.stage}:
        return f"(?P<{'light' if place == roles.light else 'stage'}>{_any_of(_values(rows, place))})"
    if not _may_change(rows, place):
        return re.escape(token)
    return r"\d+" if _form(token) == "0" else "[A-Za-z]+"


def _any_of(values: Sequence[str]) -> str:
    return "|".join(map(re.escape, values))


def _folders(rows: Sequence[Row], roles: _Roles) -> str:
    """Return the expression for the last folders, empty where they tell nothing but the build."""
    told = ((roles.stage, "stage"), (roles.light, "light"))
    names = {place: name for place, name in told if place is not None and place < 0}
    if not names:
        return ""
    parts = []
    for place in range(_first_named(rows, min(names)), 0):
        values = _values(rows, place)
        parts.append(f"(?P<{names[place]}>{_any_of(values)})" if place in names else _fixed(values))
    return "/".join(parts)


def _first_named(rows: Sequence[Row], first: int) -> int:
    """Return the place from which folders are to be named: `first`, or the one above where that is no build."""
    above = first - 1
    if -above > len(rows[0][0]) or len(_values(rows, above)) > 1 or re.search(r"\d", rows[0][0][above]):
        return first
    return above


def _fixed(values: Sequence[str]) -> str:
    return re.escape(values[0]) if len(values) == 1 else "[^/]+"


def _template(rows: Sequence[Row], roles: _Roles) -> str:
    """Return a path as this printer writes, with gaps for what a layer decides."""
    folders, name = rows[0]
    lengths = Counter(len(row[1][roles.layer]) for row in rows)
    number = "height" if roles.step_um else f"layer:0{lengths.most_common(1)[0][0]}d" if len(lengths) == 1 else "layer"
    gaps = {roles.layer: f"{{{number}}}", roles.light: "{light}", roles.stage: "{stage}"}
    written = "".join(gaps.get(place, token.replace("{", "").replace("}", "")) for place, token in enumerate(name))
    kept = [gaps.get(place, folders[place]) for place in range(-len(folders), 0)]
    in_folders = any(place is not None and place < 0 for place in (roles.light, roles.stage))
    return "/".join([*(kept if in_folders else ()), f"{written}.png"])
