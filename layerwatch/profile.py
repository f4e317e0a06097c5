"""How one kind of printer writes its pictures."""

import fnmatch
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError, field_validator, model_validator

from layerwatch.errors import ProfileError, one_line
from layerwatch.layers import MAX_LAYER, Stage, safe_name

Polygon = tuple[tuple[float, float], ...]  # corners x, y
GROUPS = frozenset({"build", "layer", "stage", "light"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureName:
    """What a file name says; build is empty where neither name nor folder tell."""

    build: str
    layer: int
    stage: Stage
    light: str


class Profile(BaseModel):
    """The file names, stages, lights and optics of one kind of printer.

    Attributes:
        pattern: regular expression for the whole file name, with the named group `layer` and, where the
            printer has them, `build`, `stage` and `light`.
        template: the file name for a layer, `{stage}`, `{layer}` and `{light}` filled in; how a simulated printer
            writes.
        stages: what stands in the group `stage` -> the stage that it means.
        default_stage: the stage where the name has none.
        lights: every light that makes a layer set complete; empty for one picture a layer.
        bits: bits of grey really used, where the file's own depth says too much (12 in a 16-bit file).
        mm_per_px: edge of a pixel on the plate; areas in mm² are given only where it is known.
        plate: polygon around the build plate, in fractions of width and height; judged is only what lies inside.
        settle_seconds: a file that has not changed for so long is complete.
        set_timeout_seconds: wait so long for the last light, then judge the set as incomplete.
        grace_seconds: wait so long for a file that is still no whole picture.
        watch: inotify, or polling for network shares, where no events come.
        ignore: file name patterns that are never pictures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$")
    pattern: str
    template: str
    stages: dict[str, Stage] = {}
    default_stage: Stage | None = None
    lights: tuple[str, ...] = ()
    bits: int | None = Field(default=None, ge=8, le=16)
    mm_per_px: PositiveFloat | None = None
    plate: Polygon | None = None
    settle_seconds: PositiveFloat = 0.5
    set_timeout_seconds: PositiveFloat = 30.0
    grace_seconds: PositiveFloat = 10.0
    watch: Literal["inotify", "polling"] = "inotify"
    ignore: tuple[str, ...] = (".*", "*.part", "*.tmp", "~*")

    @field_validator("pattern")
    @classmethod
    def _pattern_has_the_groups(cls, pattern: str) -> str:
        try:
            groups = set(re.compile(pattern).groupindex)
        except re.error as error:
            raise ValueError(f"pattern is no regular expression: {error}") from error
        if "layer" not in groups or not groups <= GROUPS:
            raise ValueError(f"pattern needs the group (?P<layer>…) and knows {sorted(GROUPS)}, got {sorted(groups)}")
        return pattern

    @field_validator("plate")
    @classmethod
    def _plate_is_a_polygon(cls, plate: Polygon | None) -> Polygon | None:
        if plate is not None and (len(plate) < 3 or not all(0 <= value <= 1 for point in plate for value in point)):
            raise ValueError("plate needs three or more corners [x, y] in fractions 0 to 1 of width and height")
        return plate

    @model_validator(mode="after")
    def _every_name_has_a_stage_and_a_light(self) -> Self:
        groups = set(self._regex.groupindex)
        if ("stage" in groups) != bool(self.stages):
            raise ValueError("the group (?P<stage>…) and the table [stages] come together or not at all")
        if "stage" not in groups and self.default_stage is None:
            raise ValueError("without a group (?P<stage>…) the profile needs default_stage")
        if ("light" in groups) != bool(self.lights):
            raise ValueError("the group (?P<light>…) and the list lights come together or not at all")
        return self

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @property
    def expected_lights(self) -> tuple[str, ...]:
        """The lights of a complete layer set; one unnamed light where the printer has no others."""
        return tuple(sorted(self.lights)) or ("",)

    @property
    def written_stages(self) -> tuple[Stage, ...]:
        """The stages that this kind of printer photographs, in their order in a layer."""
        known: set[Stage | None] = {*self.stages.values()} or {self.default_stage}
        return tuple(stage for stage in Stage if stage in known)

    def read_name(self, relative: PurePosixPath) -> CaptureName | None:
        """Return what the path of a picture below the watched folder says, or None if it is not one of ours."""
        if any(fnmatch.fnmatch(relative.name, glob) for glob in self.ignore):
            return None
        match = self._regex.fullmatch(relative.name)
        if match is None:
            return None
        found = match.groupdict()
        stage = self.stages.get(found["stage"]) if self.stages else self.default_stage
        light = found.get("light") or ""
        layer = int(found["layer"])
        if stage is None or light not in self.expected_lights or layer > MAX_LAYER:
            return None
        folders = [part for part in relative.parent.parts if part != "."]
        build = "-".join(part for part in (*folders, found.get("build") or "") if part)
        return CaptureName(build=safe_name(build) if build else "", layer=layer, stage=stage, light=light)

    def file_name(self, layer: int, stage: Stage, light: str) -> str:
        """Return the name that this kind of printer gives to a picture."""
        text = next((key for key, value in self.stages.items() if value is stage), "")
        return self.template.format(stage=text, layer=layer, light=light)


def shipped_profiles() -> tuple[str, ...]:
    """The names of the profiles that come with layerwatch."""
    folder = resources.files("layerwatch").joinpath("profiles")
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_profile(name: str) -> Profile:
    """Return a shipped profile by its name, or one from the path of a TOML file.

    Raises:
        ProfileError: there is no such profile, or it is wrong; the message lists every mistake.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise ProfileError(f"there is no profile file {name}")
        return parse_profile(path.read_text(encoding="utf-8"), source=name)
    if name not in shipped_profiles():
        raise ProfileError(
            f"there is no profile {name!r}; shipped are {', '.join(shipped_profiles())}, "
            "or give the path of a file that ends in .toml"
        )
    text = resources.files("layerwatch").joinpath("profiles", f"{name}.toml").read_text(encoding="utf-8")
    return parse_profile(text, source=name)


def parse_profile(text: str, *, source: str) -> Profile:
    """Return the profile that a TOML text describes; `source` names it in errors."""
    try:
        return Profile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"profile {source} is no TOML: {error}") from error
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, item['loc'])) or 'profile'}: {item['msg']}" for item in error.errors()]
        raise ProfileError(f"profile {source}: {one_line(problems)}") from error
