"""Were all layer sets answered? Counted from the folder that the printer wrote, not from what ingest saw."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from statistics import median

from layerwatch.layers import LayerKey
from layerwatch.profile import Profile
from layerwatch.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    layer_sets: int
    verdicts: int
    lost: int
    median_seconds: float

    def __str__(self) -> str:
        return (
            f"{self.layer_sets} layer sets, {self.verdicts} verdicts, {self.lost} lost, "
            f"median file-to-verdict {self.median_seconds:.2f} s"
        )


def written_sets(folder: Path, profile: Profile, *, printer: str, build: str) -> frozenset[LayerKey]:
    """Return the layer sets whose pictures lie in a folder."""
    names = (
        profile.read_name(PurePosixPath(path.relative_to(folder).as_posix()))
        for path in folder.rglob("*")
        if path.is_file()
    )
    return frozenset(
        LayerKey(printer=printer, build=name.build or build, layer=name.layer, stage=name.stage)
        for name in names
        if name is not None
    )


def tally(expected: Iterable[LayerKey], verdicts: Sequence[Verdict]) -> Tally:
    """Compare what was written with what was answered."""
    expected = frozenset(expected)
    answered = frozenset(verdict.key for verdict in verdicts)
    seconds = [verdict.timing.file_to_verdict_seconds for verdict in verdicts]
    return Tally(
        layer_sets=len(expected),
        verdicts=len(verdicts),
        lost=len(expected - answered),
        median_seconds=median(seconds) if seconds else 0.0,
    )
