"""Which attempt a job is in, what the one before it ended with, and which attempts do not count."""

from rq.job import Job

from layerwatch.redis_queue import RETRIES

ATTEMPTS = RETRIES  # the run after the last retry is there to give up
MOST_CUT_OFF = 10  # attempts that do not count; something is wrong with the machine by then, and the layer has to end
FAILURE = "failure"  # in the job's meta: [attempt, what went wrong]
APART = "apart"  # in the job's meta: [attempt that is made in a process of its own, how many were cut off before]


def attempt_of(job: Job | None) -> int:
    """Return which run this is, from 1; each retry that RQ used up was one."""
    if job is None or job.retries_left is None:
        return 1
    return 1 + max(0, RETRIES - job.retries_left)


def failure_of(job: Job) -> tuple[int, str]:
    """Return the last failure that was noted in a job: in which attempt, and what went wrong."""
    noted = job.meta.get(FAILURE)
    return (int(noted[0]), str(noted[1])) if noted else (0, "")


def last_failure(job: Job | None) -> str:
    """Return what the attempt before this one ended with, empty if its worker died."""
    attempt, text = failure_of(job) if job is not None else (0, "")
    return text if attempt == attempt_of(job) - 1 else ""


def remember(job: Job | None, error: Exception) -> None:
    """Note the failure in the job; RQ saves it together with the retry."""
    if job is not None:
        job.meta[FAILURE] = [attempt_of(job), f"{type(error).__name__}: {error}"[:500]]


def take_back(job: Job | None) -> None:
    """Let the run in hand, which is about to fail, count as none: the next one is the same attempt."""
    if job is not None:
        job.retries_left = RETRIES + 2 - attempt_of(job)  # one more than before it, and RQ takes one off


def goes_apart(job: Job | None) -> bool:
    """Return whether to inspect in a process of its own: once a worker died over the job, and from then on."""
    if job is None:
        return False
    return APART in job.meta or (1 < attempt_of(job) <= ATTEMPTS and not last_failure(job))


def note_apart(job: Job | None) -> None:
    """Note in Redis, before it begins, that this attempt is made in a process of its own."""
    if job is not None:
        job.meta[APART] = [attempt_of(job), _apart(job)[1]]
        job.save_meta()  # type: ignore[no-untyped-call]


def was_cut_off(job: Job) -> bool:
    """Return, once the run is over, whether its worker died while a process of its own inspected, and count that.

    Pictures that crash native code end that process and no worker: somebody killed it, or the machine was short of
    memory. So the attempt does not count.
    """
    attempt, cut_off = _apart(job)
    if attempt != attempt_of(job) or failure_of(job)[0] == attempt or cut_off >= MOST_CUT_OFF:
        return False
    job.meta[APART] = [attempt, cut_off + 1]
    return True


def _apart(job: Job) -> tuple[int, int]:
    noted = job.meta.get(APART)
    return (int(noted[0]), int(noted[1])) if noted else (0, 0)
