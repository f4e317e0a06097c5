"""Inspecting files by hand: the same inspection as a job's, without Redis."""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from layerwatch.errors import LayerwatchError, SettingsError
from layerwatch.grouping import group_by_layer
from layerwatch.job import InspectLayer
from layerwatch.layers import PRINTER_NAME, Capture, LayerKey, LayerSet, safe_name
from layerwatch.profile import CaptureName, Profile
from layerwatch.verdict import Verdict
from layerwatch.vision.encode import encode_png
from worker.pipeline import Pipeline

PROBABILITY = "probability.png"
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})


class NothingToInspectError(LayerwatchError):
    """Files that were named are not there, or no pictures of the profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandPicked:
    """Layer sets from files that a person named.

    Attributes:
        root: the folder above all files; captures are named below it.
        passed_over: pictures in the folders given that the profile does not know.
    """

    root: Path
    sets: tuple[LayerSet, ...]
    passed_over: tuple[Path, ...]

    def locate(self, relative: str) -> Path:
        return self.root / relative


def pick(paths: Sequence[Path], profile: Profile, *, printer: str) -> HandPicked:
    """Return the layer sets that some files and folders hold; a folder stands for the files in it.

    Raises:
        NothingToInspectError: a file is missing or not one of the profile's, two claim the same light of a layer,
            or there is none at all.
        SettingsError: the printer's name cannot stand in a key.
    """
    if not PRINTER_NAME.fullmatch(printer):
        raise SettingsError(f"expected a printer name of letters, digits and '-', got {printer!r}")
    named = [path for path in paths if not path.is_dir()]
    missing = [path for path in named if not path.is_file()]
    if missing:
        raise NothingToInspectError(f"there is no file {', '.join(map(str, missing))}")
    found = [entry for path in paths if path.is_dir() for entry in sorted(path.iterdir()) if entry.is_file()]
    files = {Path(os.path.abspath(path)): path in named for path in (*found, *named)}  # noqa: PTH100 - keeps links
    if not files:
        raise NothingToInspectError(f"no files in {', '.join(map(str, paths))}")
    root = Path(os.path.commonpath([file.parent for file in files]))
    names = {file: read_name(profile, PurePosixPath(file.relative_to(root).as_posix())) for file in files}
    unknown = [file for file, name in names.items() if name is None]
    if len(unknown) == len(files) or any(files[file] for file in unknown):
        raise NothingToInspectError(_explain(unknown, profile))
    known = {file: name for file, name in names.items() if name is not None}
    sets = group_by_layer(
        _captures(known, root),
        printer=printer,
        default_build=safe_name(root.name) if root.name else "build",
        expected_lights=profile.expected_lights,
    )
    taken = {root / capture.path for layer_set in sets for capture in layer_set.captures}
    displaced = [str(file) for file in known if file not in taken]
    if displaced:
        raise NothingToInspectError(
            f"{', '.join(displaced)}: another picture claims the same layer and light; inspect it in a call of its own"
        )
    return HandPicked(
        root=root,
        sets=sets,
        passed_over=tuple(file for file in unknown if file.suffix.lower() in PICTURES),
    )


def read_name(profile: Profile, relative: PurePosixPath) -> CaptureName | None:
    """Return what a path says; a single picture without a number is layer 0 of a build of its own."""
    name = profile.read_name(relative)
    if name is not None or profile.lights or profile.stages or relative.suffix.lower() not in PICTURES:
        return name
    if profile.default_stage is None or relative.name.startswith("."):
        return None
    build = safe_name("-".join((*relative.parent.parts, relative.stem)))
    return CaptureName(build=build, layer=0, stage=profile.default_stage, light="")


def message_of(layer_set: LayerSet, profile: Profile) -> InspectLayer:
    """Return the job that ingest would make of a layer set."""
    now = datetime.now(UTC)
    return InspectLayer.about(layer_set, profile=profile, revision=1, settled=now, queued=now)


def inspect_set(message: InspectLayer, pipeline: Pipeline, *, with_probability: bool) -> Verdict:
    """Inspect one layer set and write its artifacts; the model's output where it is asked for and the model was."""
    if not with_probability:
        pipeline.artifacts.remove(message.layer_set.key, PROBABILITY)
    verdict, findings = pipeline.inspect(message, attempt=1)
    if with_probability and findings.probability is not None:
        pipeline.artifacts.write(verdict.key, PROBABILITY, encode_png(findings.probability))
    return verdict


def line_of(verdict: Verdict, *, seconds: float) -> str:
    """Return the line that is printed about a layer set."""
    count = len(verdict.regions)
    regions = f"{count}{'+' if verdict.regions_truncated else ''} region{'' if count == 1 else 's'}"
    words = (f"{verdict.decision:<7}", str(verdict.key), regions, area_of(verdict), f"{seconds:.2f} s")
    return "  ".join((*words, *verdict.reasons))


def area_of(verdict: Verdict) -> str:
    """Return the area of all defects in mm², or in px where the size of a pixel is not known."""
    if verdict.defect_area_mm2 is not None:
        return f"{verdict.defect_area_mm2:.2f} mm²"
    return f"{sum(region.area_px for region in verdict.regions)}{'+' if verdict.regions_truncated else ''} px"


def folder_by_key(key: LayerKey) -> PurePosixPath:
    """Return where the artifacts of an inspection by hand lie: one folder a layer, side by side."""
    return PurePosixPath(str(key))


def _captures(names: Mapping[Path, CaptureName], root: Path) -> Iterable[tuple[CaptureName, Capture]]:
    for file, name in names.items():
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        capture = Capture(
            light=name.light,
            path=file.relative_to(root).as_posix(),
            sha256=digest,
            modified=datetime.fromtimestamp(file.stat().st_mtime, UTC),
        )
        yield name, capture


def _explain(unknown: Sequence[Path], profile: Profile) -> str:
    shown = ", ".join(file.name for file in unknown[:5])
    more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
    example = profile.file_name(12, profile.written_stages[0], profile.expected_lights[0])
    return (
        f"not pictures of the profile {profile.name}: {shown}{more}; "
        f"it expects names like {example} (pattern {profile.pattern})"
    )
