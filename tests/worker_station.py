"""A worker's place within the process of a test."""

from functools import partial
from pathlib import Path

from redis import Redis

from layerwatch.pictures import SourceFolder, fetch_file
from layerwatch.redis_pictures import RedisPictures
from layerwatch.redis_results import RedisResults
from worker.apart import InspectionApart
from worker.artifacts import ArtifactStore
from worker.model import load_model
from worker.outage import ArtifactsOutage
from worker.pipeline import Pipeline
from worker.reader import Reader
from worker.station import Station, install_station


def pipeline_over(bundle: Path, sources: Path, artifacts: Path) -> Pipeline:
    """Return a pipeline that reads small pictures below `sources`."""
    return Pipeline(
        model=load_model(bundle, precision="int8", threads=1),
        artifacts=ArtifactStore(artifacts),
        reader=Reader(fetch=partial(fetch_file, locate=SourceFolder(sources).locate), max_pixels=1_000_000, threads=2),
        worker="test",
    )


def installed_station(client: Redis, pipeline: Pipeline) -> Station:
    """Return a station on a Redis, which is the one that jobs of this process find."""
    station = Station(
        pipeline=pipeline,
        results=RedisResults(client),
        pictures=RedisPictures(client),
        apart=InspectionApart(),
        outage=ArtifactsOutage(pipeline.artifacts.probe),
        retry_pause_seconds=0,
    )
    install_station(station)
    return station
