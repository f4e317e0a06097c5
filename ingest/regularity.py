"""Tells in logs and metrics of layers that are missing, repeated or out of order, and of a printer that fell silent."""

import structlog

from ingest import metrics
from ingest.rhythm import Rhythm
from ingest.series import Irregularity, Series
from layerwatch.layers import LayerKey
from layerwatch.profile import Profile

MAX_LOGGED = 100  # a camera that photographs every second layer would fill the log

log = structlog.get_logger()


class Regularity:
    """One printer's layers, and whether they come as they should.

    Attributes:
        silence_seconds: for how long no new layer has come, None as long as that is nothing strange.
    """

    def __init__(self, printer: str, profile: Profile) -> None:
        self._printer = printer
        self._series = Series(patience_seconds=profile.set_timeout_seconds)
        self._rhythm = Rhythm(silent_seconds=profile.silent_seconds)
        self._logged = 0
        self.silence_seconds: float | None = None

    @property
    def counts(self) -> dict[Irregularity, int]:
        """Layers missing now, and out of order or repeated since the start."""
        return {**self._series.counts, Irregularity.MISSING: self._series.missing}

    def entered(self, key: LayerKey, *, written_ns: int, now: float, live: bool, replaced: bool) -> None:
        """Enter a picture that was found finished.

        Args:
            key: its layer.
            written_ns: when the printer wrote it, in ns since 1970.
            now: the time.
            live: it came while ingest watched.
            replaced: it took the place of another.
        """
        is_new = self._series.add(key, written_ns=written_ns, now=now, live=live)
        if is_new and live:
            self._rhythm.heard(now)
        if replaced:
            self._series.repeat(key)

    def report(self, now: float, *, at_once: bool = False) -> None:
        """Log what is new and measure it; `at_once` without waiting for layers that may still come."""
        for notice in self._series.take_notices(now, at_once=at_once):
            self._logged += 1
            if self._logged <= MAX_LOGGED:
                log.warning(
                    "irregular_layers",
                    irregularity=notice.irregularity,
                    build=notice.build,
                    stage=notice.stage,
                    first=notice.first,
                    last=notice.last,
                )
            elif self._logged == MAX_LOGGED + 1:
                log.warning("more_irregular_layers", hint="only counted from now on, in /metrics and `ingest status`")
        self._report_silence(now)
        for irregularity, layers in self.counts.items():
            metrics.IRREGULAR_LAYERS.labels(self._printer, irregularity).set(layers)

    def _report_silence(self, now: float) -> None:
        was_silent, self.silence_seconds = self.silence_seconds is not None, self._rhythm.silence(now)
        is_silent = self.silence_seconds is not None
        if is_silent and not was_silent:
            hint = "the build has ended, or the camera has stopped"
            log.warning("printer_silent", seconds=round(self.silence_seconds or 0), hint=hint)
        elif was_silent and not is_silent:
            log.info("printer_heard_again")
        metrics.SOURCE_SILENT.labels(self._printer).set(is_silent)
