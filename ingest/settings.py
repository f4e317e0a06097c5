"""What ingest is told, read once at the top, and refused clearly where it cannot work."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic_settings import SettingsConfigDict

from ingest.feed import QUEUE_LIMIT, Priority
from layerwatch.artifacts import Location
from layerwatch.errors import SettingsError
from layerwatch.layers import BUILD_NAME, CHECK_PRINTER, PRINTER_NAME, safe_name
from layerwatch.pictures import SourceFolder
from layerwatch.profile import Profile, load_profile
from layerwatch.settings import SharedSettings

OVERRIDES = ("mm_per_px", "settle_seconds", "set_timeout_seconds", "grace_seconds", "silent_seconds", "watch", "probe")


class IngestSettings(SharedSettings):
    """Environment of ingest; overrides that are None leave the profile's own value.

    Attributes:
        profile: a shipped profile, or the path of a TOML file.
        printer: the name of the machine in keys, messages and metrics.
        build: the build where neither file name nor folder tell; empty for the name of the watched folder.
        printers: a TOML file of several printers (ingest/printers.py); it says for each what the other fields say of
            one.
        mm_per_px: edge of a pixel on the plate.
        settle_seconds, set_timeout_seconds, grace_seconds, silent_seconds: see Profile.
        watch: inotify, or polling for network shares, where no events come.
        probe: write a file into the folder at the start to see whether events come.
        priority: of the printer among those on the same queue: its layers go ahead of all others, ahead of a backlog
            (normal), or wait with the backlog.
        rescan_seconds: so often the whole folder is compared with what is known, events or not.
        queue_limit: layer sets of a backlog wait in the folder while so many inspections wait on the queue; layers that
            are printed now go to it in any case.
        ledger_dir: where ingest keeps what it read of each picture, so that a restart need not read all of them again.
        max_depth: folders below the watched one that are looked into, from 0 for none.
        send: how pictures travel to the workers: by their path alone, or with their bytes in Redis, for workers that do
            not see the folder.
        send_limit_mb: MiB of pictures that lie in Redis at once; layer sets wait in the folder for room.
        send_largest_mb: MiB of the largest picture that is sent with its bytes; the verdict on a larger one is invalid.
        send_ttl_seconds: pictures that no worker fetched end so long after ingest last saw their job.
    """

    model_config = SettingsConfigDict(env_prefix="INGEST_")

    profile: str = "nist-ammt"
    printer: str = Field(default="printer", pattern=f"^{PRINTER_NAME.pattern}$")
    build: str = Field(default="", pattern=f"^({BUILD_NAME.pattern})?$")
    printers: Path | None = None
    mm_per_px: PositiveFloat | None = None
    settle_seconds: PositiveFloat | None = None
    set_timeout_seconds: PositiveFloat | None = None
    grace_seconds: PositiveFloat | None = None
    silent_seconds: PositiveFloat | None = None
    watch: Literal["inotify", "polling"] | None = None
    probe: bool | None = None
    priority: Priority = "normal"
    rescan_seconds: PositiveFloat = 10.0
    queue_limit: PositiveInt = QUEUE_LIMIT
    ledger_dir: Path = Path("ledger")
    max_depth: int = Field(default=8, ge=0, le=32)
    send: Literal["path", "bytes"] = "path"
    send_limit_mb: PositiveInt = 1024
    send_largest_mb: int = Field(default=64, ge=1, le=512)
    send_ttl_seconds: PositiveInt = 7 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """One printer as ingest sees it: its name, its folder, and how it writes.

    Attributes:
        root: the folder that it writes into.
        folder: the same below SOURCES_DIR, with forward slashes; empty if it is SOURCES_DIR itself.
        default_build: where neither file name nor folder tell.
        max_depth: folders below its own that are looked into.
        priority: among the printers on the same queue.
    """

    name: str
    root: Path
    folder: str = ""
    default_build: str
    max_depth: int
    profile: Profile
    priority: Priority = "normal"

    def locate(self, sent: str) -> Path:
        """Return where a path of a message lies, see `SourceFolder`."""
        return SourceFolder(self.root).locate(sent.removeprefix(f"{self.folder}/") if self.folder else sent)


def printer_of(settings: IngestSettings) -> Printer:
    """Return the printer that the settings describe.

    Raises:
        ProfileError: the profile is unknown or wrong.
        SettingsError: the folder is not there, or the name is not free.
    """
    refuse_taken_name(settings.printer)
    root = settings.sources_dir.expanduser()
    if not root.is_dir():
        raise SettingsError(
            f"there is no folder {root} to watch; create or mount it, or name another with --source or SOURCES_DIR"
        )
    root = root.resolve()
    return Printer(
        name=settings.printer,
        root=root,
        default_build=settings.build or safe_name(root.name or "build"),
        max_depth=settings.max_depth,
        profile=profile_of(settings),
        priority=settings.priority,
    )


def refuse_taken_name(printer: str) -> None:
    """Raise if a printer would have the name under which uploaded layers go.

    Raises:
        SettingsError: it would.
    """
    if printer == CHECK_PRINTER:
        raise SettingsError(
            f"no printer can be called {CHECK_PRINTER!r}: layers that a person uploads on the page go under that name; "
            "choose another, as in INGEST_PRINTER=m290"
        )


def refuse_own_output(printers: Sequence[Printer], artifacts_dir: Location) -> None:
    """Raise if ingest would watch what layerwatch writes.

    Raises:
        SettingsError: the artifacts lie inside a watched folder.
    """
    if not isinstance(artifacts_dir, Path):
        return
    artifacts = artifacts_dir.expanduser().resolve()
    for printer in printers:
        if artifacts.is_relative_to(printer.root):
            raise SettingsError(
                f"ARTIFACTS_DIR {artifacts} lies inside the watched folder {printer.root}, so layerwatch would inspect "
                "its own overlays; move one of the two"
            )


def profile_of(settings: IngestSettings) -> Profile:
    """Return the profile with the overrides of the settings.

    Raises:
        ProfileError: it is unknown or wrong.
    """
    return profile_with(settings.profile, settings)


def profile_with(name: str, overrides: object) -> Profile:
    """Return a profile in which what `overrides` says wins over what the profile says.

    Raises:
        ProfileError: it is unknown or wrong.
    """
    told = {field: getattr(overrides, field) for field in OVERRIDES}
    return load_profile(name).model_copy(update={field: value for field, value in told.items() if value is not None})
