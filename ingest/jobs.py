"""Which inspections the queue knows: waiting, running, or given up on."""

from typing import Protocol

from redis import Redis
from rq.job import Job

from layerwatch.memory import InMemoryQueue


class KnownJobs(Protocol):
    def holds(self, inspection_id: str) -> bool:
        """Return whether the queue has a job for this inspection, in whatever state."""
        ...


class RedisJobs:
    """KnownJobs on RQ."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    def holds(self, inspection_id: str) -> bool:
        return Job.exists(inspection_id, connection=self._redis)


class InMemoryJobs:
    """KnownJobs of the in-memory queue."""

    def __init__(self, queue: InMemoryQueue) -> None:
        self._queue = queue

    def holds(self, inspection_id: str) -> bool:
        return any(message.id == inspection_id for message in self._queue.messages)
