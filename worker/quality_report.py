"""What `python -m worker quality` prints: how good the pictures of a printer are, and how far from the limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerwatch.profile import Profile
from layerwatch.vision.quality import Quality
from worker.by_hand import HandPicked, message_of
from worker.checks import check
from worker.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One picture; quality is None where it could not be read."""

    path: str
    light: str
    quality: Quality | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetQuality:
    """The pictures of one layer set, and why they cannot be judged."""

    rows: tuple[Row, ...]
    problems: tuple[str, ...]


def look_at(picked: HandPicked, profile: Profile, reader: Reader) -> Iterator[SetQuality]:
    """Yield what the pictures of each layer set are like; no model is asked."""
    for layer_set in picked.sets:
        message = message_of(layer_set, profile)
        checked = check(message, reader.read(message))
        rows = (
            Row(path=capture.path, light=capture.light, quality=quality)
            for capture, quality in zip(message.captures, checked.qualities, strict=True)
        )
        yield SetQuality(rows=tuple(rows), problems=checked.problems)


def lines_of(looked: SetQuality) -> list[str]:
    """Return a line for each picture, and one for each problem of their set."""
    return [*(_line(row) for row in looked.rows), *(f"  invalid: {problem}" for problem in looked.problems)]


def _line(row: Row) -> str:
    if row.quality is None:
        return f"{row.path}  not read"
    sharp = "-" if row.quality.sharpness is None else f"{row.quality.sharpness:.2f}"
    return f"{row.path}  saturated {row.quality.saturated_ratio:.1%}  sharpness {sharp}"


def extremes(looked: Sequence[SetQuality]) -> list[str]:
    """Return the worst of each light, for which limits have to leave room, and how many sets are invalid."""
    by_light: dict[str, list[Quality | None]] = {}
    for row in (row for one in looked for row in one.rows):
        by_light.setdefault(row.light, []).append(row.quality)
    invalid = sum(bool(one.problems) for one in looked)
    return [
        *(_extreme(light, qualities) for light, qualities in sorted(by_light.items())),
        f"{len(looked)} layer sets, {invalid} of them invalid",
    ]


def _extreme(light: str, qualities: Sequence[Quality | None]) -> str:
    saturated = max((one.saturated_ratio for one in qualities if one is not None), default=0.0)
    sharp = min((one.sharpness for one in qualities if one is not None and one.sharpness is not None), default=None)
    name = f"light {light}" if light else "all"
    least = "where none tells how sharp it is" if sharp is None else f"sharpness at least {sharp:.2f}"
    return f"{name}: {len(qualities)} pictures, saturated at most {saturated:.1%}, {least}"
