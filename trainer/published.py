"""Which bundles the registry holds."""

from collections.abc import Iterator

from layerwatch.bundle import Manifest, load_manifest
from layerwatch.errors import BundleMissingError
from layerwatch.registry import Registry, checked_name


def published(registry: Registry, name: str) -> Iterator[Manifest]:
    """Yield the manifests of a model, oldest first.

    Raises:
        BundleMissingError: no version of it is published.
    """
    versions = registry.versions(name)
    if not versions:
        raise BundleMissingError(f"the registry {registry.root} has no version of {name!r}")
    manifests = (load_manifest(registry.root / checked_name(name) / version) for version in versions)
    yield from sorted(manifests, key=lambda manifest: manifest.created)


def newest(registry: Registry, name: str) -> Manifest:
    """Return the manifest that was created last.

    Raises:
        BundleMissingError: no version of the model is published.
    """
    *_, last = published(registry, name)
    return last
