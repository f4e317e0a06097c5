"""Where a bundle comes from: data, code, recipe and libraries, without paths of the machine that made it."""

import hashlib
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import layerwatch
import trainer
from trainer.checkpoint import Progress
from trainer.preparing import Prepared
from trainer.recipe import Recipe, encoder_file
from trainer.request import Request
from trainer.split import told

_LIBRARIES = ("torch", "segmentation-models-pytorch", "albumentations", "onnxruntime", "openvino", "numpy")


def lineage(request: Request, prepared: Prepared, progress: Progress) -> dict[str, Any]:
    """Return everything that a second training needs to give nearly the same network, ready for JSON."""
    return {
        "data": {
            "sha256": prepared.data,
            "split": list(prepared.rules),
            "held_back": told(sample.files for sample in prepared.validation),
            "training_layer_sets": len(prepared.training),
            "validation_layer_sets": len(prepared.validation),
            "corrected_layer_sets": prepared.corrected,
            "corrected_since": {"version": prepared.in_service, "layer_sets": prepared.corrected_since},
            "regression_layer_sets_left_out": prepared.left_out,
            "sources": [_source(prepared, index) for index in range(len(prepared.sources))],
        },
        "code": {"sha256": code_hash(), "layerwatch": metadata.version("layerwatch") if _installed() else "tree"},
        "recipe": _recipe(request.recipe),
        "steps": progress.step,
        "minutes": round(progress.seconds / 60, 1),
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "python": platform.python_version(),
    }


def code_hash() -> str:
    """Return the SHA-256 over the source of the trainer and of the vision code, 64 hex digits."""
    digest = hashlib.sha256()
    folders = (Path(trainer.__file__).parent, Path(layerwatch.__file__).parent / "vision")
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _source(prepared: Prepared, index: int) -> dict[str, Any]:
    source = prepared.sources[index]
    own = [sample for sample in (*prepared.training, *prepared.validation) if sample.files.source == index]
    return {
        "images": source.images.name,
        "masks": source.masks.name if isinstance(source.masks, Path) else source.masks,
        "labels": source.labels.name if source.labels else None,
        "corrections": source.corrections.name if source.corrections else None,
        "label_classes": {name: str(role) for name, role in source.rules.roles},
        "label_boxes": str(source.rules.boxes),
        "labelled": sum(sample.files.labelled for sample in own),
        "profile": source.profile.name,
        "defect_classes": sorted(source.defect_classes),
        "weight": source.weight,
        "paste": source.paste,
        "hairlines": source.hairlines,
        "layer_sets": len(own),
        "with_defects": sum(bool(sample.present) for sample in own),
        "builds": len({sample.files.build for sample in own}),
    }


def _recipe(recipe: Recipe) -> dict[str, Any]:
    told = recipe.model_dump(mode="json")
    encoder, start = encoder_file(recipe.encoder_weights), told.get("start")
    if encoder is not None:
        told["encoder_weights"] = _weights(encoder)
    return told | {"start": _weights(Path(start)) if start else None}


def _weights(file: Path) -> dict[str, str]:
    return {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


def _installed() -> bool:
    try:
        metadata.version("layerwatch")
    except metadata.PackageNotFoundError:
        return False
    return True
