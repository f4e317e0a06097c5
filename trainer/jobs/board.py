"""Where everybody can see how the training jobs go: one Redis hash a job, gone after some days."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from redis import Redis

from trainer.jobs.message import TrainModel
from trainer.progress import TrainingProgress

KEPT_SECONDS: Final = 14 * 24 * 3600
CANCEL: Final = "cancel_asked"


class State(StrEnum):
    QUEUED = "queued"  # waits for `work`
    PREPARING = "preparing"  # pictures are read
    TRAINING = "training"  # with step, loss and time to go
    PUBLISHING = "publishing"  # quantized, measured, published and perhaps promoted
    STOPPED = "stopped"  # its worker was stopped; it is queued again and goes on
    FINISHED = "finished"  # the bundle is published
    FAILED = "failed"  # `message` says why
    CANCELLED = "cancelled"  # by somebody; nothing is published

    @property
    def over(self) -> bool:
        return self in {State.FINISHED, State.FAILED, State.CANCELLED}


def key_of(job_id: str) -> str:
    return f"layerwatch:train:{job_id}"


class Board:
    """The hashes `layerwatch:train:JOBID`; all values are text, times in ISO 8601, shares 0..1."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def open(self, message: TrainModel) -> None:
        """Show a job that is put on the queue."""
        told = {"name": message.name, "version": message.version, "by": message.by}
        self._write(message.id, {**told, "submitted": message.submitted.isoformat(), "state": State.QUEUED})

    def say(self, job_id: str, state: State, message: str = "") -> None:
        """Show the state of a job, and in words what it has come to."""
        self._write(job_id, {"state": state, "message": message})

    def show(self, job_id: str, progress: TrainingProgress) -> None:
        """Show how far a job is."""
        figures = progress.model_dump(exclude_none=True)
        state = State.PUBLISHING if progress.spent >= 1 else State.TRAINING
        self._write(job_id, {"state": state, "message": "", **{name: str(value) for name, value in figures.items()}})

    def ask_to_cancel(self, job_id: str) -> None:
        """Ask the worker that has the job, or takes it, to stop it for good."""
        self._write(job_id, {CANCEL: "1"})

    def is_cancelled(self, job_id: str) -> bool:
        """Return whether somebody asked to cancel a job."""
        return bool(self._client.hexists(key_of(job_id), CANCEL))

    def read(self, job_id: str) -> dict[str, str]:
        """Return what is shown of a job, empty where nothing is known of it."""
        found = self._client.hgetall(key_of(job_id))
        return {name.decode(): value.decode() for name, value in found.items()}  # type: ignore[union-attr]

    def all(self) -> dict[str, dict[str, str]]:
        """Return all jobs that are still shown, oldest first."""
        prefix = key_of("")
        keys = sorted(key.decode() for key in self._client.scan_iter(f"{prefix}*", count=1000))
        return {key.removeprefix(prefix): self.read(key.removeprefix(prefix)) for key in keys}

    def _write(self, job_id: str, fields: Mapping[str, str]) -> None:
        shown: dict[Any, str] = {**fields, "updated": datetime.now(UTC).isoformat()}
        with self._client.pipeline() as pipeline:
            pipeline.hset(key_of(job_id), mapping=shown)
            pipeline.expire(key_of(job_id), KEPT_SECONDS)
            pipeline.execute()
