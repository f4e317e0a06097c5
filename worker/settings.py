"""The settings of a worker."""

import re
import socket

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic_settings import SettingsConfigDict

from layerwatch.bundle import Precision
from layerwatch.settings import SharedSettings
from layerwatch.vision.read import MAX_PIXELS
from worker.engines.choosing import Wish

LONGEST_NAME = 64  # of a worker, in each of its verdicts


def host_name() -> str:
    """Return this machine's name as a worker's name: stable, and short enough for a verdict."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", socket.gethostname()).strip("-")[:LONGEST_NAME] or "worker"


class WorkerSettings(SharedSettings):
    """Read from WORKER_… in the environment.

    Attributes:
        model: a bundle directory, NAME/VERSION of the registry, or the NAME of a model there, which is swapped for
            whatever is promoted later.
        model_check_seconds: how often the registry is asked which version is in service.
        backend: the engine that runs the network; auto takes a GPU that its library sees, else OpenVINO.
        precision: int8 is several times faster on processors; float32 is the reference. Not set, it suits the engine:
            int8 on processors, float32 on GPUs and in torch.
        threads: CPU threads of the inference; 0 takes the CPUs that this process may use.
        name: stands in each verdict; give each worker of one machine its own.
        review_px, reject_px, review_mm2, reject_mm2, min_region_px: in place of the limits of the model bundle.
        max_picture_pixels: a larger picture is not decoded, its verdict is invalid.
        heartbeat_seconds: how often a busy worker says that it lives; see `beat_seconds`.
        dead_after_seconds: a worker silent for so long is dead, its job goes back to the queue.
        sweep_seconds: how often each worker looks for jobs that a dead one left behind.
        retry_pause_seconds: after a first failure; four times as long after the second.
    """

    model_config = SettingsConfigDict(env_prefix="WORKER_")

    model: str = "models/starter"
    model_check_seconds: PositiveFloat = 2.0
    backend: Wish = "auto"
    precision: Precision | None = None
    threads: int = Field(default=0, ge=0, le=256)
    name: str = Field(default_factory=host_name, max_length=LONGEST_NAME, pattern=r"^[A-Za-z0-9._-]+$")
    review_px: PositiveInt | None = None
    reject_px: PositiveInt | None = None
    review_mm2: PositiveFloat | None = None
    reject_mm2: PositiveFloat | None = None
    min_region_px: PositiveInt | None = None
    max_picture_pixels: PositiveInt = MAX_PIXELS
    heartbeat_seconds: PositiveFloat = 3.0
    dead_after_seconds: PositiveInt = 15
    sweep_seconds: PositiveFloat = 5.0
    retry_pause_seconds: float = Field(default=1.0, ge=0, le=10)

    @property
    def beat_seconds(self) -> float:
        """How often it says so: one heartbeat that comes late is no death, however soon that would be."""
        return min(self.heartbeat_seconds, self.dead_after_seconds / 3)

    @property
    def limits(self) -> dict[str, float]:
        """The limits that are set, by their names in AreaLimits."""
        names = ("review_px", "reject_px", "review_mm2", "reject_mm2", "min_region_px")
        return {name: value for name in names if (value := getattr(self, name)) is not None}
