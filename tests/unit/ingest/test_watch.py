from pathlib import Path
from queue import Empty

import pytest
from watchdog.events import DirCreatedEvent, FileClosedEvent, FileModifiedEvent, FileMovedEvent, FileSystemEvent
from watchdog.observers.api import BaseObserver

from ingest import watch as watching
from ingest.watch import Hint, Hinter, Inbox, Watch

ROOT = Path("/incoming")


@pytest.mark.parametrize(
    ("event", "hint"),
    [
        (FileModifiedEvent("/incoming/job/a.png"), Hint(path="job/a.png")),
        (FileClosedEvent("/incoming/a.png"), Hint(path="a.png", closed=True)),
        (FileMovedEvent("/incoming/a.part", "/incoming/a.png"), Hint(path="a.png", closed=True)),
        (FileMovedEvent("/elsewhere/a.png", "/incoming/a.png"), Hint(path="a.png", closed=True)),
        (DirCreatedEvent("/incoming/job"), Hint(rescan=True)),
    ],
)
def test_an_event_becomes_a_hint(event: FileSystemEvent, hint: Hint) -> None:
    inbox = Inbox()

    Hinter(ROOT, inbox).on_any_event(event)

    assert inbox.get_nowait() == hint


def test_an_event_outside_the_folder_is_no_hint() -> None:
    inbox = Inbox()

    Hinter(ROOT, inbox).on_any_event(FileMovedEvent("/incoming/a.png", "/elsewhere/a.png"))

    with pytest.raises(Empty):
        inbox.get_nowait()


def test_a_flood_of_events_takes_no_memory_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MAX_HINTS", 10)
    inbox = Inbox()

    for number in range(100):
        Hinter(ROOT, inbox).on_any_event(FileModifiedEvent(f"/incoming/{number}.png"))

    assert inbox.qsize() == 11  # one more than the limit tells the loop that some were dropped


def test_where_no_events_can_come_the_watch_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(BaseObserver, "schedule", full)
    watch = Watch(tmp_path, Inbox())

    assert not watch.start()
    assert not watch.is_alive()
