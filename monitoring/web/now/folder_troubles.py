"""What is wrong with ingest and the printers' folders. Pure."""

from collections.abc import Iterator
from typing import Final

from monitoring.web.now.plant import Plant, Source
from monitoring.web.now.trouble import Gravity, Kind, Trouble, counted, length

LACKING_SECONDS: Final = 20.0


def folder_troubles(plant: Plant) -> Iterator[Trouble]:
    """Yield what is wrong on the way from the printers to the queue."""
    known = plant.watched
    if not known or all(source.is_mute for source in known):
        yield _no_ingest(known)
        return
    for source in known:
        yield from [_mute(source)] if source.is_mute else _source(source)


def _no_ingest(known: tuple[Source, ...]) -> Trouble:
    sentence = "Ingest is not running: nobody watches a printer's folder."
    if known:
        quiet = length(min(source.quiet_seconds for source in known))
        sentence = f"Ingest is silent for {quiet}: it is not running, or it hangs. No new layer is judged."
    return Trouble(
        kind=Kind.INGEST,
        gravity=Gravity.DOWN,
        sentence=sentence,
        what_now="Start it: `python -m ingest run`. What was printed meanwhile is judged then.",
    )


def _mute(source: Source) -> Trouble:
    printer = source.state.printer
    return Trouble(
        kind=Kind.INGEST,
        gravity=Gravity.DOWN,
        printer=printer,
        sentence=f"Nobody watches the folder of {printer}: its ingest is silent for {length(source.quiet_seconds)}.",
        what_now="Start it again, or see why it hangs: `python -m ingest status`.",
    )


def _source(source: Source) -> Iterator[Trouble]:
    state, printer = source.state, source.state.printer
    if not state.is_up:
        yield Trouble(
            kind=Kind.FOLDER,
            gravity=Gravity.DOWN,
            printer=printer,
            sentence=f"The folder of {printer} is away: {state.folder}",
            what_now="Switch the printer's computer on, or mount the share. Ingest looks again and again.",
        )
        return
    if state.silent_seconds is not None:
        yield Trouble(
            kind=Kind.SILENT,
            gravity=Gravity.WARNING,
            printer=printer,
            sentence=f"No new layer from {printer} for {length(state.silent_seconds)}.",
            what_now="Look at the machine and its camera. If the build has ended, nothing is wrong.",
        )
    yield from _layers(source)


def _layers(source: Source) -> Iterator[Trouble]:
    state, printer = source.state, source.state.printer
    sets, missing = state.sets_waiting.get("light", 0), state.irregular.get("missing", 0)
    if source.lacking_seconds > LACKING_SECONDS:
        yield Trouble(
            kind=Kind.LIGHT,
            gravity=Gravity.WARNING,
            printer=printer,
            sentence=f"{counted(sets, 'layer set')} of {printer} {'lacks' if sets == 1 else 'lack'} a light.",
            what_now="Look at the lamps and the camera's trigger. What stays incomplete becomes invalid.",
        )
    if missing:
        yield Trouble(
            kind=Kind.MISSING,
            gravity=Gravity.WARNING,
            printer=printer,
            sentence=f"{counted(missing, 'layer')} of {printer} {'is' if missing == 1 else 'are'} missing.",
            what_now="Nobody looked at them. See whether the camera leaves layers out.",
        )
