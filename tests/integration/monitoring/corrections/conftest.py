"""Histories in both kinds of databases with a verdict in them, and the folder that the trainer reads."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from layerwatch.verdict import Decision, ImageFacts, Verdict
from monitoring.corrections.desk import CorrectionDesk
from monitoring.corrections.folder import CorrectionFolder
from monitoring.corrections.pictures import PicturesThere
from monitoring.history.notes import Correction
from monitoring.history.store import HistoryStore
from tests.integration.monitoring.history.conftest import (
    database_url,
    engine,
    new_database,
    postgres,
    published,
)
from tests.unit.monitoring.conftest import some_verdict

__all__ = ["database_url", "engine", "new_database", "postgres", "some_verdict"]

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
OUTLINE = ((10.0, 10.0), (50.0, 10.0), (50.0, 50.5))

InspectionMaker = Callable[..., Verdict]


@pytest.fixture
def inspected(some_verdict: Callable[..., Verdict]) -> InspectionMaker:
    """A builder of verdicts on three lights: `inspected(layer=3, content="x")`; the same content, the same pictures."""

    def build(*, content: str = "as printed", size: tuple[int, int] = (160, 128), **about: object) -> Verdict:
        made = some_verdict(**{"decision": Decision.REVIEW, "areas_px": (300,), **about})
        pictures = tuple(
            ImageFacts(
                light=light,
                path=f"hall-2/m290/{made.build}/B{made.layer:04d}{light}.PNG",
                sha256=hashlib.sha256(f"{content}{light}".encode()).hexdigest(),
                width=size[0],
                height=size[1],
                bits=16,
            )
            for light in "abc"
        )
        return made.model_copy(update={"images": pictures})

    return build


@pytest.fixture
def know(engine: Engine) -> Callable[..., None]:
    """Writes verdicts into the history, as the recorder does."""

    def take_in(*verdicts: Verdict) -> None:
        HistoryStore(engine).take_in([published(each) for each in verdicts])

    return take_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "corrections"


@pytest.fixture
def desk(engine: Engine, folder: Path, sources: Path) -> CorrectionDesk:
    """On a machine that does not see the pictures, until a test writes some."""
    return CorrectionDesk(engine, CorrectionFolder(folder), PicturesThere(sources))


def a_correction(verdict: Verdict, **about: object) -> Correction:
    said = {"kind": "false-alarm", "points": OUTLINE, "author": "ada", "note": "a shadow", "created": NOON, **about}
    return Correction(inspection=verdict.id, **said)  # type: ignore[arg-type]  # as named


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
