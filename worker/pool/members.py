"""The members of a pool: started, started again when they die, stopped together."""

import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Protocol

import structlog

from layerwatch.cli import MISUSE
from layerwatch.errors import SettingsError
from layerwatch.redis_queue import JOB_TIMEOUT_SECONDS
from layerwatch.signals import describe_status, stop_on_signals
from worker.pool.places import Place

LOOK_SECONDS = 0.2  # between two looks at the workers
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0  # before a worker that died is started again
STEADY_SECONDS = 10.0  # who lived for so long does not crash in a loop
STOP_SECONDS = JOB_TIMEOUT_SECONDS + 10  # no job takes longer

log = structlog.get_logger("worker")


class BackOff:
    """The pauses before a worker is started again, longer and longer while it dies young."""

    def __init__(self) -> None:
        self._pause = 0.0

    def after_death(self, *, lived_seconds: float) -> float:
        """Return the pause, in seconds, after one more death."""
        if lived_seconds >= STEADY_SECONDS:
            self._pause = 0.0
        self._pause = min(LONGEST_PAUSE_SECONDS, 2 * self._pause or FIRST_PAUSE_SECONDS)
        return self._pause


class Process(Protocol):
    """What the pool needs of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


Start = Callable[[Place], Process]


class Member:
    """A place, and the process that has it or the moment when the next one gets it."""

    def __init__(self, place: Place, start: Start, now: Callable[[], float]) -> None:
        self.place = place
        self.deaths = 0
        self._start = start
        self._now = now
        self._back_off = BackOff()
        self._process: Process | None = None
        self._since = self._next_start = now()

    @property
    def runs(self) -> bool:
        process = self._process  # a scrape asks from another thread
        return process is not None and process.poll() is None

    def look(self) -> None:
        """Note a death, and start the next process when its time has come.

        Raises:
            SettingsError: the first process of all refused to start.
        """
        if self._process is not None and (status := self._process.poll()) is not None:
            self._process = None
            if status == MISUSE and not self.deaths:
                raise SettingsError(f"{self.place.name} cannot start, its own message says why; the pool ends")
            self._died(describe_status(status))
        if self._process is None and self._now() >= self._next_start:
            self._begin()

    def _begin(self) -> None:
        self._since = self._now()
        try:
            self._process = self._start(self.place)
        except OSError as error:  # no memory or no process left, perhaps for a moment
            self._died(str(error))
            return
        log.info("worker_started", worker=self.place.name, pid=self._process.pid, threads=self.place.threads)

    def _died(self, status: str) -> None:
        self.deaths += 1
        lived = self._now() - self._since
        pause = self._back_off.after_death(lived_seconds=lived)
        self._next_start = self._now() + pause
        facts = {"worker": self.place.name, "status": status, "lived_seconds": round(lived, 1)}
        log.warning("worker_died", **facts, again_in_seconds=pause)

    def ask_to_stop(self) -> None:
        if self._process is not None and self.runs:
            self._process.terminate()

    def kill(self) -> None:
        if self._process is not None and self.runs:
            log.error("worker_killed", worker=self.place.name)
            self._process.kill()


class Pool:
    """All members, from their start to their end."""

    def __init__(self, places: Sequence[Place], start: Start, *, now: Callable[[], float] = time.monotonic) -> None:
        self.members = tuple(Member(place, start, now) for place in places)
        self._now = now

    def run(self, stop: Event) -> None:
        """Keep all workers running until asked to stop, and then let them finish what they have in hand.

        Raises:
            SettingsError: a worker cannot start at all.
        """
        try:
            while not stop.is_set():
                for member in self.members:
                    member.look()
                stop.wait(LOOK_SECONDS)
        finally:
            with stop_on_signals() as hurry:
                self._end(hurry)
            log.info("pool_stopped", workers=len(self.members), deaths=sum(member.deaths for member in self.members))

    def _end(self, hurry: Event) -> None:
        """Stop all; kill who still works when the user asks a second time, or when no job can take so long."""
        for member in self.members:
            member.ask_to_stop()
        deadline = self._now() + STOP_SECONDS
        while any(member.runs for member in self.members):
            if hurry.wait(LOOK_SECONDS) or self._now() > deadline:
                for member in self.members:
                    member.kill()
                return  # without a wait: one that hangs in a share that is away dies only when it is back
