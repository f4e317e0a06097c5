"""Takes corrections in and back. What the database says and what the trainer finds change together or not at all."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Engine, Select, select

from layerwatch.errors import LayerwatchError
from layerwatch.layers import INSPECTION_ID, LayerKey
from layerwatch.verdict import Verdict
from monitoring.corrections.drawings import Drawing, drawings, same_pictures
from monitoring.corrections.folder import CorrectionFileError, CorrectionFolder
from monitoring.corrections.pictures import PicturesThere
from monitoring.history.database import one_at_a_time, writing
from monitoring.history.notes import Correction, KeptCorrection, insert_correction, kept_correction, take_back
from monitoring.history.tables import build_id_of, corrections, layers, revisions

MOST_OF_A_LAYER: Final = 500

log = structlog.get_logger(__name__)


class TooManyCorrectionsError(LayerwatchError):
    """A layer has as many corrections as one may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What a look at all files found: layers with corrections, files that changed, files that could not be written."""

    layers: int = 0
    changed: int = 0
    failed: int = 0


class CorrectionDesk:
    """Keeps corrections in the database and in the folder."""

    def __init__(self, engine: Engine, folder: CorrectionFolder, pictures: PicturesThere) -> None:
        self._engine = engine
        self._folder = folder
        self._pictures = pictures

    def take_in(self, correction: Correction) -> tuple[KeptCorrection, bool]:
        """Keep a correction; return it, and whether it is new: who says the same twice has said it once.

        Raises:
            CorrectionFileError: the trainer's file cannot be written; nothing is kept then.
            TooManyCorrectionsError: the layer has too many.
        """
        key = LayerKey.parse(correction.inspection)
        with self._changing(key) as connection:
            its = [each for each in _of_layer(connection, key) if each.undone is None]
            same = next((each for each in its if _says_the_same(each, correction)), None)
            if same is not None:
                return same, False
            if len(its) >= MOST_OF_A_LAYER:
                raise TooManyCorrectionsError(f"{key} has {len(its)} corrections, no more are taken; undo some of them")
            number = insert_correction(connection, correction)
            self._write(connection, key)
        return KeptCorrection(**asdict(correction), number=number), True

    def take_back(self, correction: KeptCorrection, *, by: str, when: datetime) -> bool:
        """Take a correction back; return False where somebody has done so already.

        Raises:
            CorrectionFileError: the trainer's file cannot be written or removed; the correction holds then.
        """
        if not INSPECTION_ID.fullmatch(correction.inspection):  # people write SQL, too
            with writing(self._engine) as connection:
                return take_back(connection, corrections, correction.number, by=by, when=when)
        key = LayerKey.parse(correction.inspection)
        with self._changing(key) as connection:
            done = take_back(connection, corrections, correction.number, by=by, when=when)
            if done:
                self._write(connection, key)
        return done

    def drawn_over(self, verdict: Verdict) -> tuple[tuple[KeptCorrection, ...], str | None]:
        """Return what was drawn over the pictures of a verdict and holds, in the order that it came, and its file.

        The file lies below the folder; None where the trainer is not shown these pictures.
        """
        with self._engine.connect() as connection:
            verdicts, its = _revisions(connection, verdict.key), _of_layer(connection, verdict.key)
        alike = {each.id for each in verdicts if same_pictures(each, verdict)}
        drawn = tuple(each for each in its if each.undone is None and each.inspection in alike)
        is_newest = bool(verdicts) and verdicts[0].id in alike
        files = drawings(verdicts, drawn, there=self._pictures.has) if is_newest else {}
        return drawn, next((file for file, drawing in files.items() if drawing is not None), None)

    def reconcile(
        self, *, printer: str | None = None, build: str | None = None, stopped: Callable[[], bool] = lambda: False
    ) -> Reconciled:
        """Let the files of all corrected layers hold what the database says; one that fails keeps no other back.

        Raises:
            CorrectionFileError: the folder cannot be made.
        """
        self._folder.prepare()
        count, changed, failed = 0, 0, 0
        for key in self._corrected(printer, build):
            if stopped():
                break
            count += 1
            try:
                changed += self._bring(key)
            except CorrectionFileError as error:
                failed += 1
                log.warning("correction_not_written", layer=str(key), reason=str(error))
        return Reconciled(layers=count, changed=changed, failed=failed)

    def _bring(self, key: LayerKey) -> int:
        with self._engine.connect() as connection:
            wanted = self._wanted(connection, key)
        if not any(self._folder.differs(file, drawing, layer=key) for file, drawing in wanted.items()):
            return 0  # as nearly always, and nobody was kept from writing
        with self._changing(key) as connection:
            return self._write(connection, key)

    @contextmanager
    def _changing(self, key: LayerKey) -> Iterator[Connection]:
        """Yield a transaction that no other process changes corrections of this layer beside."""
        with writing(self._engine) as connection:
            one_at_a_time(connection, str(key))
            yield connection

    def _write(self, connection: Connection, key: LayerKey) -> int:
        wanted = self._wanted(connection, key)
        return sum(self._folder.put(file, drawing, layer=key) for file, drawing in wanted.items())

    def _wanted(self, connection: Connection, key: LayerKey) -> Mapping[str, Drawing | None]:
        return drawings(_revisions(connection, key), _of_layer(connection, key), there=self._pictures.has)

    def _corrected(self, printer: str | None, build: str | None) -> Iterator[LayerKey]:
        """Yield the layers that anything was ever drawn over."""
        wanted = select(corrections.c.inspection).distinct()
        if printer is not None:
            wanted = wanted.where(corrections.c.printer == printer)
        if build is not None:
            wanted = wanted.where(corrections.c.build == build)
        with self._engine.connect() as connection:
            known = [each for each in connection.scalars(wanted) if INSPECTION_ID.fullmatch(each)]
        yield from sorted({LayerKey.parse(each) for each in known})


def _revisions(connection: Connection, key: LayerKey) -> tuple[Verdict, ...]:
    newest_first = revisions.c.revision.desc(), revisions.c.published.desc(), revisions.c.inspection.desc()
    wanted = _in_layer(select(revisions.c.body), key).order_by(*newest_first)
    return tuple(map(Verdict.from_json, connection.scalars(wanted)))


def _of_layer(connection: Connection, key: LayerKey) -> tuple[KeptCorrection, ...]:
    its = corrections.c.inspection.in_(_in_layer(select(revisions.c.inspection), key))
    return tuple(map(kept_correction, connection.execute(select(corrections).where(its).order_by(corrections.c.id))))


def _in_layer(wanted: Select[Any], key: LayerKey) -> Select[Any]:
    """Return a question about revisions, asked of those of one layer."""
    its = layers.c.build_id == build_id_of(key.printer, key.build), layers.c.layer == key.layer
    return wanted.join_from(revisions, layers).where(*its, layers.c.stage == key.stage)


def _says_the_same(one: Correction, other: Correction) -> bool:
    return (one.inspection, one.kind, one.author, one.note) == (
        other.inspection, other.kind, other.author, other.note
    ) and list(map(tuple, one.points)) == list(map(tuple, other.points))  # fmt: skip
