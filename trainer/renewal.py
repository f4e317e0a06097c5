"""The next version of a bundle whose operating points are new."""

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from layerwatch.bundle import MANIFEST, Manifest, read_verified
from layerwatch.errors import TrainingError
from trainer.card import CARD, model_card
from trainer.packing import write_bundle
from trainer.plots import precision_recall_curves
from trainer.tuning import Tuned

CURVES: Final = "precision-recall.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What is new in a version.

    Attributes:
        version: None for date and time.
        tuned: the operating points.
        metrics: all that the manifest says was measured.
        lineage: what is added to the lineage.
        files: that take the place of those of the same name.
        stale: names of files that no longer hold, and are left out.
    """

    version: str | None
    tuned: Tuned
    metrics: dict[str, Any]
    lineage: dict[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)
    stale: Collection[str] = ()


def write_renewed(bundle: Path, manifest: Manifest, folder: Path, renewed: Renewed) -> Path:
    """Write the next version of a bundle into a folder of its own and return it.

    Raises:
        BundleError: a file of the bundle is damaged.
        TrainingError: the folder holds something else.
    """
    now = datetime.now(UTC)
    described = manifest.model_copy(
        update={
            "version": renewed.version or now.strftime("%Y%m%d-%H%M%S"),
            "created": now,
            "operating_points": renewed.tuned.points,
            "metrics": renewed.metrics,
            "lineage": dict(manifest.lineage) | renewed.lineage,
        }
    )
    made = dict(renewed.files) | {
        CURVES: precision_recall_curves(renewed.tuned.counts, renewed.tuned.points),
        CARD: model_card(described).encode(),
    }
    kept = {
        name: read_verified(bundle, manifest, name) for name in manifest.files if name not in {*made, *renewed.stale}
    }
    return write_bundle(_empty(folder), kept | made, described)


def _empty(folder: Path) -> Path:
    if folder.exists() and not (folder / MANIFEST).is_file() and any(folder.iterdir()):
        raise TrainingError(f"{folder} holds something else than a bundle: give --work another folder")
    shutil.rmtree(folder, ignore_errors=True)
    return folder
