"""A worker's place without Redis and without OpenVINO."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.bundle import AreaLimits, InputSpec, OperatingPoint
from layerwatch.memory import InMemoryPictures, InMemoryResults
from layerwatch.pictures import SourceFolder, fetch_file
from layerwatch.verdict import ModelFacts
from worker.apart import InspectionApart
from worker.artifacts import ArtifactStore
from worker.model import LoadedModel
from worker.outage import ArtifactsOutage
from worker.pipeline import Pipeline
from worker.reader import Reader
from worker.station import Station, install_station


def find_bright(tiles: NDArray[np.uint8], /) -> NDArray[np.uint8]:
    """A segmenter that is sure of what is bright in all channels."""
    return np.where(tiles.min(axis=3) > 200, 230, 10).astype(np.uint8)


@pytest.fixture
def model() -> LoadedModel:
    limits = AreaLimits(min_region_px=4, review_px=20, reject_px=400)
    return LoadedModel(
        segmenter=find_bright,
        input_spec=InputSpec(scale=1.0, tile=128, overlap=16, low=0.0, high=100.0),
        point=OperatingPoint(threshold=0.5, limits=limits, recall=1.0, precision=1.0, measured_on="nothing"),
        facts=ModelFacts(bundle="bright/1", precision="int8", backend="none", threshold=0.5, sha256="0" * 64),
    )


@pytest.fixture
def pipeline(model: LoadedModel, sources: Path, tmp_path: Path) -> Pipeline:
    return Pipeline(
        model=model,
        artifacts=ArtifactStore(tmp_path / "artifacts"),
        reader=Reader(fetch=partial(fetch_file, locate=SourceFolder(sources).locate), max_pixels=10_000_000, threads=2),
        worker="bench-1",
    )


@pytest.fixture
def results() -> InMemoryResults:
    return InMemoryResults()


@pytest.fixture
def station(pipeline: Pipeline, results: InMemoryResults) -> Station:
    station = Station(
        pipeline=pipeline,
        results=results,
        pictures=InMemoryPictures(),
        apart=InspectionApart(),
        outage=ArtifactsOutage(pipeline.artifacts.probe, sleep=lambda _: None),
        retry_pause_seconds=0.0,
    )
    install_station(station)
    return station


@pytest.fixture
def clock() -> Callable[[], datetime]:
    return lambda: datetime(2026, 5, 4, 12, 0, 5, tzinfo=UTC)
