"""A build of 2,000 layers as the page finds it: in the history, in Redis, and its pictures on disk."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from redis import Redis

from bench.cases import Case
from bench.history_verdicts import LAYERS_OF_A_BUILD, name_of, printer_of, verdicts_of
from layerwatch.artifacts import ArtifactFolder
from layerwatch.job import InspectLayer
from layerwatch.redis_results import RedisResults
from layerwatch.verdict import ImageFacts, Verdict
from monitoring.history.database import open_database
from monitoring.history.migrate import migrate
from monitoring.history.records import Published
from monitoring.history.store import HistoryStore

AT_ONCE = 2000
LATEST = 500  # that are still in Redis
PRINTER, BUILD = printer_of(0), name_of(0)
LAYERS = LAYERS_OF_A_BUILD


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBuild:
    """Where it lies.

    Attributes:
        page: where the page shows it, behind the address of the server.
    """

    artifacts: Path
    history: Path
    page: str = f"/builds/{PRINTER}/{BUILD}?layer={LAYERS // 2}&stage=melt"


def write_build(case: Case, work: Path, url: str) -> ShownBuild:
    """Write verdicts and artifacts of a whole build; its layers take turns with the pictures of a case."""
    build = ShownBuild(artifacts=work / "artifacts", history=work / "history.sqlite3")
    verdicts = list(_verdicts(case.messages()))
    engine = open_database(f"sqlite:///{build.history}")
    migrate(engine)
    for some in _batches(verdicts):
        HistoryStore(engine).take_in([Published(body=each.to_json(), verdict=each) for each in some])
    engine.dispose()
    with Redis.from_url(url) as client:
        for verdict in verdicts[-LATEST:]:
            RedisResults(client).publish(verdict)
    _write_artifacts(verdicts, case, build.artifacts)
    return build


def _verdicts(messages: Sequence[InspectLayer]) -> Iterator[Verdict]:
    for verdict, message in zip(verdicts_of(0), cycle(messages), strict=False):
        images = tuple(
            ImageFacts(
                light=each.light, path=each.path, sha256=each.sha256, width=2000, height=2000, bits=16,
                saturated_ratio=0.3,
            )
            for each in message.captures
        )  # fmt: skip
        yield verdict.model_copy(update={"images": images})


def _batches(verdicts: Sequence[Verdict]) -> Iterator[Sequence[Verdict]]:
    waiting = iter(verdicts)
    while some := tuple(islice(waiting, AT_ONCE)):
        yield some


def _write_artifacts(verdicts: Sequence[Verdict], case: Case, root: Path) -> None:
    """Write one overlay and one mask, and let every layer have them under its own name."""
    picture = cv2.imread(str(case.folder / case.messages()[0].captures[0].path), cv2.IMREAD_COLOR)
    assert picture is not None  # noqa: S101 - the case wrote it
    mask = np.zeros(picture.shape[:2], np.uint8)
    mask[40:100, :50] = 255
    store = ArtifactFolder(root)
    files = {"overlay.jpg": cv2.imencode(".jpg", picture)[1], "mask.png": cv2.imencode(".png", mask)[1]}
    for name, content in files.items():
        store.write(PurePosixPath(name), content.tobytes())
    for verdict in verdicts:
        folder = root / verdict.key.folder
        folder.mkdir(parents=True)
        for name in files:
            os.link(root / name, folder / name)
