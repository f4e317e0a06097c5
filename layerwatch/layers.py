"""Which layer, which pictures: the names that everything else hangs on."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final, Self

PRINTER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
BUILD_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
LIGHT_NAME = re.compile(r"[A-Za-z0-9]{0,16}")
_LAYER_KEY = re.compile(r"(?P<printer>[A-Za-z0-9-]+)_(?P<build>.+)_(?P<layer>\d{6,8})_(?P<stage>recoat|melt)")
_DIGEST = re.compile(r"-[0-9a-f]{12}")
INSPECTION_ID = re.compile(r"[A-Za-z0-9_-]+_\d{6,}_(recoat|melt)-[0-9a-f]{12}")
MAX_LAYER = 99_999_999
CHECK_PRINTER: Final = "check"  # of layers that a person uploads, each a build of its own; no machine is called so


class Stage(StrEnum):
    RECOAT = "recoat"  # after spreading the powder
    MELT = "melt"  # after exposure


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class LayerKey:
    """One layer of one build in one stage; the name of a printer has no underscore, so a key can be read back."""

    printer: str
    build: str
    layer: int
    stage: Stage

    def __post_init__(self) -> None:
        if not PRINTER_NAME.fullmatch(self.printer):
            raise ValueError(f"expected a printer name of letters, digits and '-' (at most 64), got {self.printer!r}")
        if not BUILD_NAME.fullmatch(self.build):
            raise ValueError(f"expected a build name of letters, digits, '-', '_' (at most 128), got {self.build!r}")
        if not 0 <= self.layer <= MAX_LAYER:
            raise ValueError(f"expected a layer number from 0 to {MAX_LAYER}, got {self.layer}")

    def __str__(self) -> str:
        return f"{self.printer}_{self.build}_{self.layer:06d}_{self.stage}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the layer that its key, or the id of an inspection of it, names.

        Raises:
            ValueError: the text is neither.
        """
        match = _LAYER_KEY.fullmatch(text[:-13] if _DIGEST.fullmatch(text[-13:]) else text)
        if match is None:
            raise ValueError(f"expected a layer such as m290_job42_000123_melt, got {text!r}")
        printer, build, layer, stage = match.groups()
        return cls(printer=printer, build=build, layer=int(layer), stage=Stage(stage))

    @property
    def folder(self) -> PurePosixPath:
        """Where the artifacts of this layer lie, below the artifacts folder."""
        return PurePosixPath(self.printer, self.build, f"{self.layer:06d}_{self.stage}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One picture file.

    Attributes:
        light: the lighting angle, empty where the printer has only one.
        path: below the sources folder, with forward slashes.
        sha256: 64 hex digits over the bytes of the file.
        modified: when the printer last wrote to the file.
    """

    light: str
    path: str
    sha256: str
    modified: datetime

    def __post_init__(self) -> None:
        if not LIGHT_NAME.fullmatch(self.light):
            raise ValueError(f"expected a light of letters and digits, got {self.light!r}")
        if self.modified.tzinfo is None:
            raise ValueError("expected a time with its zone, got a naive one")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSet:
    """All captures of one layer and stage; complete when every expected light is there.

    Attributes:
        again: how often a person asked for a new inspection of the same pictures.
    """

    key: LayerKey
    captures: tuple[Capture, ...]
    expected_lights: tuple[str, ...]
    again: int = 0

    def __post_init__(self) -> None:
        lights = [capture.light for capture in self.captures]
        if not lights or lights != sorted(set(lights)):
            raise ValueError(f"expected one or more captures with different lights in order, got lights {lights}")

    @property
    def missing_lights(self) -> tuple[str, ...]:
        present = {capture.light for capture in self.captures}
        return tuple(light for light in self.expected_lights if light not in present)

    @property
    def inspection_id(self) -> str:
        """The layer key and 12 hex digits over lights and contents.

        The same pictures are the same inspection, unless a person asks for another.
        """
        digest = hashlib.sha256()
        for capture in self.captures:
            digest.update(f"{capture.light}:{capture.sha256}\n".encode())
        if self.again:
            digest.update(f"again:{self.again}\n".encode())
        return f"{self.key}-{digest.hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class Shape:
    """Size in pixels and bits of grey of a picture."""

    width: int
    height: int
    bits: int


def shape_problems(shapes: Mapping[str, Shape]) -> list[str]:
    """Return in words how the pictures of one layer set, by their lights, differ; nothing if they can be combined."""
    problems = []
    if len({(shape.width, shape.height) for shape in shapes.values()}) > 1:
        sizes = (f"{light} {shape.width} x {shape.height}" for light, shape in shapes.items())
        problems.append(f"the lights differ in size: {', '.join(sizes)}")
    if len({shape.bits for shape in shapes.values()}) > 1:
        depths = (f"{light} {shape.bits}" for light, shape in shapes.items())
        problems.append(f"the lights differ in bits of grey: {', '.join(depths)}")
    return problems


def size_problems(shapes: Mapping[str, Shape], width: int | None, height: int | None) -> list[str]:
    """Return in words which size the pictures have in place of that which a profile knows; nothing without one."""
    if width is None or height is None:
        return []
    sizes = {(shape.width, shape.height): None for shape in shapes.values()}
    sizes.pop((width, height), None)
    return [f"expected {width} x {height} pixels, got {wrong[0]} x {wrong[1]}" for wrong in sizes]


def safe_name(text: str) -> str:
    """Return text as a build name: foreign characters become '-', and a short hash keeps changed names apart."""
    cleaned = re.sub(r"[^A-Za-z0-9_-]+", "-", text)[:100]
    if cleaned == text and cleaned:
        return cleaned
    return f"{cleaned.strip('-')}-{hashlib.sha256(text.encode()).hexdigest()[:6]}".lstrip("-")
