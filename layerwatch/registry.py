"""The model registry: `ROOT/NAME/VERSION/`, a file `current` that names the version in service, and a log of it."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from layerwatch import promotions
from layerwatch.atomic import write_atomic
from layerwatch.bundle import MANIFEST, NAME, load_manifest, verify_files
from layerwatch.errors import BundleError, BundleMissingError
from layerwatch.promotions import Action, Check, Promotion

CURRENT = "current"
LONGEST_POINTER = 256  # bytes that are read of `current`; a version has at most 64


class Registry:
    """Bundles by name and version; a version, once published, never changes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def publish(self, bundle_dir: Path) -> Path:
        """Copy a bundle in, whole or not at all, and return its place.

        Raises:
            BundleError: the bundle does not match its manifest, or the version is there already.
        """
        manifest = load_manifest(bundle_dir)
        verify_files(bundle_dir, manifest)
        target = self.root / manifest.name / manifest.version
        if target.exists():
            raise BundleError(f"bundle {manifest.id} is in the registry already; give the new one another version")
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=".publish-"))
        try:
            for name in (*manifest.files, MANIFEST):
                shutil.copyfile(bundle_dir / name, staging / name)
            staging.chmod(0o755)
            staging.rename(target)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        return target

    def promote(self, name: str, version: str, checks: Sequence[Check] = ()) -> None:
        """Make a version the one in service, by one atomic rename.

        Raises:
            BundleError: it is not there, or does not match its manifest; what was in service stays.
        """
        self._switch(Action.PROMOTE, name, version, checks)

    def rollback(self, name: str) -> str:
        """Put the version in service again that was so before the one that is now, and return it.

        Raises:
            BundleError: the log knows none, or it is broken; what is in service stays.
        """
        version = self.previous(name)
        if version is None:
            raise BundleError(f"the log of {name} knows no version that was in service before {self.current(name)}")
        self._switch(Action.ROLLBACK, name, version, ())
        return version

    def refuse(self, name: str, version: str, checks: Sequence[Check]) -> None:
        """Note in the log that a version was not put in service, and why."""
        self._note(Action.REFUSE, name, version, checks)

    def previous(self, name: str) -> str | None:
        """Return the version that was in service when the one in service now was promoted."""
        current = self.current(name)
        ours = (one for one in reversed(self.history(name)) if one.version == current and one.action is Action.PROMOTE)
        promoted = next(ours, None)
        return promoted.before if promoted is not None else None

    def history(self, name: str) -> tuple[Promotion, ...]:
        """Return what was promoted, rolled back and refused, oldest first."""
        return promotions.read(self.root / checked_name(name))

    def _switch(self, action: Action, name: str, version: str, checks: Sequence[Check]) -> None:
        target = self.place(name, version)
        verify_files(target, load_manifest(target))
        if self.current(name) == version:
            return
        # The log first: killed in between, it tells of a promotion too many, but none is ever missing for a rollback.
        self._note(action, name, version, checks)
        write_atomic(self.root / name / CURRENT, f"{version}\n".encode())

    def _note(self, action: Action, name: str, version: str, checks: Sequence[Check]) -> None:
        promotion = Promotion(action=action, version=version, before=self.current(name), checks=tuple(checks))
        promotions.append(self.root / checked_name(name), promotion)

    def current(self, name: str) -> str | None:
        """Return the version in service, or None where none was promoted."""
        pointer = self.root / checked_name(name) / CURRENT
        if not pointer.is_file():
            return None
        with pointer.open("rb") as opened:
            return opened.read(LONGEST_POINTER).decode(errors="replace").strip()

    def place(self, name: str, version: str) -> Path:
        """Return where a version lies, whether it is there or not.

        Raises:
            BundleError: the name or the version could leave the registry.
        """
        return self.root / checked_name(name) / checked_name(version)

    def means_current(self, model: str) -> bool:
        """Whether a model is given by its name alone, so that it is whichever version is in service."""
        return NAME.fullmatch(model) is not None and not (Path(model) / MANIFEST).is_file()

    def names(self) -> tuple[str, ...]:
        """Return all models of which a version is published."""
        return tuple(sorted(path.name for path in self.root.glob("*") if NAME.fullmatch(path.name) and _versions(path)))

    def versions(self, name: str) -> tuple[str, ...]:
        """Return all published versions, oldest name first."""
        return _versions(self.root / checked_name(name))

    def resolve(self, model: str) -> Path:
        """Return the bundle directory for a path, a NAME (its current version) or NAME/VERSION.

        Raises:
            BundleMissingError: nothing of these is there.
        """
        if (Path(model) / MANIFEST).is_file():
            return Path(model)
        name, _, version = model.partition("/")
        if NAME.fullmatch(name):
            version = version or self.current(name) or ""
            if NAME.fullmatch(version) and (self.place(name, version) / MANIFEST).is_file():
                return self.place(name, version)
        raise BundleMissingError(
            f"there is no model {model!r}: neither a directory with a {MANIFEST}, "
            f"nor promoted in the registry {self.root}"
        )


def _versions(folder: Path) -> tuple[str, ...]:
    found = (path.parent.name for path in folder.glob(f"*/{MANIFEST}"))
    return tuple(sorted(version for version in found if NAME.fullmatch(version)))  # a copy under way has no such name


def checked_name(name: str) -> str:
    """Return a name that cannot leave the registry."""
    if not NAME.fullmatch(name):
        raise BundleError(f"expected a name of letters, digits, '.', '_' and '-', got {name!r}")
    return name
