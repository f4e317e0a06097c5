"""The job that RQ calls by its name, and how each of its ends is told."""

from collections.abc import Callable
from typing import Any

import structlog
from redis.client import Pipeline
from rq import Queue, get_current_job
from rq.job import Job

from layerwatch.errors import LayerwatchError, WireError
from trainer.jobs.board import State
from trainer.jobs.foreman import CancelledError, Foreman, KilledError, StoppedError
from trainer.jobs.message import TRAIN_MODEL_JOB, TrainModel

log = structlog.get_logger("trainer")


class TrainJob(Job):
    """A job that calls nothing but our own function, whatever name somebody wrote into Redis."""

    foreman: Foreman | None = None
    beat: Callable[[], None]

    def perform(self) -> Any:  # noqa: ANN401 - as RQ has it
        if self.func_name != TRAIN_MODEL_JOB:
            self.retries_left = 0
            raise WireError(f"expected a job {TRAIN_MODEL_JOB}, got {self.func_name}")
        return super().perform()

    def retry(self, queue: Queue, pipeline: Pipeline) -> None:
        """Queue the job again, ahead of the others: it has begun."""
        self.enqueue_at_front_on_retry = True
        super().retry(queue, pipeline)


def train_model(wire: object) -> None:
    """Train what a message asks for; the only function that RQ calls, in `python -m trainer work`."""
    job = get_current_job()
    if not isinstance(job, TrainJob) or job.foreman is None:
        raise RuntimeError("a training job runs in `python -m trainer work`")
    foreman, say = job.foreman, job.foreman.board.say
    try:
        message = TrainModel.from_wire(wire)
        if foreman.board.is_cancelled(job.id):
            raise CancelledError  # noqa: TRY301 - the same end as later
        foreman.run(message, job.beat)
    except CancelledError:
        say(job.id, State.CANCELLED)
    except StoppedError:
        job.retries_left = (job.retries_left or 0) + 1  # nobody's fault
        say(job.id, State.STOPPED, "goes on when a worker is there")
        raise
    except KilledError as error:
        say(job.id, State.STOPPED if job.retries_left else State.FAILED, str(error))
        if not job.retries_left:
            foreman.clear(job.id)
        raise
    except (LayerwatchError, OSError) as error:
        job.retries_left = 0
        say(job.id, State.FAILED, str(error))
        foreman.clear(job.id)
        raise
    else:
        say(job.id, State.FINISHED, f"{message.name}/{message.version} is published")
    foreman.clear(job.id)
