"""What ingest does while nobody can say whether a verdict lies in the object store."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from ingest.assembly import Assembly, Emission, Frame
from ingest.feed import Feed, Sink
from ingest.settings import IngestSettings, printer_of, refuse_own_output
from layerwatch.artifacts import MOST_BYTES, StoredFile
from layerwatch.errors import ArtifactsAwayError, ArtifactTooLargeError
from layerwatch.layers import LayerKey, Stage
from layerwatch.memory import InMemoryQueue, InMemoryResults, InMemorySources
from layerwatch.profile import load_profile
from layerwatch.settings import load_settings

Emit = Callable[[Iterable[int]], list[Emission]]


class MoodyStore:
    """A store that raises what it is told to."""

    def __init__(self) -> None:
        self.error: Exception = FileNotFoundError()
        self.asked: list[PurePosixPath] = []

    def prepare(self) -> None:
        raise AssertionError("ingest writes no artifacts")

    def probe(self, size: int) -> None:
        raise AssertionError(size)

    def read(self, path: PurePosixPath, *, most: int = MOST_BYTES) -> bytes:
        del most
        self.asked.append(path)
        raise self.error

    def write(self, path: PurePosixPath, content: bytes) -> None:
        raise AssertionError(path, content)

    def remove(self, path: PurePosixPath) -> None:
        raise AssertionError(path)

    def folders(self, path: PurePosixPath | None = None) -> tuple[str, ...]:
        raise AssertionError(path)

    def paths(self, path: PurePosixPath) -> Iterator[PurePosixPath]:
        raise AssertionError(path)

    def stored(self, path: PurePosixPath) -> Iterator[StoredFile]:
        raise AssertionError(path)


@pytest.fixture
def store() -> MoodyStore:
    return MoodyStore()


@pytest.fixture
def queue() -> InMemoryQueue:
    return InMemoryQueue()


@pytest.fixture
def feed(store: MoodyStore, queue: InMemoryQueue) -> Feed:
    sink = Sink(queue=queue, ledger=InMemoryResults(), sources=InMemorySources(), artifacts=store)
    return Feed(sink, load_profile("single-light"))


@pytest.fixture
def emit() -> Emit:
    assembly = Assembly(expected_lights=("",), set_timeout_seconds=30.0, revision_seconds=1.0)

    def build(layers: Iterable[int]) -> list[Emission]:
        for layer in layers:
            key = LayerKey(printer="m290", build="job42", layer=layer, stage=Stage.MELT)
            frame = Frame(f"{layer}.png", str(layer).encode().ljust(32, b"-"), 10**18)
            assembly.add(key, "", frame, settled=0.0, live=True)
        return assembly.take_ready(1000.0)

    return build


def test_layers_wait_and_none_is_lost(feed: Feed, store: MoodyStore, queue: InMemoryQueue, emit: Emit) -> None:
    store.error = ArtifactsAwayError("no answer")
    feed.offer(emit([1, 2]))
    feed.flush(0.0)
    assert (queue.messages, len(feed), feed.artifacts_away, feed.is_down) == ([], 2, True, False)
    feed.offer(emit([3]))
    feed.flush(1.0)  # not yet tried again, also not for a new layer
    assert len(store.asked) == 1

    store.error = FileNotFoundError()
    feed.flush(5.0)

    assert [message.layer for message in queue.messages] == [1, 2, 3]
    assert (len(feed), feed.artifacts_away) == (0, False)


@pytest.mark.parametrize("error", [PermissionError(), ArtifactTooLargeError(PurePosixPath("x"), most=1)])
def test_what_cannot_be_believed_holds_up_no_layer(
    feed: Feed, store: MoodyStore, queue: InMemoryQueue, emit: Emit, error: Exception
) -> None:
    store.error = error
    feed.offer(emit([1]))
    feed.flush(0.0)

    assert [message.layer for message in queue.messages] == [1]


def test_each_set_is_looked_up_once(feed: Feed, store: MoodyStore, queue: InMemoryQueue, emit: Emit) -> None:
    feed.offer(emit([1, 2, 3]))
    feed.flush(0.0)
    feed.offer(emit([1, 2, 3]))  # on the queue now
    feed.flush(1.0)

    assert [message.layer for message in queue.messages] == [1, 2, 3]
    assert store.asked == [PurePosixPath(f"m290/job42/{layer:06d}_melt/verdict.json") for layer in (1, 2, 3)]


def test_a_store_is_never_inside_the_watched_folder(tmp_path: Path) -> None:

    settings = load_settings(IngestSettings, sources_dir=tmp_path, artifacts_dir="s3://bucket/prefix")

    refuse_own_output([printer_of(settings)], settings.artifacts_dir)
