"""The side of the printer: scans and hints go in, layer sets that are ready come out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from ingest import metrics
from ingest.assembly import Assembly, Emission, Frame
from ingest.coming import Coming
from ingest.examine import FORBIDDEN, Examined, examine, unreadable
from ingest.folder import Folder
from ingest.hearing import Hearing
from ingest.ledger import Ledger
from ingest.regularity import Regularity
from ingest.settings import Printer
from ingest.settling import Settling
from ingest.source import Found, SourceDownError
from layerwatch.layers import LayerKey, Shape

RETRY_SECONDS = 2.0
LONGEST_STEP_SECONDS = 1.0  # between two looks; what is longer was no waiting

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Seconds that never go back, for waiting; since 1970, to tell how old a file is; and of this thread's CPU."""

    steady: Callable[[], float]
    wall: Callable[[], float]
    cpu: Callable[[], float]


class Intake:
    """One printer's folder, the files of it that are being written, and the layer sets that they make.

    Attributes:
        files: how many pictures were found finished.
        last_picture_ns: when the printer wrote the newest of them, None before the first.
        was_scanned: whether the folder has been looked through.
        scanned_at: when that last began, with success.
    """

    def __init__(self, printer: Printer, clocks: Clocks, ledger: Ledger) -> None:
        profile = printer.profile
        self.folder = Folder(printer)
        self.assembly = Assembly(
            expected_lights=profile.expected_lights,
            set_timeout_seconds=profile.set_timeout_seconds,
            revision_seconds=2 * profile.settle_seconds,
            repeats_allowed=profile.repeats == "allow",
        )
        self.settling = Settling(settle_seconds=profile.settle_seconds, grace_seconds=profile.grace_seconds)
        self.regularity = Regularity(printer.name, profile)
        self.hearing = Hearing()
        self.files = 0
        self.last_picture_ns: int | None = None
        self.was_scanned = False
        self.scanned_at = 0.0
        self._printer = printer
        self._clocks = clocks
        self._ledger = ledger
        self._coming = Coming()
        self._attention = 0.0
        self._attended_at = clocks.steady()

    @property
    def is_empty(self) -> bool:
        """Whether everything that lay in the folder at the last scan has come out."""
        return self.was_scanned and not len(self.settling) and not self.assembly.waiting()

    def scan(self) -> bool:
        """Compare the folder with what is known; return whether it is back, or another mount, since the last scan."""
        catch_up = not self.was_scanned or not self.folder.is_up
        self.hearing.scan_begins()
        began = self._clocks.steady()
        wall = self._clocks.wall() if not self.was_scanned else None
        try:
            self.folder.changes(lambda found: self._see(found, catch_up=catch_up, wall=wall))
        except SourceDownError as error:
            if self.folder.is_up:
                log.warning("source_down", error=str(error))
            self.folder.is_up = False
            return False
        is_back = not self.folder.is_up
        if is_back:
            log.info("source_up", folder=str(self._printer.root))
        self.folder.is_up = self.was_scanned = True
        self.scanned_at = began
        return is_back or self.folder.is_remounted

    def look(self, path: str, *, closed: bool) -> None:
        """Follow a hint that something happened to a file."""
        self.hearing.heard(path)
        found = self.folder.source.look(path)
        if found is not None and not self.folder.is_known(found):
            self._note_coming(path)
            self.settling.observe(path, found.stamp, now=self._clocks.steady(), closed=closed)

    def examine_due(self, until: float, *, backlog: bool = True) -> None:
        """Look at files that have been quiet, for so long at most; without those of the backlog if it has to wait."""
        self._attend(self._clocks.steady())
        while (now := self._clocks.steady()) < until:
            path = self.settling.take_due(now, backlog=backlog)
            if path is None:
                break
            self._examine(path, now)
        self._ledger.save()

    def take_ready(self) -> list[Emission]:
        """Return the layer sets that are ready.

        None is given up as long as finished files wait to be entered, or a picture of it lies there, or could: what
        happened since the last scan is not known, and while the share or this process stood still much may have.
        """
        now = self._clocks.steady()
        live, all_due = (self._none_due(now, backlog=backlog) for backlog in (False, True))
        return self.assembly.take_ready(
            min(now, self.scanned_at), timeouts=live, backlog=all_due, is_held=self._is_held
        )

    def _is_held(self, key: LayerKey) -> bool:
        """Return whether a picture of a layer lies there that still has its grace time: nothing is written for ever."""
        profile = self._printer.profile
        margin = profile.settle_seconds + LONGEST_STEP_SECONDS  # the last look at it comes a step later
        return self._attention < self._coming.since(key) + profile.grace_seconds + margin

    def _attend(self, now: float) -> None:
        """Count the time in which the folder is looked at: while Redis or the share hangs, nothing runs out."""
        self._attention += min(now - self._attended_at, LONGEST_STEP_SECONDS)
        self._attended_at = now

    def wants_scan(self) -> bool:
        """Return whether a set is to be given up as soon as another look at the folder finds nothing of it."""
        timeout = self.assembly.next_timeout()
        return timeout is not None and self.scanned_at < timeout <= self._clocks.steady()

    def _none_due(self, now: float, *, backlog: bool) -> bool:
        due = self.settling.next_due(backlog=backlog)
        return due is None or due > now

    def _note_coming(self, path: str) -> None:
        name = self.folder.source.key(path)
        if name is not None:
            self._coming.add(name[0], path, now=self._attention)

    def _forget_waiting(self, path: str) -> None:
        """Enter that a file is part of its layer set, or gone."""
        self.settling.settled(path)
        name = self.folder.source.key(path)
        if name is not None:
            self._coming.drop(name[0], path)

    def sweep(self) -> None:
        """Forget the files that have not been there for long."""
        gone = self.folder.sweep()
        self._ledger.forget(gone)
        self._ledger.save()
        for path in gone:
            name = self.folder.source.key(path)
            if name is not None:
                self.assembly.forget(*name, _sent(self._printer, path))

    def _see(self, found: Found, *, catch_up: bool, wall: float | None) -> None:
        """Enter what a scan found; at the start its times of change say how long a file has been quiet."""
        age = max(0.0, wall - found.changed_ns / 1e9) if wall is not None else 0.0
        now = self._clocks.steady()
        backlog = catch_up or self.folder.is_remounted
        if not backlog and self.settling.stamp(found.path) is None:
            self.hearing.found(found.path)
        self._note_coming(found.path)
        self.settling.observe(found.path, found.stamp, now=now, age=age, backlog=backlog)

    def _examine(self, path: str, now: float) -> None:
        found = self.folder.source.look(path)
        if found is None or self.folder.is_known(found):
            self._forget_waiting(path)  # gone, or as it was before; a scan finds it again if it comes back
            return
        if found.stamp != self.settling.stamp(path):
            self.settling.observe(path, found.stamp, now=now)
            return
        try:
            examined = self._ledger.recall(path, found.stamp) or self._read(path)
        except OSError as error:
            examined = self._excuse(path, found, error, now)
        else:
            if examined is None or examined.stamp != found.stamp:
                self.settling.retry(path, at=now + self._printer.profile.settle_seconds)
                return
        if examined is None:
            return
        if not examined.whole and not self.settling.grace_is_over(path, now=now):
            self.settling.wait_for_grace(path)
            return
        self._enter(path, examined)

    def _read(self, path: str) -> Examined | None:
        examined = examine(self._printer.root / path)
        if examined is not None:
            self._ledger.note(path, examined)
        return examined

    def _excuse(self, path: str, found: Found, error: OSError, now: float) -> Examined | None:
        """Return what stands for a file that cannot be opened, None if it is to be tried again."""
        if isinstance(error, FileNotFoundError):
            self._forget_waiting(path)
        elif error.errno not in FORBIDDEN:  # the share stalls
            self.settling.retry(path, at=now + RETRY_SECONDS)
        elif self.settling.grace_is_over(path, now=now):
            return unreadable(found.stamp, error)
        else:
            self.settling.wait_for_grace(path)
        return None

    def _enter(self, path: str, examined: Examined) -> None:
        """Make a settled file part of its layer set."""
        name = self.folder.source.key(path)
        if name is not None:
            key, light = name
            frame = frame_of(self._printer, path, examined)
            settled, live = self.settling.quiet_until(path), not self.settling.is_backlog(path)
            if live:
                for other in self._coming.around(key):
                    self.settling.hurry(other)
            replaced = self.assembly.add(key, light, frame, settled=settled, live=live)
            self.regularity.entered(key, written_ns=frame.mtime_ns, now=settled, live=live, replaced=replaced)
            self.files += 1
            self.last_picture_ns = max(self.last_picture_ns or 0, examined.stamp.mtime_ns)
            metrics.FILES_SETTLED.labels(self._printer.name).inc()
        self.folder.enter(path, examined.stamp)
        self._forget_waiting(path)


def frame_of(printer: Printer, path: str, examined: Examined) -> Frame:
    """Return a picture as a part of its layer set."""
    return Frame(
        path=_sent(printer, path),
        sha256=examined.sha256,
        mtime_ns=examined.stamp.mtime_ns,
        whole=examined.whole,
        trouble=examined.trouble,
        shape=_used(printer, examined.shape),
    )


def _sent(printer: Printer, path: str) -> str:
    """Return the path as messages carry it, below SOURCES_DIR."""
    return f"{printer.folder}/{path}" if printer.folder else path


def _used(printer: Printer, shape: Shape | None) -> Shape | None:
    """Return the shape with the bits that the camera really uses, as the worker reads it."""
    bits = printer.profile.bits
    return shape if shape is None or bits is None else replace(shape, bits=min(bits, shape.bits))
