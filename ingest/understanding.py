"""How the files of a folder would be understood under a profile; for people who write one."""

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingest.settings import Printer
from ingest.source import Oddity, Source
from layerwatch.layers import LayerKey
from layerwatch.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """One file and the layer and light that its name says."""

    path: str
    key: LayerKey
    light: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What a folder holds under a profile.

    Attributes:
        files: the pictures, in the order of their layers.
        left_alone: why and what is not one.
        incomplete: layers that lack lights, and which.
        doubled: layer and light that more than one file claims.
    """

    files: tuple[Understood, ...]
    left_alone: tuple[tuple[Oddity, str], ...]
    incomplete: tuple[tuple[LayerKey, tuple[str, ...]], ...]
    doubled: tuple[tuple[LayerKey, str], ...]
    layers: int

    @property
    def unmatched(self) -> tuple[str, ...]:
        """The files whose names say nothing under this profile."""
        return tuple(path for oddity, path in self.left_alone if oddity is Oddity.UNMATCHED)

    @property
    def paths(self) -> tuple[str, ...]:
        """All files, understood or not."""
        return (*(file.path for file in self.files), *self.unmatched)

    def read_by(self, profile: Profile) -> int:
        """Return how many of the files another profile would understand."""
        return sum(profile.read_name(PurePosixPath(path)) is not None for path in self.paths)


def understand(printer: Printer) -> Understanding:
    """Return how the files in the printer's folder would be understood.

    Raises:
        SourceDownError: the folder cannot be listed.
    """
    left_alone: list[tuple[Oddity, str]] = []
    source = Source(printer, lambda oddity, path: left_alone.append((oddity, path)))
    files = []
    for found in source.scan():
        name = source.key(found.path)
        if name is not None:
            files.append(Understood(path=found.path, key=name[0], light=name[1]))
    files.sort(key=lambda file: (file.key, file.light, file.path))
    claims = Counter((file.key, file.light) for file in files)
    keys = sorted({file.key for file in files})
    expected = printer.profile.expected_lights
    lacking = ((key, tuple(light for light in expected if (key, light) not in claims)) for key in keys)
    return Understanding(
        files=tuple(files),
        left_alone=tuple(sorted(left_alone)),
        incomplete=tuple((key, lights) for key, lights in lacking if lights),
        doubled=tuple(claim for claim, number in claims.items() if number > 1),
        layers=len(keys),
    )
