"""Settled captures become layer sets. Pure: no file is read and every time is an argument."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from ingest.repeats import repeat_problems
from layerwatch.layers import Capture, LayerKey, LayerSet, Shape, shape_problems

MAX_PROBLEMS = 16  # what a message may carry
AGAIN_SECONDS = 1.0  # between two looks at a set of the backlog whose other files may not have been entered
KEPT_GONE = 500  # layers whose files are gone, of which it is still known what they showed
LATEST_NS = 253_402_300_799 * 10**9  # the end of the year 9999, the last one that a datetime holds


class Frame(NamedTuple):
    """One settled picture of a layer; small, for every file in the folder has one.

    Attributes:
        path: below SOURCES_DIR.
        sha256: 32 bytes.
        mtime_ns: when the printer last wrote to it.
        whole: its content is a picture from the first to the last byte.
        trouble: why it cannot be judged, empty if nothing is known against it.
        shape: size and depth that it declares, None if it is no picture.
    """

    path: str
    sha256: bytes
    mtime_ns: int
    whole: bool = True
    trouble: str = ""
    shape: Shape | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Emission:
    """One layer set that is to be inspected.

    Attributes:
        problems: what makes it impossible to judge, in words.
        duplicate: whether one of the problems is a repeated frame.
        unequal: whether one of them is that the pictures differ in size or depth.
        live: at least one of its pictures came while ingest watched; no part of a backlog.
    """

    layer_set: LayerSet
    problems: tuple[str, ...]
    duplicate: bool
    unequal: bool
    live: bool

    @property
    def captured(self) -> datetime:
        """When the printer wrote the last picture of the set."""
        return max(capture.modified for capture in self.layer_set.captures)


@dataclass(slots=True)
class Gathering:
    """What is known of one layer: its frames by light, until when it waits, and whether it was emitted whole."""

    frames: dict[str, Frame] = field(default_factory=dict)
    wait_until: float | None = None
    was_complete: bool = False
    live: bool = False


class Assembly:
    """All layers of one printer, and which of them are ready to be inspected.

    A set is ready as soon as it is complete, or when the last light has been waited for long enough. What comes
    later makes a new set: a late light at once, a rewritten picture after `revision_seconds`, in case that the
    other lights are being rewritten too.
    """

    def __init__(
        self,
        *,
        expected_lights: tuple[str, ...],
        set_timeout_seconds: float,
        revision_seconds: float,
        repeats_allowed: bool = False,
    ) -> None:
        self._lights = expected_lights
        self._timeout = set_timeout_seconds
        self._revision = revision_seconds
        self._repeats_allowed = repeats_allowed
        self._layers: dict[LayerKey, Gathering] = {}
        self._gone: dict[LayerKey, dict[str, bytes]] = {}
        self._ready: dict[LayerKey, None] = {}
        self._deadlines: list[tuple[float, LayerKey]] = []

    def add(self, key: LayerKey, light: str, frame: Frame, *, settled: float, live: bool) -> bool:
        """Enter a settled picture, and return whether it took the place of another; the same again changes nothing.

        Args:
            key: the layer that it shows.
            light: the light that it was taken under.
            frame: the picture.
            settled: when it was finished; the other lights are waited for from then on.
            live: it came while ingest watched.
        """
        layer = self._layers.setdefault(key, Gathering())
        before = layer.frames.get(light)
        layer.frames[light] = frame
        if before is not None and (before.sha256, before.trouble) == (frame.sha256, frame.trouble):
            return False
        layer.live = live
        if len(layer.frames) < len(self._lights):
            self._wait(key, layer, settled + self._timeout)
        elif before is not None and layer.was_complete:
            self._wait(key, layer, settled + self._revision)
        else:
            layer.wait_until = None
            self._ready[key] = None
        return before is not None

    def take_ready(
        self,
        now: float,
        *,
        timeouts: bool = True,
        backlog: bool = True,
        is_held: Callable[[LayerKey], bool] = lambda _key: False,
    ) -> list[Emission]:
        """Return the sets that are to be inspected now, in the order in which they became ready.

        Args:
            now: the time of the last look at the folder: what has come since is not known.
            is_held: whether a layer is not to be given up, since a picture of it lies there that is not entered yet.
            timeouts: also those that waited long enough; not while finished files have not been entered yet.
            backlog: of those also the ones of the backlog; otherwise they are asked about again in a while.
        """
        keys = list(self._ready)
        self._ready.clear()
        while timeouts and self._deadlines and self._deadlines[0][0] <= now:
            until, key = heapq.heappop(self._deadlines)
            layer = self._layers.get(key)
            if layer is None or layer.wait_until != until:
                continue
            if (backlog or layer.live) and not is_held(key):
                layer.wait_until = None
                keys.append(key)
            else:
                self._wait(key, layer, now + AGAIN_SECONDS)
        return [self._emit(key) for key in keys]

    def next_timeout(self) -> float | None:
        """Return when the next incomplete set will have waited long enough, None if there is none."""
        while self._deadlines:
            until, key = self._deadlines[0]
            layer = self._layers.get(key)
            if layer is not None and layer.wait_until == until:
                return until
            heapq.heappop(self._deadlines)
        return None

    def waiting(self) -> int:
        """Return how many sets wait for something."""
        return sum(layer.wait_until is not None for layer in self._layers.values())

    def again(self, key: LayerKey) -> Emission | None:
        """Return a set as it is known now, None if nothing of that layer is known, or it will come out by itself."""
        layer = self._layers.get(key)
        return None if layer is None or self._waits(key, layer) else self._emission(key)

    def emitted(self) -> list[LayerKey]:
        """Return the layers that wait for nothing: all their sets were taken."""
        return [key for key, layer in self._layers.items() if not self._waits(key, layer)]

    def forget(self, key: LayerKey, light: str, path: str) -> None:
        """Enter that a file is gone for good; a set that still waits for another light keeps it."""
        layer = self._layers.get(key)
        if layer is None or self._waits(key, layer):
            return
        frame = layer.frames.get(light)
        if frame is not None and frame.path == path:
            del layer.frames[light]
            self._remember_gone(key, light, frame)
        if not layer.frames:
            del self._layers[key]

    def _waits(self, key: LayerKey, layer: Gathering) -> bool:
        return layer.wait_until is not None or key in self._ready

    def _wait(self, key: LayerKey, layer: Gathering, until: float) -> None:
        layer.wait_until = max(until, layer.wait_until or until)
        heapq.heappush(self._deadlines, (layer.wait_until, key))

    def _emit(self, key: LayerKey) -> Emission:
        layer = self._layers[key]
        layer.was_complete = len(layer.frames) == len(self._lights)
        return self._emission(key)

    def _emission(self, key: LayerKey) -> Emission:
        layer = self._layers[key]
        layer_set = LayerSet(
            key=key,
            captures=tuple(_capture(light, layer.frames[light]) for light in sorted(layer.frames)),
            expected_lights=self._lights,
        )
        missing = tuple(f"missing light {light}" for light in layer_set.missing_lights)
        troubles = tuple(
            f"{_named(light)}{frame.trouble}" for light, frame in sorted(layer.frames.items()) if frame.trouble
        )
        repeated = self._repeated(key, layer)
        unequal = shape_problems({light: frame.shape for light, frame in sorted(layer.frames.items()) if frame.shape})
        return Emission(
            layer_set=layer_set,
            problems=(*missing, *troubles, *unequal, *repeated)[:MAX_PROBLEMS],
            duplicate=bool(repeated),
            unequal=bool(unequal),
            live=layer.live,
        )

    def _repeated(self, key: LayerKey, layer: Gathering) -> tuple[str, ...]:
        """Return a problem for each light that shows what it showed some layers before, or another light shows."""
        if self._repeats_allowed:
            return ()

        def earlier(number: int) -> dict[str, bytes]:
            other = LayerKey(printer=key.printer, build=key.build, layer=number, stage=key.stage)
            there = self._layers.get(other)
            return self._gone.get(other, {}) | (_digests(there) if there is not None else {})

        return repeat_problems(key.layer, _digests(layer), earlier)

    def _remember_gone(self, key: LayerKey, light: str, frame: Frame) -> None:
        """Keep what a picture showed that the printer cleared away, of the last layers that lost one."""
        if frame.whole and not frame.trouble:
            self._gone[key] = self._gone.pop(key, {}) | {light: frame.sha256}
        while len(self._gone) > KEPT_GONE:
            del self._gone[next(iter(self._gone))]


def _digests(layer: Gathering) -> dict[str, bytes]:
    return {light: frame.sha256 for light, frame in layer.frames.items() if frame.whole and not frame.trouble}


def _named(light: str) -> str:
    return f"light {light}: " if light else ""


def _capture(light: str, frame: Frame) -> Capture:
    return Capture(light=light, path=frame.path, sha256=frame.sha256.hex(), modified=moment(frame.mtime_ns))


def moment(mtime_ns: int) -> datetime:
    """Return the time of change of a file; what no calendar holds becomes the nearest that one does."""
    return datetime.fromtimestamp(min(max(mtime_ns, 0), LATEST_NS) / 1e9, UTC)
