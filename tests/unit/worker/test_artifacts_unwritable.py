"""What is told where artifacts cannot be written, whose fault it is, and what it costs a job: nothing."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from rq.serializers import JSONSerializer

from layerwatch.atomic import write_atomic
from layerwatch.errors import ArtifactsAwayError, ArtifactsUnwritableError, SettingsError
from layerwatch.job import InspectLayer
from layerwatch.layer_files import MASK, OVERLAY, VERDICT
from layerwatch.layers import LayerKey, LayerSet, Stage
from layerwatch.memory import InMemoryResults
from layerwatch.redis_queue import RETRIES
from worker.artifacts import ArtifactStore
from worker.attempts import APART, attempt_of, take_back, was_cut_off
from worker.inspection_job import InspectionJob
from worker.jobs import inspect_layer
from worker.station import Station

KEY = LayerKey(printer="m290", build="job42", layer=1, stage=Stage.MELT)
WritePictures = Callable[..., LayerSet]
MakeMessage = Callable[..., InspectLayer]


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


@pytest.fixture
def message(sources: Path, write_pictures: WritePictures, some_message: MakeMessage) -> InspectLayer:
    return some_message(of=write_pictures(sources, defect_px=900))


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the disk be full whenever a file of this name is written, with a little room left for others."""

    def fill(name: str) -> None:
        def write(path: Path, content: bytes) -> None:
            if path.name == name:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            write_atomic(path, content)

        monkeypatch.setattr("layerwatch.artifacts.write_atomic", write)

    return fill


class AwayStore:
    """An object store that does not answer."""

    def fail(self, *_: object, **__: object) -> None:
        raise ArtifactsAwayError("cannot reach s3://bucket/plant: no answer within 20 s")

    read = write = remove = probe = fail


def test_a_full_disk_is_told_with_the_folder_the_reason_and_what_to_do(
    store: ArtifactStore, full: Callable[[str], None], tmp_path: Path
) -> None:
    full(MASK)

    with pytest.raises(ArtifactsUnwritableError) as caught:
        store.write(KEY, MASK, b"0123456789")

    assert str(caught.value) == f"cannot write to {tmp_path}/artifacts: No space left on device; make room there"
    assert caught.value.size == 10
    assert isinstance(caught.value, OSError)


def acts_on(store: ArtifactStore) -> tuple[Callable[[], object], ...]:
    return (
        lambda: store.write(KEY, OVERLAY, b"x"),
        lambda: store.remove(KEY, OVERLAY),
        lambda: store.verdict(KEY),
    )


def test_a_full_disk_is_told_from_the_thread_that_writes_beside(
    store: ArtifactStore, full: Callable[[str], None]
) -> None:
    full(MASK)

    with pytest.raises(ArtifactsUnwritableError, match="No space left"):
        store.write_beside(KEY, MASK, lambda: b"0123456789").result()


def test_a_folder_that_takes_nothing_is_waited_for_whatever_the_reason(store: ArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("a file where the folder should be", encoding="utf-8")

    for act in acts_on(store):
        with pytest.raises(ArtifactsUnwritableError, match=r"is it mounted, and may this user write there\?"):
            act()


def test_one_file_that_cannot_be_written_is_that_layers_own_trouble(store: ArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "artifacts" / KEY.folder / OVERLAY).mkdir(parents=True)

    for act in (lambda: store.write(KEY, OVERLAY, b"x"), lambda: store.remove(KEY, OVERLAY)):
        with pytest.raises(OSError, match="overlay") as caught:
            act()
        assert not isinstance(caught.value, ArtifactsUnwritableError)


def test_an_object_store_that_is_away_is_waited_for_also_where_it_is_only_read(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_artifacts", AwayStore())

    for act in acts_on(store):
        with pytest.raises(ArtifactsUnwritableError, match=r"no answer within 20 s; no artifacts can be written until"):
            act()


def test_a_full_disk_does_not_keep_a_worker_from_starting(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(reason: int) -> None:
        def sync(_: int) -> None:
            raise OSError(reason, os.strerror(reason))

        monkeypatch.setattr("layerwatch.artifacts.os.fsync", sync)

    refuse(errno.ENOSPC)
    store.prepare()
    refuse(errno.EROFS)
    with pytest.raises(SettingsError, match=f"cannot write to {tmp_path}/artifacts: Read-only file system"):
        store.prepare()


def test_an_inspection_whose_overlay_cannot_be_written_leaves_no_mask_on_its_way(
    station: Station, message: InspectLayer, full: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    full(OVERLAY)
    failed, written = threading.Event(), []
    write = ArtifactStore.write

    def slowly(self: ArtifactStore, key: LayerKey, name: str, content: bytes) -> str:
        try:
            if name == MASK:
                assert failed.wait(5)
            path = write(self, key, name, content)
        except OSError:
            failed.set()
            raise
        written.append(name)
        return path

    monkeypatch.setattr(ArtifactStore, "write", slowly)

    with pytest.raises(ArtifactsUnwritableError):
        station.pipeline.inspect(message, attempt=1)

    assert written == [MASK]


@pytest.mark.parametrize("name", [OVERLAY, MASK, VERDICT])
def test_a_job_that_meets_a_full_disk_publishes_nothing_and_has_used_no_attempt(  # noqa: PLR0917 - fixtures
    station: Station,
    results: InMemoryResults,
    message: InspectLayer,
    full: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    job = a_job(retries_left=RETRIES)
    monkeypatch.setattr("worker.jobs.get_current_job", lambda: job)
    full(name)
    for _ in range(5):
        with pytest.raises(ArtifactsUnwritableError):
            inspect_layer(message.to_wire())
        assert job.retries_left is not None
        job.retries_left -= 1  # as RQ does
    assert station.outage.lasts
    assert results.verdicts == []

    full("nothing")
    assert station.outage.may_try(5)
    inspect_layer(message.to_wire())
    station.outage.settle()

    assert [verdict.attempt for verdict in results.verdicts] == [1]


def a_job(*, retries_left: int | None) -> InspectionJob:
    job = InspectionJob("m290_job42_000001_melt-0", connection=Redis(port=1), serializer=JSONSerializer)
    job.retries_left = retries_left
    return job


@pytest.mark.parametrize("retries_left", [3, 2, 1, None])
def test_a_run_that_is_taken_back_leaves_the_job_in_the_same_attempt(retries_left: int | None) -> None:
    job = a_job(retries_left=retries_left)
    attempt = attempt_of(job)

    take_back(job)
    assert job.should_retry
    assert job.retries_left is not None
    job.retries_left -= 1  # as RQ does

    assert attempt_of(job) == attempt


def test_a_run_apart_that_is_taken_back_is_not_taken_for_one_that_was_cut_off() -> None:
    job = a_job(retries_left=2)
    job.meta[APART] = [2, 0]

    take_back(job)

    assert not was_cut_off(job)
