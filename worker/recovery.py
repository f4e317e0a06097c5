"""Finding the jobs that dead workers left behind, at whatever instruction they died.

A job on its way lies in one of two places of RQ: in the intermediate list from the pop to the start, and in the
registry of started jobs, whose entries end when no heartbeat renews them. RQ looks after both, after minutes; here it
takes seconds. What RQ could not retry any more lies in the registry of failed jobs and gets an invalid verdict.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.registry import clean_registries
from rq.worker_registration import clean_worker_registry

from worker import metrics
from worker.popped import PoppedJobs

TURN = "layerwatch:recovery"  # who holds it looks after the registries; it ends by itself, so no death can keep it

log = structlog.get_logger("worker")


@dataclass(slots=True, kw_only=True)
class Recovery:
    """What one worker does for the jobs of all.

    Attributes:
        every_seconds: pause between two sweeps.
        bury: is given the id of each job that failed for good, once or more often.
    """

    queue: Queue
    popped: PoppedJobs
    every_seconds: float
    bury: Callable[[str], None]
    _popped: dict[str, float] = field(default_factory=dict)  # job id -> when first seen in the intermediate list
    _failed: set[str] = field(default_factory=set)  # already given to `bury`
    _next_sweep: float = 0.0

    def sweep_when_due(self) -> None:
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + self.every_seconds
            try:
                self.sweep()
            except RedisError:
                raise
            except Exception:  # whatever a stranger wrote into RQ's keys must not end every worker
                log.exception("recovery_failed")

    def sweep(self) -> None:
        """Put back what dead workers held, and answer what failed for good."""
        self._requeue_popped()
        if self._redis.set(TURN, 1, nx=True, px=max(1, int(self.every_seconds * 900))):
            self._requeue_started()
            clean_worker_registry(self.queue)
            self._bury_failed()

    @property
    def _redis(self) -> Redis:
        return self.queue.connection

    def _requeue_popped(self) -> None:
        """Put back jobs that were popped and never started.

        From the pop to the start, or to the word that a worker holds it, it takes milliseconds; what two sweeps see
        there belongs to a dead worker. If it does not, the job runs twice and is published once.
        """
        now = time.monotonic()
        waiting = self.popped.unheld()
        self._popped = {job_id: self._popped.get(job_id, now) for job_id in waiting}
        started = set(self._live_job_ids()) if waiting else set()
        for job_id, seen in self._popped.items():
            if (
                now - seen >= self.every_seconds * 0.9
                and job_id not in started
                and self.popped.put_back(job_id, left_behind=True)
            ):
                self._recovered(job_id, "popped")

    def _live_job_ids(self) -> list[str]:
        """Return the jobs whose worker has given a heartbeat in time."""
        registry = self.queue.started_job_registry
        entries = self._redis.zrangebyscore(registry.key, time.time(), "+inf")
        return [registry.parse_job_id(entry) for entry in entries]

    def _requeue_started(self) -> None:
        """Let RQ retry, in one transaction, the started jobs whose heartbeats stopped."""
        for job_id in self.queue.started_job_registry.get_expired_job_ids():
            self._recovered(job_id, "started")
        clean_registries(self.queue)

    def _recovered(self, job_id: str, place: str) -> None:
        metrics.RECOVERED.inc()
        log.warning("job_recovered", id=job_id, place=place)

    def _bury_failed(self) -> None:
        failed = set(self.queue.failed_job_registry.get_job_ids())
        for job_id in failed - self._failed:
            self.bury(job_id)
        self._failed = failed
