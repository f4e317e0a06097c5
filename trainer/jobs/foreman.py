"""One job from its message to a published bundle: starts the training, watches it, stops it when asked."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from layerwatch.cli import INTERRUPTED
from layerwatch.errors import TrainingError
from layerwatch.redis_connection import UNAVAILABLE
from layerwatch.registry import Registry
from trainer.jobs.board import Board, State
from trainer.jobs.child import LOG, Busy, Child
from trainer.jobs.message import TrainModel
from trainer.jobs.options import check_paths, command_line
from trainer.jobs.settings import JobSettings
from trainer.progress import read_progress

PROGRESS: Final = "progress.json"

log = structlog.get_logger("trainer")


class CancelledError(Exception):
    """Somebody asked to stop the job for good."""


class StoppedError(Exception):
    """The worker was asked to stop; the job goes on from here another time."""


class KilledError(Exception):
    """The training was killed; it goes on from its checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreman:
    """What a job needs of the process that runs it.

    Attributes:
        stop: set when the worker shall stop.
    """

    settings: JobSettings
    board: Board
    stop: threading.Event

    def run(self, message: TrainModel, beat: Callable[[], None]) -> None:
        """Train and publish; `beat` is called again and again while it lasts.

        Raises:
            TrainingError: it can never work; the message says why.
            CancelledError, StoppedError, KilledError: see there.
        """
        folder = self.settings.jobs_dir / message.id
        line = self._command_line(message, folder)
        self.board.say(message.id, State.PREPARING)
        with self._started(message.id, folder, line, beat) as child:
            status = self._watch(message.id, folder, child, beat)
            if status < 0 or status == INTERRUPTED:
                raise KilledError(f"the training ended by signal {-status}" if status < 0 else "it was interrupted")
            if status:
                raise TrainingError(child.last_words())

    def clear(self, job_id: str) -> None:
        """Delete what a job that is over leaves behind, but its log, which also tells that it began."""
        for path in (self.settings.jobs_dir / job_id).glob("*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != LOG:
                path.unlink(missing_ok=True)

    def _command_line(self, message: TrainModel, folder: Path) -> list[str]:
        from trainer.jobs.train_command import train_command  # noqa: PLC0415 - the commands import this package

        options = {name: tuple(values) for name, values in message.options.items()}
        check_paths(options, self.settings.data_dirs)
        registry = Registry(self.settings.registry_dir)
        if not folder.exists() and message.version in registry.versions(message.name):
            raise TrainingError(f"{message.name}/{message.version} is in the registry already: give another --version")
        ours = ["--name", message.name, "--version", message.version, "--registry", str(registry.root)]
        where = ["--work", str(folder), "--progress", str(folder / PROGRESS), "--resume"]
        return ["train", *ours, *where, *command_line(train_command(), options)]

    @contextmanager
    def _started(self, job_id: str, folder: Path, line: list[str], beat: Callable[[], None]) -> Iterator[Child]:
        """Start the training as soon as no other process works in the folder, and leave none behind."""
        child = self._start(job_id, folder, line, beat)
        try:
            yield child
        finally:
            self._end(child, beat)

    def _start(self, job_id: str, folder: Path, line: list[str], beat: Callable[[], None]) -> Child:
        told = False
        while True:
            try:
                return Child(folder, line)
            except Busy:
                if not told:
                    log.info("folder_busy", id=job_id, folder=str(folder))
                told = True
                self._look_around(job_id, beat)
                self.stop.wait(self.settings.tick_seconds)

    def _watch(self, job_id: str, folder: Path, child: Child, beat: Callable[[], None]) -> int:
        while (status := child.wait(self.settings.tick_seconds)) is None:
            self._look_around(job_id, beat)
            progress = read_progress(folder / PROGRESS)
            if progress is not None:
                with _without_redis(job_id):
                    self.board.show(job_id, progress)
        return status

    def _look_around(self, job_id: str, beat: Callable[[], None]) -> None:
        if self.stop.is_set():
            raise StoppedError
        with _without_redis(job_id):
            beat()
            if self.board.is_cancelled(job_id):
                raise CancelledError

    def _end(self, child: Child, beat: Callable[[], None]) -> None:
        deadline = time.monotonic() + self.settings.stop_seconds
        if child.wait(0) is None:
            child.terminate()
        while child.wait(self.settings.tick_seconds) is None:
            with _without_redis("ending"):
                beat()
            if time.monotonic() > deadline:
                child.kill()
        child.close()


@contextmanager
def _without_redis(job_id: str) -> Iterator[None]:
    """Let a training go on while Redis is away; only what people see of it is late."""
    try:
        yield
    except UNAVAILABLE as error:
        log.warning("redis_unavailable", id=job_id, error=str(error))
