"""Who is to be in a pool: names, and a share of the CPUs."""

from dataclasses import dataclass

from worker.settings import LONGEST_NAME, WorkerSettings

CPUS_A_WORKER = 2  # one inspects, one reads what comes next


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A worker's place in the pool, whichever process takes it."""

    name: str
    threads: int


def default_workers(cpus: int) -> int:
    """Return how many workers so many CPUs keep busy."""
    return max(1, cpus // CPUS_A_WORKER)


def share_out(settings: WorkerSettings, *, workers: int, cpus: int) -> tuple[Place, ...]:
    """Return the places of a pool: NAME-1, NAME-2 and so on, the CPUs shared out unless the user set the threads."""
    threads = settings.threads or max(1, cpus // workers)
    return tuple(Place(name=numbered(settings.name, number), threads=threads) for number in range(1, workers + 1))


def numbered(name: str, number: int) -> str:
    """Return a worker's name, cut where it would become too long."""
    suffix = f"-{number}"
    return name[: LONGEST_NAME - len(suffix)] + suffix
