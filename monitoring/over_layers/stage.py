"""The layers of one stage of a build that are kept: bounded, in any order of arrival, the newest revision of each."""

from collections.abc import Iterator, Sequence

from layerwatch.verdict import Decision
from monitoring.over_layers.finds import Finds

KEPT = 64  # layers
LONGEST_GAP = 50  # layer numbers; what is further apart has nothing to do with each other


class StageLayers:
    def __init__(self, window: int) -> None:
        """Keep enough for windows of so many judged layers."""
        self._window = window
        self._layers: dict[int, Finds] = {}  # in the order of arrival

    def put(self, finds: Finds) -> bool:
        """Keep a layer in place of its older revision; False if nothing new is said."""
        known = self._layers.get(finds.layer)
        if known is not None and known.revision >= finds.revision:
            return False
        self._layers.pop(finds.layer, None)
        self._layers[finds.layer] = finds
        if len(self._layers) > KEPT:
            self._forget_one()
        return True

    def _forget_one(self) -> None:
        """Forget what came first, but of the newest layers none: a backlog may come between those being printed."""
        newest = set(sorted(self._layers)[-self._window :])
        del self._layers[next(layer for layer in self._layers if layer not in newest)]

    @property
    def newest(self) -> int | None:
        """The highest number of a judged layer."""
        return max((layer for layer, finds in self._layers.items() if finds.judged), default=None)

    def between(self, after: int, before: int) -> bool:
        """Return whether a layer with a number between the two is known."""
        return any(after < layer < before for layer in self._layers)

    def windows_with(self, finds: Finds) -> Iterator[Sequence[Finds]]:
        """Yield the judged layers up to each end of a window in which a layer lies; only those with its picture size.

        In order of arrival that is one; a layer that comes late lies in further ones that end behind it.
        """
        alike = [one for one in self._near(finds.layer) if one.judged and one.size == finds.size]
        if finds in alike:
            place = alike.index(finds)
            for end in range(place, min(place + self._window, len(alike))):
                yield alike[: end + 1]

    def run_of(self, finds: Finds, *, over: Decision | None = None) -> Sequence[Finds]:
        """Return the layers around one that have its decision, without a break; those decided `over` break nothing."""
        near = [one for one in self._near(finds.layer) if one.decision is not over or one is finds]
        first = last = near.index(finds)
        while first > 0 and near[first - 1].decision is finds.decision:
            first -= 1
        while last + 1 < len(near) and near[last + 1].decision is finds.decision:
            last += 1
        return near[first : last + 1]

    def _near(self, layer: int) -> list[Finds]:
        """Return the layers in order around one, as far as no gap is too long."""
        numbers = sorted(self._layers)
        first = last = numbers.index(layer)
        while first > 0 and numbers[first] - numbers[first - 1] <= LONGEST_GAP:
            first -= 1
        while last + 1 < len(numbers) and numbers[last + 1] - numbers[last] <= LONGEST_GAP:
            last += 1
        return [self._layers[number] for number in numbers[first : last + 1]]
