"""truth.json: what was simulated, layer set by layer set."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from layerwatch.atomic import write_atomic
from simulator.build import Build
from simulator.kinds import KIND_INDEX
from simulator.shoot import Shot

SCHEMA = 1


class TruthRecord:
    """Collects what is true about each layer set and keeps it in TRUTH/truth.json."""

    def __init__(self, folder: Path, build: Build, options: Mapping[str, object]) -> None:
        self._folder = folder
        self._head = {
            "schema": SCHEMA,
            "seed": build.seed,
            "mm_per_px": build.mm_per_px,
            "kinds": {str(index): str(kind) for kind, index in KIND_INDEX.items()},
            "options": dict(options),
        }
        self._sets: dict[str, dict[str, object]] = {}

    @property
    def defective(self) -> int:
        """How many layer sets have a visible defect."""
        return sum(bool(entry["regions"]) for entry in self._sets.values())

    def add(self, shot: Shot) -> None:
        """Write the masks of a layer set and remember its entry."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, content in shot.masks.items():
            (self._folder / name).write_bytes(content)
        self._sets[shot.name] = _entry(shot)

    def save(self) -> None:
        """Bring truth.json up to date, in one step."""
        body = json.dumps(self._head | {"layer_sets": self._sets}, indent=1)
        write_atomic(self._folder / "truth.json", body.encode())


def _entry(shot: Shot) -> dict[str, object]:
    return {
        "layer": shot.layer,
        "stage": str(shot.stage),
        "files": list(shot.pictures),
        "mask": f"{shot.name}.png" if shot.masks else None,
        "kinds": sorted({str(region.kind) for region in shot.regions}),
        "regions": [asdict(region) for region in shot.regions],
        "faults": [{"kind": str(fault.kind), "lights": list(fault.lights)} for fault in shot.faults],
    }
