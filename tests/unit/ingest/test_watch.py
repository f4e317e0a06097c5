import errno
from pathlib import Path
from queue import Empty

import pytest
from watchdog.events import DirCreatedEvent, FileClosedEvent, FileModifiedEvent, FileMovedEvent, FileSystemEvent
from watchdog.observers.api import BaseObserver

from ingest import mounts
from ingest import watch as watching
from ingest.hearing import Hearing
from ingest.mounts import file_system, tells_no_events
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


def test_on_a_network_share_the_folder_is_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "tells_no_events", lambda _folder: "cifs")

    assert not Watch(tmp_path, Inbox()).start()


def test_a_probe_is_heard_and_leaves_nothing_behind(tmp_path: Path) -> None:
    inbox = Inbox()
    watch = Watch(tmp_path, inbox)
    assert watch.start()
    inbox.put(Hint(path="a.png"))

    try:
        assert watch.probe()
    finally:
        watch.stop()

    assert list(tmp_path.iterdir()) == []
    kept = [inbox.get_nowait() for _ in range(inbox.qsize())]
    assert Hint(path="a.png") in kept


def test_a_probe_that_no_event_tells_of_shows_a_deaf_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PROBE_SECONDS", 0.1)

    assert not Watch(tmp_path, Inbox()).probe()
    assert list(tmp_path.iterdir()) == []


def test_a_share_that_stalls_before_the_probe_is_taken_away_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stalled(*_: object, **__: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(watching, "PROBE_SECONDS", 0.1)
    monkeypatch.setattr(Path, "unlink", stalled)
    inbox = Inbox()
    inbox.put(Hint(path="a.png"))

    assert not Watch(tmp_path, inbox).probe()
    assert inbox.get_nowait() == Hint(path="a.png")


def test_a_folder_that_cannot_be_written_is_not_probed(tmp_path: Path) -> None:
    assert Watch(tmp_path / "gone", Inbox()).probe()


MOUNTINFO = r"""
22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:41 / /mnt/printer\040hall rw shared:9 - cifs //nas/share rw
31 30 0:42 / /mnt/printer\040hall/local rw - tmpfs tmpfs rw
32 22 0:43 / /mnt/twice rw - ext4 /dev/sdb rw
33 22 0:44 / /mnt/twice rw - nfs4 nas:/x rw
nonsense
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/data/incoming", "ext4"),
        ("/mnt/printer hall/m290", "cifs"),
        ("/mnt/printer hall/local/x", "tmpfs"),
        ("/mnt/printer hallway", "ext4"),
        ("/mnt/twice", "nfs4"),
    ],
)
def test_the_mount_table_tells_the_kind_of_file_system(folder: str, kind: str) -> None:
    assert file_system(Path(folder), MOUNTINFO) == kind


def test_a_machine_without_a_mount_table_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "none")

    assert tells_no_events(tmp_path) is None


def rounds(hearing: Hearing, *found: str) -> Hearing:
    """Let each scan find one file, and one more find nothing."""
    for path in (*found, ""):
        hearing.scan_begins()
        if path:
            hearing.found(path)
    return hearing


def test_files_that_no_event_tells_of_make_the_watch_deaf() -> None:
    assert not rounds(Hearing(), "a", "b").is_deaf
    assert rounds(Hearing(), "a", "b", "c").is_deaf


def test_an_event_that_comes_behind_the_scan_counts() -> None:
    hearing = Hearing()
    for path in ("a", "b", "c", "d"):
        hearing.scan_begins()
        hearing.found(path)
        hearing.heard(path)

    assert not rounds(hearing).is_deaf


def test_one_event_shows_that_others_may_come() -> None:
    hearing = rounds(Hearing(), "a", "b")

    hearing.heard("x")

    assert not rounds(hearing, "c", "d").is_deaf


def test_the_files_of_a_folder_that_was_moved_in_are_announced_with_it() -> None:
    hearing = Hearing()
    hearing.scan_announced()

    assert not rounds(hearing, "a").is_deaf
    hearing.scan_announced()
    hearing.scan_begins()
    for path in "abcdef":
        hearing.found(path)

    assert not rounds(hearing).is_deaf
