"""The model registry: `ROOT/NAME/VERSION/` and a file `current` that names the version in service."""

import shutil
import tempfile
from pathlib import Path

from layerwatch.atomic import write_atomic
from layerwatch.bundle import MANIFEST, NAME, load_manifest, verify_files
from layerwatch.errors import BundleError, BundleMissingError

CURRENT = "current"


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

    def promote(self, name: str, version: str) -> None:
        """Make a version the one in service, by one atomic rename."""
        target = self.root / checked_name(name) / checked_name(version)
        verify_files(target, load_manifest(target))
        write_atomic(self.root / name / CURRENT, f"{version}\n".encode())

    def current(self, name: str) -> str | None:
        """Return the version in service, or None where none was promoted."""
        pointer = self.root / checked_name(name) / CURRENT
        return pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else None

    def versions(self, name: str) -> tuple[str, ...]:
        """Return all published versions, oldest name first."""
        return tuple(sorted(path.parent.name for path in (self.root / checked_name(name)).glob(f"*/{MANIFEST}")))

    def resolve(self, model: str) -> Path:
        """Return the bundle directory for a path, a NAME (its current version) or NAME/VERSION.

        Raises:
            BundleMissingError: nothing of these is there.
        """
        if (Path(model) / MANIFEST).is_file():
            return Path(model)
        name, _, version = model.partition("/")
        if NAME.fullmatch(name) and (not version or NAME.fullmatch(version)):
            version = version or self.current(name) or ""
            if version and (self.root / name / version / MANIFEST).is_file():
                return self.root / name / version
        raise BundleMissingError(
            f"there is no model {model!r}: neither a directory with a {MANIFEST}, "
            f"nor promoted in the registry {self.root}"
        )


def checked_name(name: str) -> str:
    """Return a name that cannot leave the registry."""
    if not NAME.fullmatch(name):
        raise BundleError(f"expected a name of letters, digits, '.', '_' and '-', got {name!r}")
    return name
