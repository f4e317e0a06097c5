"""The parts of a worker, put together as its settings say."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

import cv2

from layerwatch.pictures import Fetch, SourceFolder
from layerwatch.ports import PictureStore
from layerwatch.registry import Registry
from worker.apart import InspectionApart
from worker.artifacts import ArtifactStore
from worker.cpus import usable_cpus
from worker.fetching import PictureFetcher
from worker.model import LoadedModel, load_model
from worker.pipeline import Pipeline
from worker.reader import Reader
from worker.settings import WorkerSettings
from worker.station import judge_with
from worker.swap import ModelFollower, following
from worker.tile_sizes import TileSizes

LoadModel = Callable[[Path], LoadedModel]


def find_model(settings: WorkerSettings) -> Path:
    """Return the directory of the bundle that the settings name.

    Raises:
        BundleMissingError: there is none.
    """
    return Registry(settings.registry_dir).resolve(settings.model)


def model_loader(settings: WorkerSettings) -> LoadModel:
    """Return what makes a bundle directory a model as the settings want it, ready for the pictures seen so far."""
    sizes = TileSizes()
    load = partial(
        load_model,
        precision=settings.precision,
        threads=settings.threads or usable_cpus(),
        backend=settings.backend,
        limits=settings.limits,
    )
    return lambda place: sizes.accustom(load(place))


def build_pipeline(settings: WorkerSettings, model: LoadedModel, store: ArtifactStore, fetch: Fetch) -> Pipeline:
    """Return what inspects, on as many threads as the settings or the machine allow."""
    cv2.setNumThreads(settings.threads or usable_cpus())
    return Pipeline(model=model, artifacts=store, reader=build_reader(settings, fetch), worker=settings.name)


def build_reader(settings: WorkerSettings, fetch: Fetch) -> Reader:
    return Reader(fetch=fetch, max_pixels=settings.max_picture_pixels, threads=settings.threads or usable_cpus())


def by_hand_pipeline(settings: WorkerSettings, store: ArtifactStore, fetch: Fetch) -> Pipeline:
    """Return what inspects with the model that the settings name, and never another.

    Raises:
        LayerwatchError: the model cannot be used.
    """
    return build_pipeline(settings, model_loader(settings)(find_model(settings)), store, fetch)


def picture_fetcher(settings: WorkerSettings, store: PictureStore) -> PictureFetcher:
    """Return what gets the pictures of jobs: out of a store where they were sent with their bytes, else their files."""
    return PictureFetcher(store=store, locate=SourceFolder(settings.sources_dir).locate)


def inspection_apart(settings: WorkerSettings) -> InspectionApart:
    """Return what inspects in a process of its own, with the model and engine of this one."""
    options = ["--model", settings.model, "--backend", settings.backend]
    return InspectionApart(options=(*options, *(("--precision", settings.precision) if settings.precision else ())))


def swaps(settings: WorkerSettings, load: LoadModel, place: Path) -> AbstractContextManager[None]:
    """Return what swaps the model while it is entered, nothing where the settings name a certain bundle.

    Args:
        settings: of this worker.
        load: makes a bundle directory a model.
        place: the bundle directory that judges already.
    """
    registry = Registry(settings.registry_dir)
    if not registry.means_current(settings.model):
        return nullcontext()
    seconds = settings.model_check_seconds
    follower = ModelFollower(
        registry, settings.model, served=place.name, load=load, judge_with=judge_with, check_seconds=seconds
    )
    return following(follower, check_seconds=seconds)
