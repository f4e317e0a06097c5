"""The model that judges follows the registry; a fake loader says what a bundle is good for."""

import gc
import shutil
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from layerwatch.errors import BundleCorruptError
from layerwatch.job import InspectLayer
from layerwatch.layers import LayerSet
from layerwatch.memory import InMemoryResults
from layerwatch.registry import Registry
from layerwatch.verdict import Decision
from tests.conftest import write_tiny_bundle
from worker.jobs import inspect_layer
from worker.model import LoadedModel, load_model
from worker.station import Station, current_station, judge_with
from worker.swap import LONGEST_PAUSE_SECONDS, ModelFollower, following
from worker.tile_sizes import REMEMBERED, TileSizes

CHECK_SECONDS = 2.0
WritePictures = Callable[..., LayerSet]
MakeMessage = Callable[..., InspectLayer]
Look = Callable[[], list[str]]


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Loader:
    """Loads what a folder holds: a model that is named as the folder, or an error where a file `broken` lies in it.

    Attributes:
        loaded: the versions that were asked for.
        meanwhile: is called in the middle of a load.
    """

    def __init__(self, model: LoadedModel) -> None:
        self._model = model
        self.loaded: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(self, place: Path) -> LoadedModel:
        self.loaded.append(place.name)
        self.meanwhile()
        if not place.is_dir() or (place / "broken").exists():
            raise BundleCorruptError(f"bundle mine/{place.name}: int8.onnx is missing")
        return replace(self._model, facts=self._model.facts.model_copy(update={"bundle": f"mine/{place.name}"}))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Three versions, the first in service."""
    registry = Registry(tmp_path / "registry")
    for version in "123":
        registry.place("mine", version).mkdir(parents=True)
    point(registry, "1")
    return registry


@pytest.fixture
def load(model: LoadedModel) -> Loader:
    return Loader(model)


@pytest.fixture
def judging() -> list[str]:
    """The bundles that were put in service, one after the other."""
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def follower(registry: Registry, load: Loader, judging: list[str], clock: Clock) -> ModelFollower:
    return ModelFollower(
        registry,
        "mine",
        served="1",
        load=load,
        judge_with=lambda model: judging.append(model.facts.bundle),
        check_seconds=CHECK_SECONDS,
        now=clock,
    )


@pytest.fixture
def look(follower: ModelFollower, clock: Clock) -> Look:
    """Looks once more, a moment after the look before, and returns what was logged."""

    def later() -> list[str]:
        clock.seconds += CHECK_SECONDS
        with capture_logs() as entries:
            follower.look()
        return [entry["event"] for entry in entries]

    return later


def point(registry: Registry, version: str) -> None:
    """Write the pointer by hand, whatever the version is worth."""
    (registry.root / "mine" / "current").write_text(f"{version}\n", encoding="utf-8")


def break_version(registry: Registry, version: str) -> Path:
    broken = registry.place("mine", version) / "broken"
    broken.touch()
    return broken


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("layerwatch_model_swaps_total", {"outcome": outcome}) or 0.0


def refused() -> bool:
    return REGISTRY.get_sample_value("layerwatch_model_refused") == 1


def test_nothing_is_loaded_while_the_version_that_judges_is_in_service(look: Look, load: Loader) -> None:
    assert look() == look() == []

    assert load.loaded == []


def test_a_promoted_version_takes_the_place_of_the_old_one(look: Look, registry: Registry, judging: list[str]) -> None:
    before = counted("swapped")
    point(registry, "2")

    assert look() == ["model_swapped"]
    assert look() == []

    assert judging == ["mine/2"]
    assert counted("swapped") == before + 1
    labels = {"bundle": "mine/2", "precision": "int8", "backend": "none"}
    assert REGISTRY.get_sample_value("layerwatch_model_info", labels) == 1


def test_a_rollback_is_a_swap_too(look: Look, registry: Registry, judging: list[str]) -> None:
    point(registry, "2")
    look()
    point(registry, "1")
    look()

    assert judging == ["mine/2", "mine/1"]


def test_a_broken_version_is_kept_out_and_that_is_said(look: Look, registry: Registry, judging: list[str]) -> None:
    before = counted("failed")
    break_version(registry, "2")
    point(registry, "2")

    logged = [*look(), *look()]

    assert logged == ["model_swap_failed"]
    assert judging == []
    assert counted("failed") == before + 1
    assert refused()


def test_the_failure_names_both_bundles_the_file_and_the_next_try(
    follower: ModelFollower, look: Look, registry: Registry, clock: Clock
) -> None:
    break_version(registry, "2")
    point(registry, "2")
    look()
    clock.seconds += CHECK_SECONDS

    with capture_logs() as entries:
        follower.look()

    (entry,) = entries
    assert entry["bundle"] == "mine/2"
    assert entry["kept"] == "mine/1"
    assert entry["reason"] == "bundle mine/2: int8.onnx is missing"
    assert entry["again_in_seconds"] == 2 * CHECK_SECONDS


def test_a_failure_that_nobody_expected_keeps_the_old_model_too(
    look: Look, registry: Registry, load: Loader, judging: list[str]
) -> None:
    def run_out() -> None:
        raise MemoryError

    load.meanwhile = run_out
    point(registry, "2")

    assert [*look(), *look()] == ["model_swap_failed"]
    assert judging == []


def test_a_broken_version_is_tried_ever_more_rarely(look: Look, registry: Registry, load: Loader) -> None:
    break_version(registry, "2")
    point(registry, "2")

    tried = [number for number in range(2000) if look()]

    pauses = np.diff(tried) * CHECK_SECONDS
    assert pauses[:4].tolist() == [4, 8, 16, 32]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    assert len(load.loaded) == len(tried) + 1


def test_a_broken_version_that_is_mended_is_taken_at_once(
    look: Look, registry: Registry, load: Loader, judging: list[str]
) -> None:
    broken = break_version(registry, "2")
    point(registry, "2")
    for _ in range(10):
        look()
    tried = len(load.loaded)

    broken.unlink()

    assert look() == ["model_swapped"]
    assert len(load.loaded) == tried + 1
    assert judging == ["mine/2"]
    assert not refused()


def test_another_version_is_taken_at_once_after_a_broken_one(
    look: Look, registry: Registry, judging: list[str]
) -> None:
    break_version(registry, "2")
    point(registry, "2")
    for _ in range(10):
        look()

    point(registry, "3")

    assert look() == ["model_swapped"]
    assert judging == ["mine/3"]
    assert not refused()


def test_taking_a_broken_version_back_ends_the_failure(look: Look, registry: Registry, load: Loader) -> None:
    break_version(registry, "2")
    point(registry, "2")
    look()
    look()
    tried = len(load.loaded)

    point(registry, "1")
    look()

    assert not refused()
    assert len(load.loaded) == tried


def test_a_folder_that_is_still_being_copied_has_not_failed(look: Look, registry: Registry, judging: list[str]) -> None:
    before = counted("failed")
    broken = break_version(registry, "2")
    point(registry, "2")
    for size in range(5):
        (broken.parent / "int8.onnx").write_bytes(b"x" * size)
        assert look() == []

    broken.unlink()
    look()

    assert judging == ["mine/2"]
    assert counted("failed") == before


def test_a_registry_that_is_away_is_said_once_and_is_no_failure(
    look: Look, registry: Registry, load: Loader, judging: list[str]
) -> None:
    before = counted("failed")
    away = registry.root.with_name("away")
    registry.root.rename(away)

    assert [*look(), *look(), *look()] == ["registry_away"]
    assert load.loaded == []

    away.rename(registry.root)
    point(registry, "2")
    look()

    assert judging == ["mine/2"]
    assert counted("failed") == before


def test_a_share_that_answers_with_errors_is_away(
    look: Look, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(_: str) -> str:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(registry, "current", stale)

    assert [*look(), *look()] == ["registry_away"]


def test_a_registry_that_goes_away_during_a_load_is_no_failure(look: Look, registry: Registry, load: Loader) -> None:
    before = counted("failed")
    break_version(registry, "2")
    point(registry, "2")
    load.meanwhile = partial(shutil.rmtree, registry.root)

    assert [*look(), *look(), *look()] == ["registry_away"]
    assert counted("failed") == before


def test_a_version_that_is_rolled_back_while_it_loads_never_judges(
    look: Look, registry: Registry, load: Loader, judging: list[str]
) -> None:
    point(registry, "2")
    load.meanwhile = lambda: point(registry, "1")

    look()
    look()

    assert load.loaded == ["2"]
    assert judging == []


@pytest.mark.parametrize("text", ["../2", "mine/2", "/etc", "\x00", "2\n3", "x" * 10_000_000, "4"], ids=range(7))
def test_a_pointer_to_no_version_is_refused(look: Look, registry: Registry, load: Loader, text: str) -> None:
    point(registry, text)

    assert [*look(), *look()] == ["model_swap_failed"]
    assert set(load.loaded) <= {"4"}


def in_place_of(model: LoadedModel, bundle: str, **limits: int) -> LoadedModel:
    """Return a model that is named otherwise and has other limits."""
    point = model.point.model_copy(
        update={"threshold": 0.6, "limits": model.point.limits.model_copy(update=limits)},
    )
    facts = model.facts.model_copy(update={"bundle": bundle, "threshold": 0.6})
    return replace(model, point=point, facts=facts)


def test_an_inspection_ends_with_the_model_that_it_began_with(
    station: Station,
    results: InMemoryResults,
    sources: Path,
    write_pictures: WritePictures,
    some_message: MakeMessage,
) -> None:
    old = station.pipeline.model
    new = in_place_of(old, "lenient/2", reject_px=100_000)

    def swap_in_the_middle(tiles: NDArray[np.uint8], /) -> NDArray[np.uint8]:
        judge_with(new)
        return old.segmenter(tiles)

    judge_with(replace(old, segmenter=swap_in_the_middle))
    for layer in (1, 2):
        inspect_layer(some_message(of=write_pictures(sources, layer=layer, defect_px=900)).to_wire())

    first, second = results.verdicts
    assert (first.decision, first.model) == (Decision.REJECT, old.facts)
    assert (second.decision, second.model) == (Decision.REVIEW, new.facts)


def test_what_was_swapped_out_is_released(station: Station, registry: Registry, tmp_path: Path) -> None:
    for version in "123":
        shutil.rmtree(registry.place("mine", version))
        registry.publish(write_tiny_bundle(tmp_path / version, name="mine", version=version))
    segmenters: list[weakref.ref[object]] = []
    sizes = TileSizes()

    def load(place: Path) -> LoadedModel:
        model = load_model(place, precision="int8", threads=1)
        segmenters.append(weakref.ref(model.segmenter))
        return sizes.accustom(model)

    judge_with(load(registry.place("mine", "1")))
    follower = ModelFollower(
        registry, "mine", served="1", load=load, judge_with=judge_with, check_seconds=CHECK_SECONDS
    )
    for version in "2312":
        registry.promote("mine", version)
        current_station().pipeline.model.segmenter(np.zeros((1, 32, 64, 3), np.uint8))
        follower.look()
        gc.collect()

    assert [segmenter() is not None for segmenter in segmenters] == [False, False, False, False, True]
    assert current_station().pipeline.model.facts.bundle == "mine/2"
    assert station.pipeline.model.facts.bundle == "bright/1"


def test_a_new_model_has_seen_the_sizes_of_tiles_that_the_old_one_was_asked_about(model: LoadedModel) -> None:
    seen: list[tuple[int, ...]] = []

    def note(tiles: NDArray[np.uint8], /) -> NDArray[np.uint8]:
        seen.append(tiles.shape)
        return tiles[..., 0]

    sizes = TileSizes()
    old = sizes.accustom(model)
    for side in (32, 64, 96, 64, 128):
        old.segmenter(np.zeros((2, side, 32, 3), np.uint8))

    sizes.accustom(replace(model, segmenter=note))

    assert seen == [(1, 96, 32, 3), (1, 64, 32, 3), (1, 128, 32, 3)]
    assert len(seen) == REMEMBERED


def test_a_thread_looks_as_long_as_the_block_runs(
    follower: ModelFollower, registry: Registry, load: Loader, judging: list[str]
) -> None:
    swapped = threading.Event()
    load.meanwhile = swapped.set
    point(registry, "2")

    with following(follower, check_seconds=0.001):
        assert swapped.wait(10)

    assert judging == ["mine/2"]
    assert "model" not in {thread.name for thread in threading.enumerate()}
