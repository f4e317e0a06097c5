"""The loop of ingest: look, settle, assemble, hand over. One thread does it all, so nothing needs a lock."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from queue import Empty

import structlog

from ingest import metrics
from ingest.assembly import moment
from ingest.audit import Audit
from ingest.feed import QUEUE_LIMIT, Feed, Sink
from ingest.hearing import Hearing
from ingest.intake import Clocks, Intake
from ingest.ledger import Ledger, NoLedger
from ingest.sending import Sender
from ingest.settings import Printer
from ingest.source import Oddity
from ingest.watch import MAX_HINTS, Hint, Inbox, Watch
from layerwatch.source_state import SourceState

BUSY_SECONDS = 0.2  # examine files for so long before anything else gets its turn
MAX_OFFERS = 1000  # as many sets wait for the queue; the files of the others wait in the folder
MAX_LIVE_OFFERS = 10_000  # as many while layers are printed and Redis is down
POLL_SECONDS = 0.5
HINTED_SCAN_SECONDS = 0.2
SWEEP_SECONDS = 3600.0
CPU_SHARE = 100  # scans may take one part in so many of one core
LONGEST_WAIT_SECONDS = 5.0
STUCK_SECONDS = 60.0
COALESCE_SECONDS = 0.005  # events come in bunches

log = structlog.get_logger()
SYSTEM_CLOCKS = Clocks(steady=time.monotonic, wall=time.time, cpu=time.thread_time)


@dataclass(slots=True)
class Timetable:
    """When what is done next; a scan that is asked for comes earlier, but not before `earliest_scan`."""

    scan: float
    earliest_scan: float
    audit: float
    sweep: float


class Ingest:
    """One printer's folder on its way to the queue."""

    def __init__(  # noqa: PLR0913 - one keyword for each thing that may be chosen
        self,
        printer: Printer,
        sink: Sink,
        *,
        rescan_seconds: float = 10.0,
        queue_limit: int = QUEUE_LIMIT,
        sender: Sender | None = None,
        ledger: Ledger | None = None,
        clocks: Clocks = SYSTEM_CLOCKS,
    ) -> None:
        self.inbox: Inbox = Inbox()
        self._ledger = ledger or NoLedger()
        self.intake = Intake(printer, clocks, self._ledger)
        self.feed = Feed(sink, printer.profile, priority=printer.priority, queue_limit=queue_limit, sender=sender)
        self._audit = Audit(self.feed, self.intake.assembly, sink)
        self._watch = Watch(printer.root, self.inbox)
        self._listening = self._has_events = False
        self._printer = printer
        self._sink = sink
        self._rescan_seconds = rescan_seconds
        self._clocks = clocks
        now = self._last_tick = clocks.steady()
        self._next = Timetable(scan=now, earliest_scan=now, audit=now + rescan_seconds, sweep=now + SWEEP_SECONDS)
        self._last_scan_took = (inf, inf)
        self._stopping = False
        metrics.begin(printer.name)
        # Asked at the scrape: a share that hangs stops the loop, which then says nothing any more.
        metrics.SOURCE_UP.labels(printer.name).set_function(lambda: float(self.intake.folder.is_up and self.is_alive()))

    def run(self, *, once: bool = False) -> None:
        """Serve until `stop` is called; with `once` only until all that lies in the folder is handed over."""
        self._listening = not once
        self._listen()
        try:
            while not self._stopping:
                pause = self.tick()
                if once and self.is_idle:
                    self.intake.regularity.report(self._clocks.steady(), at_once=True)
                    return
                self._sleep(pause)
        finally:
            self._watch.stop()
            self._ledger.close()

    def stop(self) -> None:
        """End the loop after what it has in hand; may be called from a signal handler."""
        self._stopping = True
        self.inbox.put(Hint())

    @property
    def is_idle(self) -> bool:
        return self.intake.is_empty and not len(self.feed)

    def is_source_up(self) -> bool:
        """Return whether the folder can be listed; for /health, from another thread."""
        return self.intake.folder.is_up and self._printer.root.is_dir()

    def is_alive(self) -> bool:
        """Return whether the loop still turns; for /health, from another thread."""
        return self._clocks.steady() - self._last_tick < STUCK_SECONDS

    def tick(self) -> float:
        """Do everything that is due; return in how many seconds the next thing will be."""
        self._follow_hints()
        if self.intake.wants_scan():
            self._next.scan = min(self._next.scan, self._next.earliest_scan)
        if self._clocks.steady() >= self._next.scan:
            self._scan()
        if self.intake.folder.is_up:
            if len(self.feed) < MAX_LIVE_OFFERS:
                self.intake.examine_due(self._clocks.steady() + BUSY_SECONDS, backlog=self._has_room)
            self.feed.offer(self.intake.take_ready())
        self.feed.flush(self._clocks.steady())
        if self._clocks.steady() >= self._next.audit:
            self._compare()
        self._last_tick = self._clocks.steady()
        return self._pause()

    @property
    def _has_room(self) -> bool:
        """Whether more of the backlog is to be read; layers that are printed now are read in any case."""
        return len(self.feed) < MAX_OFFERS

    def _listen(self) -> None:
        wanted = self._listening and self._printer.profile.watch == "inotify"
        self._has_events = wanted and self._watch.start()
        self.intake.hearing = Hearing()
        if self._has_events and self._printer.profile.probe and not self._watch.probe():
            self._poll("a probe file was not announced")

    def _poll(self, reason: str) -> None:
        """Find the files by scans alone from now on: the kernel does not tell of them."""
        log.warning("no_file_events", folder=str(self._printer.root), error=reason, instead="polling")
        self._watch.stop()
        self._has_events = False

    def _sleep(self, seconds: float) -> None:
        """Wait until the time is over or a hint comes; hints that come together are followed together."""
        if seconds <= 0:
            return
        try:
            hint = self.inbox.get(timeout=seconds)
        except Empty:
            return
        self.inbox.put(hint)
        time.sleep(COALESCE_SECONDS)

    def _follow_hints(self) -> None:
        count = self.inbox.qsize()
        if count > MAX_HINTS:  # the watch dropped some
            self.intake.hearing.scan_announced()
            self._next.scan = self._next.earliest_scan
        closed: dict[str, bool] = {}
        for _ in range(count):
            hint = self.inbox.get()
            if hint.rescan:
                self.intake.hearing.scan_announced()
                self._next.scan = min(self._next.scan, self._next.earliest_scan)
            if hint.path:
                closed[hint.path] = hint.closed or closed.get(hint.path, False)
        for path, was_closed in closed.items():
            self.intake.look(path, closed=was_closed)

    def _scan(self) -> None:
        began, cpu_began = self._clocks.steady(), self._clocks.cpu()
        came_back = self.intake.scan()
        if came_back or (self._has_events and not self._watch.is_alive()):
            self._listen()  # the old watch is on the folder that went away
        if self._has_events and self.intake.hearing.is_deaf:
            self._poll("new files came without any event")
        now = self._clocks.steady()
        took = now - began, self._clocks.cpu() - cpu_began
        # One that alone took long, as memory was tidied up or the share hung, must not keep the next layer waiting.
        wall, cpu = map(min, took, self._last_scan_took)
        self._last_scan_took = took
        base = self._rescan_seconds if self._has_events else min(POLL_SECONDS, self._rescan_seconds)
        self._next.scan = now + max(base, CPU_SHARE * cpu, 2 * wall)
        self._next.earliest_scan = now + max(HINTED_SCAN_SECONDS, 10 * cpu)
        if now >= self._next.sweep and self.intake.folder.is_up:
            self.intake.sweep()
            self._next.sweep = now + SWEEP_SECONDS
        self._measure_folder(took[0])

    def _measure_folder(self, scan_seconds: float) -> None:
        folder = self.intake.folder
        metrics.SCAN_SECONDS.labels(self._printer.name).set(scan_seconds)
        for oddity in Oddity:
            metrics.FILES_IGNORED.labels(self._printer.name, oddity).set(folder.oddities.counts[oddity])

    def _compare(self) -> None:
        """Check what was handed over, and measure what waits."""
        now = self._clocks.steady()
        if self.intake.was_scanned and not self.intake.settling.has_backlog:
            self.intake.regularity.report(now)
        self._next.audit = now + self._rescan_seconds
        self.feed.guard(now, self._audit.run)
        if not self.feed.is_down:
            self.feed.guard(now, lambda: metrics.QUEUE_DEPTH.set(self._sink.queue.depth()))
        if not self.feed.is_down:
            self.feed.guard(now, lambda: metrics.PICTURE_BYTES.set(self.feed.sender.held_bytes()))
        if not self.feed.is_down:
            self.feed.guard(now, lambda: self._sink.sources.report(self.state()))
        metrics.PENDING_FILES.labels(self._printer.name).set(len(self.intake.settling))
        metrics.PENDING_SETS.labels(self._printer.name, "light").set(self.intake.assembly.waiting())
        for reason, holds in self._why_sets_wait():
            metrics.PENDING_SETS.labels(self._printer.name, reason).set(len(self.feed) if holds else 0)

    def _why_sets_wait(self) -> tuple[tuple[str, bool], ...]:
        redis, artifacts = self.feed.is_down, self.feed.artifacts_away and not self.feed.is_down
        return (("redis", redis), ("artifacts", artifacts), ("queue", self.feed.is_full and not (redis or artifacts)))

    def state(self) -> SourceState:
        """Return how the folder is doing."""
        intake, oldest = self.intake, self.intake.settling.oldest_quiet()
        return SourceState(
            printer=self._printer.name,
            folder=str(self._printer.root),
            profile=self._printer.profile.name,
            is_up=intake.folder.is_up,
            has_events=self._has_events,
            settled=intake.files,
            last_picture=None if intake.last_picture_ns is None else moment(intake.last_picture_ns),
            files_waiting=len(intake.settling),
            oldest_waiting_seconds=None if oldest is None else max(0.0, self._clocks.steady() - oldest),
            sets_waiting={"light": intake.assembly.waiting(), "queue": len(self.feed)},
            outstanding=len(self.feed.outstanding),
            silent_seconds=intake.regularity.silence_seconds,
            irregular={kind.value: number for kind, number in intake.regularity.counts.items() if number},
            ignored={oddity.value: number for oddity, number in intake.folder.oddities.counts.items() if number},
            updated=datetime.fromtimestamp(self._clocks.wall(), UTC),
            every_seconds=self._rescan_seconds,
        )

    def _pause(self) -> float:
        times = [self._next.scan, self._next.audit, self._clocks.steady() + LONGEST_WAIT_SECONDS]
        if self.feed.retry_at is not None:
            times.append(self.feed.retry_at)
        if self.intake.folder.is_up:
            timeout = self.intake.assembly.next_timeout()
            due = self.intake.settling.next_due(backlog=self._has_room)
            times += [max(timeout, self._next.earliest_scan)] if timeout is not None else []
            times += [due] if due is not None and len(self.feed) < MAX_LIVE_OFFERS else []
        return max(0.0, min(times) - self._clocks.steady())
