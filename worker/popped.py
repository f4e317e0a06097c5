"""Jobs between the pop and the start: in RQ's intermediate list, held there by a living worker or left by a dead one.

A worker pops the job after the one in hand early, so that its pictures are read meanwhile. It is not started, so a
death costs it no attempt; while the worker lives it says until when it holds the job.
"""

import time
from typing import cast

from rq import Queue

HELD = "layerwatch:held"  # sorted set: job id -> Unix time until which a living worker holds it
LEFT_BEHIND = "left_behind"  # field of a job's record: a worker died while it held the job

# One atomic step: of two workers that see the same job only one puts it back, and only as long as nobody started it.
PUT_BACK = """
redis.call('ZREM', KEYS[4], ARGV[1])
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
if redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
if ARGV[2] ~= '' then redis.call('HSET', KEYS[3], ARGV[2], 1) end
redis.call('LPUSH', KEYS[2], ARGV[1])
return 1
"""


class PoppedJobs:
    """The intermediate list of a queue."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._redis = queue.connection
        self._list = queue.intermediate_queue
        self._put_back = self._redis.register_script(PUT_BACK)

    def hold(self, job_id: str, *, seconds: float) -> None:
        """Keep the others from putting the job back for some seconds from now."""
        self._redis.zadd(HELD, {job_id: time.time() + seconds})

    def still_there(self, job_id: str) -> bool:
        """Return whether nobody put the job back, as happens to one that was held for too long."""
        return self._redis.lpos(self._list.key, job_id) is not None

    def let_go(self, job_id: str) -> None:
        """Hold the job no longer: it is started now."""
        self._redis.zrem(HELD, job_id)

    def drop(self, job_id: str) -> None:
        """Take the job out: nobody is to start it."""
        self._list.remove(job_id)
        self.let_go(job_id)

    def put_back(self, job_id: str, *, left_behind: bool = False) -> bool:
        """Put the job at the head of its queue; False if it is gone.

        Args:
            job_id: of the job.
            left_behind: whether its holder died, perhaps over its pictures.
        """
        keys = [self._list.key, self._queue.key, self._queue.job_class.key_for(job_id), HELD]
        return bool(self._put_back(keys=keys, args=[job_id, LEFT_BEHIND if left_behind else ""]))

    def was_left_behind(self, job_id: str) -> bool:
        """Return whether a worker died while it held the job."""
        return bool(self._redis.hexists(self._queue.job_class.key_for(job_id), LEFT_BEHIND))

    def unheld(self) -> list[str]:
        """Return the popped jobs that nobody says to hold."""
        popped = self._list.get_job_ids()
        if not popped:
            return []
        now = time.time()
        self._redis.zremrangebyscore(HELD, "-inf", now)
        held = {name.decode() for name in cast("list[bytes]", self._redis.zrangebyscore(HELD, now, "+inf"))}
        return [job_id for job_id in popped if job_id not in held]
