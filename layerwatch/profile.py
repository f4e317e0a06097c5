"""How one kind of printer writes its pictures."""

import fnmatch
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)

from layerwatch.errors import ProfileError, one_line
from layerwatch.layers import MAX_LAYER, Stage, safe_name

Polygon = tuple[tuple[float, float], ...]  # corners x, y
FOLDER_GROUPS = frozenset({"build", "stage", "light"})
GROUPS = FOLDER_GROUPS | {"layer", "height"}
Ratio = Annotated[float, Field(ge=0, le=1)]
MAX_SATURATED = 0.85  # healthy lights reach 0.51 (NIST AMMT, mds2-2233)
MIN_SHARPNESS = 0.17  # real pictures of three cameras have 0.44 and more, out of focus 0.16 and less (docs/quality.md)
HEIGHT_TOLERANCE = 0.1  # of a layer: a height between two layers belongs to neither


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
        pattern: regular expression for the whole file name, with the named group `layer`, or `height` in µm, and,
            where the printer has them, `build`, `stage` and `light`.
        folders: the same for the folders above the file, `a/b`, with `build`, `stage` and `light` where they tell
            them; None if it may lie in any, which then name the build.
        template: the path for a layer, `{stage}`, `{layer}`, `{height}` and `{light}` filled in; how a simulated
            printer writes.
        layer_height_um: how much higher each layer is than the one before, where names tell the height.
        stages: what stands in the group `stage` -> the stage that it means.
        default_stage: the stage where the name has none.
        lights: every light that makes a layer set complete; empty for one picture a layer.
        bits: bits of grey really used, where the file's own depth says too much (12 in a 16-bit file).
        mm_per_px: edge of a pixel on the plate; areas in mm² are given only where it is known.
        width, height: pixels of every picture, where a picture of another size is a mistake.
        max_saturated: share of the plate's pixels that may be at full scale, for all lights or a table by light.
        min_sharpness: what a picture needs not to be called blurred; 0 for whatever comes.
        glare: what a glowing spot in one of several lights means: the laser was on, or nothing.
        repeats: what it means that a picture has the same bytes as one before: a frozen camera, or nothing.
        plate: polygon around the build plate, in fractions of width and height; judged is only what lies inside.
        settle_seconds: a file that has not changed for so long is complete.
        set_timeout_seconds: wait so long for the last light, then judge the set as incomplete.
        grace_seconds: wait so long for a file that is still no whole picture.
        silent_seconds: with no new layer for so long the printer counts as silent; None for five times the longest of
            the last intervals, at least a minute.
        watch: inotify, or polling for network shares, where no events come.
        probe: write a file into the folder at the start, and poll if no event tells of it; False to write nothing.
        ignore: file name patterns that are never pictures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$")
    pattern: str
    folders: str | None = None
    template: str
    layer_height_um: PositiveFloat | None = None
    stages: dict[str, Stage] = {}
    default_stage: Stage | None = None
    lights: tuple[str, ...] = ()
    bits: int | None = Field(default=None, ge=8, le=16)
    mm_per_px: PositiveFloat | None = None
    width: PositiveInt | None = None
    height: PositiveInt | None = None
    max_saturated: Ratio | dict[str, Ratio] = MAX_SATURATED
    min_sharpness: Ratio = MIN_SHARPNESS
    glare: Literal["invalid", "allow"] = "invalid"
    repeats: Literal["invalid", "allow"] = "invalid"
    plate: Polygon | None = None
    settle_seconds: PositiveFloat = 0.5
    set_timeout_seconds: PositiveFloat = 30.0
    grace_seconds: PositiveFloat = 10.0
    silent_seconds: PositiveFloat | None = None
    watch: Literal["inotify", "polling"] = "inotify"
    probe: bool = False
    ignore: tuple[str, ...] = (".*", "*.part", "*.tmp", "~*")

    @field_validator("pattern")
    @classmethod
    def _pattern_has_the_groups(cls, pattern: str) -> str:
        groups = _groups(pattern)
        if len(groups & {"layer", "height"}) != 1 or not groups <= GROUPS:
            raise ValueError(
                f"needs the group (?P<layer>…) or (?P<height>…) and knows {sorted(GROUPS)}, got {sorted(groups)}"
            )
        return pattern

    @field_validator("folders")
    @classmethod
    def _folders_have_the_groups(cls, folders: str | None) -> str | None:
        groups = _groups(folders or "")
        if not groups <= FOLDER_GROUPS:
            raise ValueError(f"knows the groups {sorted(FOLDER_GROUPS)}, got {sorted(groups)}")
        return folders

    @field_validator("plate")
    @classmethod
    def _plate_is_a_polygon(cls, plate: Polygon | None) -> Polygon | None:
        if plate is not None and (len(plate) < 3 or not all(0 <= value <= 1 for point in plate for value in point)):
            raise ValueError("plate needs three or more corners [x, y] in fractions 0 to 1 of width and height")
        return plate

    @model_validator(mode="after")
    def _every_name_has_a_stage_and_a_light(self) -> Self:
        in_name, in_folders = _groups(self.pattern), _groups(self.folders or "")
        if in_name & in_folders:
            raise ValueError(f"pattern and folders both have the group {', '.join(sorted(in_name & in_folders))}")
        if ("height" in in_name) != (self.layer_height_um is not None):
            raise ValueError("the group (?P<height>…) and layer_height_um come together or not at all")
        groups = in_name | in_folders
        if ("stage" in groups) != bool(self.stages):
            raise ValueError("the group (?P<stage>…) and the table [stages] come together or not at all")
        if "stage" not in groups and self.default_stage is None:
            raise ValueError("without a group (?P<stage>…) the profile needs default_stage")
        if ("light" in groups) != bool(self.lights):
            raise ValueError("the group (?P<light>…) and the list lights come together or not at all")
        return self

    @model_validator(mode="after")
    def _the_normal_belongs_together(self) -> Self:
        if (self.width is None) != (self.height is None):
            raise ValueError("width and height come together or not at all")
        if isinstance(self.max_saturated, dict) and not self.max_saturated.keys() <= set(self.lights):
            raise ValueError(f"max_saturated names the lights {sorted(self.max_saturated)}, lights are {self.lights}")
        return self

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @cached_property
    def _folders_regex(self) -> re.Pattern[str] | None:
        return None if self.folders is None else re.compile(self.folders)

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
        match, folders = self._regex.fullmatch(relative.name), self._read_folders(relative.parent)
        if match is None or folders is None:
            return None
        found = folders | match.groupdict()
        stage = self.stages.get(found["stage"] or "") if self.stages else self.default_stage
        light = found.get("light") or ""
        layer = self._layer(found)
        if stage is None or light not in self.expected_lights or layer is None or layer > MAX_LAYER:
            return None
        build = "-".join(part for part in (folders.get("build"), match.groupdict().get("build")) if part)
        return CaptureName(build=safe_name(build) if build else "", layer=layer, stage=stage, light=light)

    def _read_folders(self, folder: PurePosixPath) -> dict[str, str | None] | None:
        """Return what the folders above a picture say, None if it lies in the wrong ones."""
        parts = "/".join(part for part in folder.parts if part != ".")
        if self._folders_regex is None:
            return {"build": parts.replace("/", "-")}
        match = self._folders_regex.fullmatch(parts)
        if match is None:
            return None
        return {group: text and text.replace("/", "-") for group, text in match.groupdict().items()}

    def _layer(self, found: Mapping[str, str | None]) -> int | None:
        """Return the number that a name says; None where its height lies between two layers."""
        if self.layer_height_um is None:
            return int(found["layer"] or 0)
        layers = float(found["height"] or 0) / self.layer_height_um
        return round(layers) if abs(layers - round(layers)) <= HEIGHT_TOLERANCE else None

    def file_name(self, layer: int, stage: Stage, light: str) -> str:
        """Return the path, below the watched folder, that this kind of printer gives to a picture."""
        text = next((key for key, value in self.stages.items() if value is stage), "")
        height = round(layer * (self.layer_height_um or 0))
        return self.template.format(stage=text, layer=layer, height=height, light=light)


def _groups(pattern: str) -> set[str]:
    try:
        return set(re.compile(pattern).groupindex)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error


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
