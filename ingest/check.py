"""What `ingest check` prints."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.propose import Proposal
from ingest.settings import Printer
from ingest.understanding import Understanding
from layerwatch.errors import SettingsError
from layerwatch.profile import parse_profile, shipped_profiles


def show(understanding: Understanding, printer: Printer) -> None:
    """Print each file with its layer, what is left alone and why, and what is odd about the layers."""
    console = Console(soft_wrap=False, width=None if sys.stdout.isatty() else 160)
    table = Table("file", "build", "layer", "stage", "light", box=None, pad_edge=False)
    for file in understanding.files:
        table.add_row(Text(_shown(file.path)), file.key.build, str(file.key.layer), file.key.stage, file.light or "-")
    if understanding.files:
        console.print(table)
    for oddity, path in understanding.left_alone:
        console.print(f"left alone ({oddity}): {_shown(path)}", markup=False, highlight=False)
    for key, lights in understanding.incomplete:
        console.print(f"layer {key} lacks light {', '.join(lights)}", markup=False, highlight=False)
    for key, light in understanding.doubled:
        console.print(f"layer {key} has more than one file for light {light or '-'}", markup=False, highlight=False)
    sets, alone = understanding.layers, len(understanding.left_alone)
    text = (
        f"{len(understanding.files)} files make {sets} layer sets under {printer.profile.name}; {alone} are left alone"
    )
    console.print(text, markup=False, highlight=False)
    if not understanding.files:
        console.print(f"No name fits the pattern {printer.profile.pattern}", markup=False, highlight=False)
        console.print(f"Try another --profile: {', '.join(shipped_profiles())}", markup=False, highlight=False)


def _shown(path: str) -> str:
    """Return a path for people: what no terminal can print is spelled out."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in path)


def offer_profile(proposal: Proposal | None, understanding: Understanding, write: Path | None) -> None:
    """Print a profile and how much of the folder it would read; write it where it is asked for.

    Raises:
        SettingsError: the file to write is there already, is no .toml, or there is nothing to write.
    """
    console = Console(soft_wrap=True)
    if proposal is None:
        if write is not None:
            raise SettingsError("no profile can be proposed: no picture here has a number in its name")
        return
    read = understanding.read_by(parse_profile(proposal.toml, source="proposal"))
    console.print(f"This profile would read {read} of {len(understanding.paths)} files:", highlight=False)
    console.print(Text(_shown_lines(proposal.toml)))
    for doubt in proposal.doubts:
        console.print(f"check: {doubt}", markup=False, highlight=False)
    if write is None:
        console.print("Keep it with --write my.toml, and look again with --profile my.toml", highlight=False)
        return
    if write.suffix != ".toml":
        raise SettingsError(f"--write {write}: the name of a profile ends in .toml")
    try:
        with write.open("x", encoding="utf-8") as file:
            file.write(proposal.toml)
    except FileExistsError as error:
        raise SettingsError(f"--write {write} is there already; give another name") from error
    except OSError as error:
        raise SettingsError(f"--write {write}: {error.strerror}") from error
    console.print(f"written to {write}", markup=False, highlight=False)


def _shown_lines(text: str) -> str:
    return "\n".join(map(_shown, text.splitlines()))
