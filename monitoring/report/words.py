"""A build in words: numbers of layers, what was decided, and what that means."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from layerwatch.events import EventKind
from layerwatch.layers import LayerKey, Stage
from layerwatch.report import ReportHead
from layerwatch.verdict import Decision

SHOWN_RANGES = 12
MAY_GO_ON = timedelta(days=1)
STAGE_WORDS = {Stage.RECOAT: "after spreading", Stage.MELT: "after exposure"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What the whole report comes to, as the decision whose colour and shape it has, and a heading."""

    decision: Decision
    heading: str


def conclusion(head: ReportHead) -> Conclusion:
    """Return the gravest that has to be said of a build."""
    counts = head.decisions
    if counts[Decision.REJECT]:
        return Conclusion(decision=Decision.REJECT, heading=f"{layers_text(counts[Decision.REJECT])} rejected")
    if _risks(head):
        return Conclusion(decision=Decision.REJECT, heading="Reported to be at risk")
    if counts[Decision.REVIEW]:
        return Conclusion(decision=Decision.REVIEW, heading=f"{layers_text(counts[Decision.REVIEW])} to review")
    if counts[Decision.INVALID] or head.missing_layers:
        unknown = counts[Decision.INVALID] + head.missing_layers
        return Conclusion(decision=Decision.INVALID, heading=f"No defect found, {layers_text(unknown)} not judged")
    if not head.history_complete:
        return Conclusion(decision=Decision.INVALID, heading="No defect found, the history is not complete")
    return Conclusion(decision=Decision.PASS, heading="All layers pass")


def summary(head: ReportHead) -> tuple[str, ...]:
    """Return the build in a few sentences."""
    counts, total = head.decisions, sum(head.decisions.values())
    shares = (
        f"{counts[Decision.PASS]:,} pass ({share_text(counts[Decision.PASS], total)}), "
        f"{counts[Decision.REVIEW]:,} are to be reviewed, {counts[Decision.REJECT]:,} are rejected, "
        f"{counts[Decision.INVALID]:,} could not be judged."
    )
    said = [f"{layers_text(total)} were inspected, each stage counted.", shares]
    if head.missing_layers:
        said.append(f"{layers_text(head.missing_layers)} between others {_have(head.missing_layers)} no verdict.")
    else:
        said.append("No layer is missing between the first and the last of each stage.")
    if risks := _risks(head):
        times = "once" if risks == 1 else f"{risks} times"
        said.append(f"The build was reported to be at risk {times}.")
    if len(head.models) > 1:
        said.append(f"{len(head.models)} models judged it, one after another.")
    if (head.made.at - head.last_published) < MAY_GO_ON:
        ago = period_text(head.last_published, head.made.at)
        said.append(f"The last verdict came {ago} before this report was made; the build may go on.")
    if not head.history_complete:
        said.append("The history was not complete when this report was made: verdicts may lack. Make it again later.")
    return tuple(said)


def _risks(head: ReportHead) -> int:
    return sum(event.kind == EventKind.BUILD_AT_RISK for event in head.events)


def layers_text(count: int) -> str:
    return f"{count:,} layer{'' if count == 1 else 's'}"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def share_text(part: int, whole: int) -> str:
    """Return a share in percent that says 0 or 100 only where it is."""
    if part in {0, whole}:
        return "0 %" if part == 0 else "100 %"
    return f"{min(99.9, max(0.1, 100 * part / whole)):.1f} %"


def ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Return ascending numbers as ranges, both ends included."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


def ranges_text(found: Sequence[tuple[int, int]], *, shown: int = SHOWN_RANGES) -> str:
    """Return ranges as `3, 5 to 9 and 12`; of many the first, and how many follow."""
    words = [str(first) if first == last else f"{first} to {last}" for first, last in found[:shown]]
    if len(found) > shown:
        rest = sum(last - first + 1 for first, last in found[shown:])
        return f"{', '.join(words)} and {rest:,} more"
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def moment_text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def period_text(first: datetime, last: datetime) -> str:
    """Return how long a build took, in the two largest units."""
    minutes = (last - first) // timedelta(minutes=1)
    if minutes < 60:
        return f"{minutes} min" if minutes else "less than a minute"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} days {hours % 24} h"


def subject_text(subject: str) -> str:
    """Return what an acknowledgement or a correction is about, in words where it is a layer."""
    try:
        key = LayerKey.parse(subject)
    except ValueError:
        return subject
    return f"Layer {key.layer}, {key.stage}"
