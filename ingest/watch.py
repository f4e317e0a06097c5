"""Events of the file system: a hint where to look at once. They get lost, so nothing depends on them."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import ClassVar

import structlog
from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from ingest.mounts import tells_no_events

MAX_HINTS = 20_000
PROBE = ".layerwatch-probe-"
PROBE_SECONDS = 2.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Hint:
    """Something happened to a path below the watched folder; an empty path asks for a scan, or just wakes."""

    path: str = ""
    closed: bool = False
    rescan: bool = False


Inbox = SimpleQueue[Hint]  # its put may be called from a signal handler


class Hinter(FileSystemEventHandler):
    """Puts events into the inbox; when too many wait, one scan replaces them."""

    HEARD: ClassVar[list[type[FileSystemEvent]]] = [
        DirCreatedEvent, DirMovedEvent, FileClosedEvent, FileCreatedEvent, FileModifiedEvent, FileMovedEvent
    ]  # fmt: skip

    def __init__(self, root: Path, inbox: Inbox) -> None:
        self._root = root
        self._inbox = inbox

    def on_any_event(self, event: FileSystemEvent) -> None:
        if self._inbox.qsize() > MAX_HINTS:
            return  # the loop empties a full inbox and scans
        if event.is_directory:
            self._inbox.put(Hint(rescan=True))
            return
        path = Path(os.fsdecode(event.dest_path or event.src_path))
        if path.is_relative_to(self._root):
            finished = isinstance(event, FileClosedEvent | FileMovedEvent)
            self._inbox.put(Hint(path=path.relative_to(self._root).as_posix(), closed=finished))


class Watch:
    """The observer of one folder; it may fail, and is started anew when the folder comes back."""

    def __init__(self, root: Path, inbox: Inbox) -> None:
        self._root = root
        self._inbox = inbox
        self._observer: BaseObserver | None = None

    def start(self) -> bool:
        """Return whether events come from now on; if not, scans alone have to find the files."""
        self.stop()
        kind = tells_no_events(self._root)
        if kind is not None:
            log.warning("no_file_events", folder=str(self._root), file_system=kind, instead="polling")
            return False
        observer = Observer()
        try:
            observer.schedule(
                Hinter(self._root, self._inbox), str(self._root), recursive=True, event_filter=Hinter.HEARD
            )
            observer.start()
        except OSError as error:
            log.warning("no_file_events", folder=str(self._root), error=str(error), instead="polling")
            return False
        self._observer = observer
        return True

    def probe(self) -> bool:
        """Write a file into the folder and return whether an event tells of it; also if it cannot be written.

        It shows that a mount tells nothing at all. That one tells what other machines write, it cannot show.
        """
        file = self._root / f"{PROBE}{os.getpid()}"
        others: list[Hint] = []
        try:
            file.touch()
            deadline = time.monotonic() + PROBE_SECONDS
            while (left := deadline - time.monotonic()) > 0:
                with suppress(Empty):
                    hint = self._inbox.get(timeout=left)
                    if hint.path == file.name:
                        return True
                    others.append(hint)
        except OSError as error:
            log.warning("probe_not_written", folder=str(self._root), error=str(error))
            return True
        finally:
            with suppress(OSError):
                file.unlink()
            for hint in others:
                self._inbox.put(hint)
        return False

    def is_alive(self) -> bool:
        return self._observer is not None and self._observer.is_alive()

    def stop(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(timeout=5)
            self._observer = None
