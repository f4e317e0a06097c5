"""Bundles as directories: written, copied without what is not needed, described by their manifest."""

import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from layerwatch.atomic import write_atomic
from layerwatch.bundle import MANIFEST, Manifest, describe_file, load_manifest, verify_files
from layerwatch.errors import BundleError, TrainingError
from trainer.card import CARD, EVALUATION, model_card
from trainer.summary import Report

NEEDED = frozenset({"int8.onnx", "float32.onnx"})


def write_bundle(folder: Path, files: Mapping[str, bytes], manifest: Manifest) -> Path:
    """Write files and, last, a manifest that names them, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_atomic(folder / name, content)
    described = {name: describe_file(folder / name) for name in sorted(files)}
    return _write_manifest(folder, manifest.model_copy(update={"files": described}))


def pack(
    bundle: Path, target: Path, *, without: Collection[str] = (), evaluations: Mapping[str, Any] | None = None
) -> Manifest:
    """Copy a bundle to an empty or new folder, leaving files out of folder and manifest.

    Evaluations, by title, go into the manifest, and the model card is written anew with them.

    Raises:
        BundleError: the bundle is damaged, a file to leave out is needed or unknown, or the folder is not empty.
    """
    manifest = load_manifest(bundle)
    verify_files(bundle, manifest)
    wrong = [name for name in without if name in NEEDED or name not in manifest.files]
    if wrong:
        raise BundleError(f"{', '.join(wrong)} cannot be left out of {bundle}: needed, or not in it")
    if target.exists() and any(target.iterdir()):
        raise BundleError(f"{target} is not empty")
    target.mkdir(parents=True, exist_ok=True)
    kept = {name: entry for name, entry in manifest.files.items() if name not in without}
    for name in kept:
        shutil.copyfile(bundle / name, target / name)
    metrics = manifest.metrics | ({EVALUATION: dict(evaluations)} if evaluations else {})
    packed = manifest.model_copy(update={"files": kept, "metrics": metrics})
    if CARD in kept:
        write_atomic(target / CARD, model_card(packed).encode())
        packed = packed.model_copy(update={"files": kept | {CARD: describe_file(target / CARD)}})
    _write_manifest(target, packed)
    return packed


def read_evaluations(texts: Sequence[str]) -> dict[str, Any]:
    """Return title -> figures for options TITLE=FILE.

    Raises:
        TrainingError: a text has no `=`, or its file is not what `evaluate --json` writes.
    """
    evaluations = {}
    for text in texts:
        title, _, file = text.rpartition("=")
        try:
            report = Report.model_validate_json(Path(file).read_bytes())
        except (OSError, ValidationError) as error:
            raise TrainingError(
                f"--evaluation {text}: expected TITLE=FILE with what `evaluate --json` wrote"
            ) from error
        evaluations[title or file] = report.model_dump(mode="json")
    return evaluations


def _write_manifest(folder: Path, manifest: Manifest) -> Path:
    write_atomic(folder / MANIFEST, (manifest.model_dump_json(by_alias=True, indent=1) + "\n").encode())
    return folder
