"""The pictures that are timed, simulated or drawn, so that anyone has the same."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from layerwatch.job import InspectLayer
from layerwatch.profile import load_profile
from worker.bench.pictures import write_pictures
from worker.by_hand import message_of, pick

LAYERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of camera.

    Attributes:
        name: in words.
        profile: how its files are named.
        folder: holds its pictures.
    """

    name: str
    profile: str
    folder: Path

    def messages(self) -> list[InspectLayer]:
        """Return the jobs that ingest would make of the pictures, in the order of the layers."""
        profile = load_profile(self.profile)
        return [message_of(layer_set, profile) for layer_set in pick([self.folder], profile, printer="bench").sets]


def three_lights(work: Path) -> Case:
    """Return simulated layers of the NIST camera: two layer sets a layer, with defects in half of them."""
    folder = work / "three-lights"
    options = ["--layers", str(LAYERS // 2), "--size", "2000", "--seed", "11", "--period", "0"]
    targets = ["--out", str(folder), "--truth", str(work / "truth")]
    command = [sys.executable, "-m", "simulator", "run", *options, *targets]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return Case(name="2000 x 2000, three 16-bit lights, PNG", profile="nist-ammt", folder=folder)


def one_light(work: Path) -> Case:
    """Return noise in the form of a chamber camera's pictures."""
    profile = load_profile("single-light").model_copy(update={"template": "layer_{layer:06d}.jpg"})
    folder = write_pictures(work / "one-light", profile, size=(1280, 1024), layers=LAYERS)
    return Case(name="1280 x 1024, one 8-bit light, JPEG", profile="single-light", folder=folder)
