"""Swapping the model without a gap: the new one is loaded and tested while the old one judges, then takes its place."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import structlog

from layerwatch.errors import BundleError, LayerwatchError
from layerwatch.registry import Registry
from worker import metrics
from worker.beside import beside
from worker.model import LoadedModel

LONGEST_PAUSE_SECONDS = 600.0  # between two tries of a version whose files stay as they are
STOP_SECONDS = 5.0  # a load under way, or a share that hangs, does not keep the worker from stopping for longer

Files = frozenset[tuple[str, int, int]]

log = structlog.get_logger("worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A version that could not be used.

    Attributes:
        files: as the version's folder was then.
        pause: seconds without another try, unless the files change.
        ends: when the pause is over.
    """

    version: str
    files: Files
    pause: float
    ends: float


class ModelFollower:
    """Keeps the model that judges the one that the registry has in service."""

    def __init__(  # noqa: PLR0913 - what is followed, how it is loaded, where it goes
        self,
        registry: Registry,
        name: str,
        *,
        served: str,
        load: Callable[[Path], LoadedModel],
        judge_with: Callable[[LoadedModel], None],
        check_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Follow a name.

        Args:
            registry: where to look.
            name: of the model.
            served: the version that judges already.
            load: returns a bundle's model, warmed up and tested, or raises.
            judge_with: puts a model in the place of the one that judges.
            check_seconds: between two calls of `look`; the first pause after a failure.
            now: a clock that only goes forward.
        """
        self._registry = registry
        self._name = name
        self._served = served
        self._load = load
        self._judge_with = judge_with
        self._check_seconds = check_seconds
        self._now = now
        self._failure: Failure | None = None
        self._away = False

    def look(self) -> None:
        """Swap the version in that is in service now; where it cannot be used, say so and keep the old one."""
        version = self._current()
        if version == self._served:
            self._settle()
        elif version is not None:
            self._try(version)

    def _current(self) -> str | None:
        """Return the version in service, None while the registry is away; that is no failure of a model."""
        problem = f"no version of {self._name} is in service"
        try:
            version = self._registry.current(self._name) or None
        except OSError as error:
            version, problem = None, str(error)
        if version is None and not self._away:
            log.warning("registry_away", kept=self._named(self._served), error=problem)
        self._away = version is None
        return version

    def _try(self, version: str) -> None:
        files, began = self._files(version), self._now()
        before = self._failure
        if before is not None and (before.version, before.files) != (version, files):
            before = None
        if before is not None and began < before.ends:
            return
        try:
            model = self._load(self._registry.place(self._name, version))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new model, the old one goes on
            self._keep(version, files, before, error)
            return
        if self._current() == version:  # it may have been rolled back meanwhile
            self._swap(version, model, seconds=self._now() - began)

    def _swap(self, version: str, model: LoadedModel, *, seconds: float) -> None:
        self._judge_with(model)
        metrics.show_model(model.facts)
        metrics.SWAPPED.inc()
        log.info("model_swapped", old=self._named(self._served), **model.facts.model_dump(), seconds=round(seconds, 2))
        self._served = version
        self._settle()

    def _keep(self, version: str, files: Files, before: Failure | None, error: Exception) -> None:
        """Note a failure; told and counted is one whose files did not change since the one before.

        A folder that is still being copied, or a share that is going away, looks like a broken bundle once.
        """
        pause = self._check_seconds if before is None else min(2 * before.pause, LONGEST_PAUSE_SECONDS)
        self._failure = Failure(version=version, files=files, pause=pause, ends=self._now() + pause)
        if before is None:
            return
        metrics.FAILED.inc()
        metrics.MODEL_REFUSED.set(1)
        expected = isinstance(error, LayerwatchError | OSError)
        log.error(
            "model_swap_failed",
            bundle=self._named(version),
            kept=self._named(self._served),
            reason=str(error) if expected else f"{type(error).__name__}: {error}",
            again_in_seconds=pause,
            exc_info=None if expected else error,
        )

    def _settle(self) -> None:
        self._failure = None
        metrics.MODEL_REFUSED.set(0)

    def _files(self, version: str) -> Files:
        """Return names, sizes and times of what lies in a version's folder, nothing where it cannot be looked into."""
        try:
            with os.scandir(self._registry.place(self._name, version)) as entries:
                found = [(entry.name, entry.stat()) for entry in entries]
        except (OSError, BundleError):
            return frozenset()
        return frozenset((name, status.st_size, status.st_mtime_ns) for name, status in found)

    def _named(self, version: str) -> str:
        return f"{self._name}/{version}"


def following(follower: ModelFollower, *, check_seconds: float) -> AbstractContextManager[None]:
    """Return what looks again and again, in a thread, while it is entered."""

    def run(done: threading.Event) -> None:
        while not done.wait(check_seconds):
            follower.look()

    return beside(run, name="model", join_seconds=STOP_SECONDS)
