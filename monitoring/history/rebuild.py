"""`rebuild`: the history from the artifacts alone. Nothing is deleted; what is known already stays as it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from layerwatch.artifacts import Artifacts
from monitoring.history.from_artifacts import verdicts_in
from monitoring.history.store import HistoryStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What a rebuild has done so far.

    Attributes:
        builds: whose folders were read to the end.
        verdicts: that were read.
        new: those among them that the history did not know.
        unreadable: files that hold no verdict, or one that the database refuses.
    """

    builds: int = 0
    verdicts: int = 0
    new: int = 0
    unreadable: int = 0

    def __str__(self) -> str:
        return (
            f"{self.builds} builds, {self.verdicts} verdicts, {self.new} of them new to the history, "
            f"{self.unreadable} files unreadable"
        )


def rebuild(
    store: HistoryStore,
    artifacts: Artifacts,
    folders: Sequence[PurePosixPath],
    *,
    tell: Callable[[Rebuilt], object] = lambda _: None,
) -> Rebuilt:
    """Write all verdicts that lie in the folders of some builds, and say after each chunk how far it is.

    Raises:
        OSError: the artifacts cannot be read now.
    """
    done = Rebuilt()
    for folder in folders:
        for chunk in verdicts_in(artifacts, folder):
            written = store.take_in(chunk.found)
            done = Rebuilt(
                builds=done.builds,
                verdicts=done.verdicts + len(chunk.found),
                new=done.new + len(written.new),
                unreadable=done.unreadable + chunk.unreadable + written.refused,
            )
            tell(done)
        done = replace(done, builds=done.builds + 1)
        tell(done)
    return done
