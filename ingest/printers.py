"""Several printers in one process: a TOML file says which, each with its folder and its profile."""

import tomllib
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError, field_validator

from ingest.feed import Priority
from ingest.settings import IngestSettings, Printer, printer_of, profile_with, refuse_taken_name
from layerwatch.errors import SettingsError, one_line
from layerwatch.layers import BUILD_NAME, PRINTER_NAME, safe_name


class PrinterEntry(BaseModel):
    """One `[[printer]]` of the file.

    Attributes:
        name: of the machine in keys, messages and metrics.
        folder: that it writes into, below SOURCES_DIR.
        profile: a shipped one, or a TOML file, relative to the file of printers.
        build: the build where neither file name nor folder tell; empty for the name of the folder.
        max_depth: folders below its own that are looked into.
        priority: high goes ahead of all other printers, low waits with the backlog.
        mm_per_px, settle_seconds, set_timeout_seconds, grace_seconds, silent_seconds, watch, probe: in place of the
            profile's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=f"^{PRINTER_NAME.pattern}$")
    folder: PurePosixPath
    profile: str
    build: str = Field(default="", pattern=f"^({BUILD_NAME.pattern})?$")
    max_depth: int = Field(default=8, ge=0, le=32)
    priority: Priority = "normal"
    mm_per_px: PositiveFloat | None = None
    settle_seconds: PositiveFloat | None = None
    set_timeout_seconds: PositiveFloat | None = None
    grace_seconds: PositiveFloat | None = None
    silent_seconds: PositiveFloat | None = None
    watch: Literal["inotify", "polling"] | None = None
    probe: bool | None = None

    @field_validator("folder")
    @classmethod
    def _folder_lies_below(cls, folder: PurePosixPath) -> PurePosixPath:
        if folder.is_absolute() or ".." in folder.parts or not folder.parts:
            raise ValueError("expected a folder below SOURCES_DIR, such as m290/pictures")
        return folder


class PrintersFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    printer: tuple[PrinterEntry, ...] = Field(min_length=1)


def printers_of(settings: IngestSettings) -> tuple[Printer, ...]:
    """Return the printers that the settings describe: one, or those of the file.

    The folder of one of several may be away: it is waited for.

    Raises:
        ProfileError: a profile is unknown or wrong.
        SettingsError: the file is wrong, its printers get in each other's way, or the only folder is not there.
    """
    if settings.printers is None:
        return (printer_of(settings),)
    root = settings.sources_dir.expanduser()
    if not root.is_dir():
        raise SettingsError(f"there is no folder {root}, below which the printers' folders lie; set SOURCES_DIR")
    entries = read_printers(settings.printers)
    return tuple(_printer(entry, root.resolve(), settings.printers.parent) for entry in entries)


def read_printers(file: Path) -> tuple[PrinterEntry, ...]:
    """Return what a file of printers says.

    Raises:
        SettingsError: it cannot be read, is wrong, or two printers have one name or one folder, or a name is not free.
    """
    try:
        entries = PrintersFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))).printer
    except OSError as error:
        raise SettingsError(f"printers {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"printers {file} is no TOML: {error}") from error
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise SettingsError(f"printers {file}: {one_line(problems)}") from error
    for number, entry in enumerate(entries):
        refuse_taken_name(entry.name)
        for other in entries[:number]:
            _refuse_conflict(file, entry, other)
    return entries


def _refuse_conflict(file: Path, entry: PrinterEntry, other: PrinterEntry) -> None:
    if entry.name == other.name:
        raise SettingsError(f"printers {file}: two are called {entry.name}")
    if entry.folder.is_relative_to(other.folder) or other.folder.is_relative_to(entry.folder):
        raise SettingsError(
            f"printers {file}: the folders of {other.name} and {entry.name} lie in each other, so a picture would "
            "belong to both"
        )


def _printer(entry: PrinterEntry, root: Path, beside: Path) -> Printer:
    folder = (root / entry.folder).resolve()
    if not folder.is_relative_to(root):
        raise SettingsError(
            f"the folder of {entry.name} leads out of SOURCES_DIR to {folder}, where no worker would follow; mount it "
            f"at {root / entry.folder}"
        )
    profile = entry.profile
    if profile.endswith(".toml"):
        profile = str(beside / profile)
    return Printer(
        name=entry.name,
        root=folder,
        folder=entry.folder.as_posix(),
        default_build=entry.build or safe_name(entry.folder.name),
        max_depth=entry.max_depth,
        profile=profile_with(profile, entry),
        priority=entry.priority,
    )
