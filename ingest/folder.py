"""What of the folder is known, and what a scan finds new in it."""

from collections import Counter
from collections.abc import Callable

import structlog

from ingest.settings import Printer
from ingest.settling import Stamp
from ingest.source import Found, Oddity, Source, SourceDownError

MAX_LOGGED = 1000

log = structlog.get_logger()


class Oddities:
    """Counts what is left alone, and logs each of it once."""

    def __init__(self) -> None:
        self.counts: Counter[Oddity] = Counter()
        self._found: Counter[Oddity] = Counter()
        self._logged: set[tuple[Oddity, str]] = set()
        self._unmatched_was_logged = False

    def report(self, oddity: Oddity, path: str) -> None:
        self._found[oddity] += 1
        if oddity is Oddity.UNMATCHED:
            self._log_unmatched(path)
        elif (oddity, path) not in self._logged and len(self._logged) < MAX_LOGGED:
            self._logged.add((oddity, path))
            log.warning("ignored", reason=oddity, path=ascii(path))

    def begin(self) -> None:
        """A scan begins: what it reports replaces what is counted."""
        self._found = Counter()

    def finish(self) -> None:
        self.counts = self._found

    def _log_unmatched(self, path: str) -> None:
        """Log the first name that says no layer: a printer may put thousands of other files there."""
        if not self._unmatched_was_logged:
            self._unmatched_was_logged = True
            hint = "its name says no layer; `python -m ingest check` shows all such files"
            log.warning("ignored", reason=Oddity.UNMATCHED, path=ascii(path), hint=hint)


class Folder:
    """The files of the folder that have been entered into layer sets, and the mount that they lie on.

    Attributes:
        is_up: whether the folder could be listed last time.
        is_remounted: whether the last scan found another mount there than the one before.
    """

    def __init__(self, printer: Printer) -> None:
        self.oddities = Oddities()
        self.source = Source(printer, self.oddities.report)
        self.is_up = True
        self.is_remounted = False
        self._known: dict[str, Stamp] = {}
        self._unseen: set[str] = set()
        self._mount: tuple[int, int] | None = None

    def is_known(self, found: Found) -> bool:
        """Return whether the file is entered and has not changed since."""
        return self._known.get(found.path) == found.stamp

    def enter(self, path: str, stamp: Stamp) -> None:
        self._known[path] = stamp

    def changes(self, see: Callable[[Found], None]) -> None:
        """Scan, and call see with each file that is new or changed.

        Raises:
            SourceDownError: the folder is away, or the place where it was mounted is empty.
        """
        self.oddities.begin()
        mount = self.source.identity()
        self.is_remounted = self._mount is not None and mount != self._mount
        is_empty = True
        for found in self.source.scan(self._known):
            is_empty = False
            self._unseen.discard(found.path)
            if not self.is_known(found):
                see(found)
        if is_empty and self.is_remounted and self._known:
            raise SourceDownError(f"{self.source.root}: nothing is mounted there any more")
        self._mount = mount
        self.oddities.finish()

    def sweep(self) -> list[str]:
        """Return and forget the files that no scan has found since the last sweep."""
        gone = [path for path in self._unseen if self._known.pop(path, None) is not None]
        self._unseen = set(self._known)
        return gone
