"""The jobs of the queue "inspect" as RQ hands them to a worker."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from redis.client import Pipeline
from rq import Queue
from rq.job import Job

from layerwatch.errors import WireError
from layerwatch.job import INSPECT_LAYER_JOB
from layerwatch.redis_queue import RETRIES, forget_executions
from worker.attempts import was_cut_off


class InspectionJob(Job):
    """A job that calls nothing but our own function, whatever name somebody wrote into Redis.

    Attributes:
        beating: gives heartbeats while the function runs; before and after it RQ itself writes to the job's record.
    """

    beating: Callable[[], AbstractContextManager[None]] = nullcontext

    def perform(self) -> object:
        if self.func_name != INSPECT_LAYER_JOB:
            self.retries_left = 0
            raise WireError(f"expected a job {INSPECT_LAYER_JOB}, got {self.func_name}")
        with self.beating():
            result: object = super().perform()
        return result

    def retry(self, queue: Queue, pipeline: Pipeline) -> None:
        """Queue the job again, ahead of the backlog: its layer has waited long enough."""
        self.enqueue_at_front_on_retry = True
        if was_cut_off(self):
            self.retries_left = (self.retries_left or 0) + 1  # in place of the one that RQ takes off
        super().retry(queue, pipeline)

    def delete(self, pipeline: Pipeline | None = None, *options: bool, **named_options: bool) -> None:
        """Delete the record, and the name from the failed jobs, whatever state the record is in.

        Another worker may have given the job up just as this one started it; a name without a record asks for nothing.
        """
        forget_executions(self)
        super().delete(pipeline, *options, **named_options)
        self.failed_job_registry.remove(self, pipeline=pipeline)

    @property
    def is_fresh(self) -> bool:
        """Whether nobody tried it before."""
        return bool(self.retries_left == RETRIES)
