"""An outage of the artifacts: told once, looked at ever more rarely, and over when an inspection goes well."""

import threading

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from layerwatch.errors import ArtifactsUnwritableError
from worker.outage import ArtifactsOutage

FULL = ArtifactsUnwritableError("cannot write to /srv/artifacts: No space left on device", size=300)


class Disk:
    """A disk that has no room for so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.sizes: list[int] = []
        self.pauses: list[float] = []

    def probe(self, size: int) -> None:
        self.sizes.append(size)
        if len(self.sizes) <= self.looks:
            raise OSError(28, "No space left on device")


def outage_of(disk: Disk) -> ArtifactsOutage:
    return ArtifactsOutage(disk.probe, sleep=disk.pauses.append)


def writable() -> float | None:
    return REGISTRY.get_sample_value("layerwatch_worker_artifacts_writable")


def test_nothing_is_waited_for_where_nothing_is_wrong() -> None:
    outage = outage_of(Disk(0))

    outage.settle()

    assert outage.may_try(0)
    assert not outage.lasts
    assert not outage.reason


def test_the_pauses_grow_to_five_seconds_and_the_looks_go_on() -> None:
    disk = Disk(looks=50)
    outage = outage_of(disk)

    outage.note(FULL)

    assert outage.may_try(5)
    assert disk.pauses == [0.5, 1.0, 2.0, 4.0, *[5.0] * 47]
    assert set(disk.sizes) == {300}  # as large as what could not be written


def test_an_outage_is_told_when_it_begins_and_when_an_inspection_went_well() -> None:
    disk = Disk(looks=1)
    outage = outage_of(disk)
    with capture_logs() as told:
        for _ in range(3):  # each time there is room for one file, and not for an inspection
            outage.note(FULL)
            assert writable() == 0
            assert outage.may_try(5)
        outage.settle()

    assert writable() == 1
    assert [entry["event"] for entry in told] == ["artifacts_unwritable", "artifacts_writable"]
    assert told[0]["error"] == "cannot write to /srv/artifacts: No space left on device"


def test_the_pauses_of_one_outage_go_on_and_those_of_the_next_begin_anew() -> None:
    disk = Disk(looks=0)
    outage = outage_of(disk)
    for _ in range(3):
        outage.note(FULL)
        assert outage.may_try(5)
    outage.settle()

    outage.note(FULL)

    assert outage.may_try(5)
    assert disk.pauses == [0.5, 1.0, 2.0, 0.5]


def test_an_outage_that_an_inspection_met_again_is_not_over() -> None:
    room = threading.Event()

    def sleep(_: float) -> None:
        room.wait(5)

    outage = ArtifactsOutage(lambda _: None, sleep=sleep)
    outage.note(FULL)

    outage.settle()

    assert outage.lasts
    assert outage.reason == str(FULL)
    assert not outage.may_try(0)
    room.set()
    assert outage.may_try(5)
