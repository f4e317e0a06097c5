"""What `submit`, `work` and the commands around them read from the environment."""

from pathlib import Path

from pydantic import PositiveFloat, PositiveInt
from pydantic_settings import SettingsConfigDict

from trainer.settings import TrainerSettings


class JobSettings(TrainerSettings):
    """Variables with the prefix TRAINER_.

    Attributes:
        jobs_dir: gets a work folder for each job, with its log and what a killed run goes on from.
        data_dirs: jobs may read pictures, masks, labels and weights below these only, a JSON list; empty for anywhere.
        tick_seconds: how often progress goes to Redis and a wish to cancel is looked for.
        dead_after_seconds: a worker silent for so long is dead, its job goes back to the queue.
        stop_seconds: how long a training may take to save its state before it is killed.
    """

    model_config = SettingsConfigDict(env_prefix="TRAINER_")

    jobs_dir: Path = Path("data/jobs")
    data_dirs: tuple[Path, ...] = ()
    tick_seconds: PositiveFloat = 1.0
    dead_after_seconds: PositiveInt = 20
    stop_seconds: PositiveFloat = 60.0
