"""Events beside the verdicts of `follow`: rows of what is told about builds over their layers."""

import time
from collections.abc import Callable
from threading import Thread

from redis.exceptions import RedisError
from rich.console import Console
from rich.text import Text

from layerwatch.events import Event, Severity
from layerwatch.ports import EventChannel

WAIT_SECONDS = 2.0
PAUSE_SECONDS = 1.0
INDENT = 9  # below the kind
LOOK = {Severity.WARNING: "bold black on yellow", Severity.CRITICAL: "bold white on red"}

Show = Callable[[Event], None]


class EventRows:
    """Prints a row for each wanted event, and its reasons below."""

    def __init__(self, console: Console, *, wanted: Callable[[Event], bool] = lambda _: True) -> None:
        self._console = console
        self._wanted = wanted

    def show(self, event: Event) -> None:
        if not self._wanted(event):
            return
        time_of_day = event.noticed.astimezone().strftime("%H:%M:%S")
        kind = (f" {event.kind.value.replace('_', ' ').upper()} ", LOOK[event.severity])
        self._console.print(
            Text.assemble(f"{time_of_day} ", kind, f" {event.layer:06d}  {event.printer} {event.build}"),
            *(Text(f"{' ' * INDENT}{reason}") for reason in event.reasons),
            sep="\n",
            overflow="fold",
        )


def tail_events(channel: EventChannel, *, cursor: str | None, show: Show) -> None:
    """Show events from a thread of its own, as long as the process lives.

    Args:
        channel: where they come from.
        cursor: to start behind; None starts behind what is there when Redis first answers.
        show: takes each event.
    """
    Thread(target=_tail, args=(channel, cursor, show), name="events", daemon=True).start()


def _tail(channel: EventChannel, cursor: str | None, show: Show) -> None:
    while True:
        try:
            cursor = channel.latest_cursor() if cursor is None else cursor
            for entry, event in channel.since(cursor, wait_seconds=WAIT_SECONDS):
                cursor = entry
                show(event)
        except RedisError:
            time.sleep(PAUSE_SECONDS)  # the verdicts' own reader says so
        except BrokenPipeError:
            return  # nobody reads any longer, which the verdicts' own reader finds, too
