"""The rules of a pool: how many, with what names and threads, and when those that died are started again."""

import os
import threading
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from layerwatch.errors import SettingsError
from layerwatch.settings import load_settings
from layerwatch.signals import describe_status
from worker.lifeline import lifeline, when_cut
from worker.pool.members import LONGEST_PAUSE_SECONDS, STEADY_SECONDS, STOP_SECONDS, BackOff, Member, Pool
from worker.pool.metrics import merged
from worker.pool.places import Place, default_workers, share_out
from worker.settings import WorkerSettings

PLACE = Place(name="hall-1", threads=1)


@dataclass(slots=True)
class FakeProcess:
    """A process that ends when the test says so."""

    status: int | None = None
    asked: list[str] = field(default_factory=list)
    pid: int = 1

    def poll(self) -> int | None:
        return self.status

    def terminate(self) -> None:
        self.asked.append("terminate")

    def kill(self) -> None:
        self.asked.append("kill")
        self.status = -9


class Machine:
    """A clock that the test sets, and every process that was started."""

    def __init__(self) -> None:
        self.time = 100.0
        self.started: list[FakeProcess] = []
        self.refuses = False

    def now(self) -> float:
        return self.time

    def start(self, place: Place) -> FakeProcess:
        del place
        if self.refuses:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        self.started.append(FakeProcess())
        return self.started[-1]


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def member(machine: Machine) -> Member:
    return Member(PLACE, machine.start, machine.now)


@pytest.mark.parametrize(("cpus", "expected"), [(1, 1), (2, 1), (3, 1), (4, 2), (16, 8)])
def test_there_is_a_worker_for_every_two_cpus_and_at_least_one(cpus: int, expected: int) -> None:
    assert default_workers(cpus) == expected


@pytest.mark.parametrize(("workers", "threads"), [(1, 4), (2, 2), (3, 1), (9, 1)])
def test_the_workers_share_the_cpus_and_each_has_a_thread(workers: int, threads: int) -> None:
    places = share_out(load_settings(WorkerSettings, name="hall", threads=0), workers=workers, cpus=4)

    assert {place.threads for place in places} == {threads}
    assert [place.name for place in places] == [f"hall-{number}" for number in range(1, workers + 1)]


def test_threads_that_the_user_set_stay() -> None:
    places = share_out(load_settings(WorkerSettings, threads=3), workers=8, cpus=4)

    assert {place.threads for place in places} == {3}


def test_the_name_of_a_worker_is_one_that_a_worker_may_have() -> None:
    places = share_out(load_settings(WorkerSettings, name="n" * 64), workers=12, cpus=4)

    assert len({place.name for place in places}) == 12
    assert [load_settings(WorkerSettings, name=place.name).name for place in places] == [one.name for one in places]


def test_a_crash_loop_slows_down_to_once_in_thirty_seconds() -> None:
    back_off = BackOff()

    pauses = [back_off.after_death(lived_seconds=1.0) for _ in range(2000)]

    assert pauses[:8] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS == 30.0


def test_who_lived_for_a_while_is_started_again_soon() -> None:
    back_off = BackOff()
    for _ in range(5):
        back_off.after_death(lived_seconds=1.0)

    assert back_off.after_death(lived_seconds=STEADY_SECONDS) == 0.5
    assert back_off.after_death(lived_seconds=1.0) == 1.0


def test_a_worker_that_died_is_started_again_after_its_pause(machine: Machine, member: Member) -> None:
    member.look()
    machine.time += 60
    machine.started[0].status = -9
    member.look()
    machine.time += 0.4
    member.look()
    assert len(machine.started) == 1

    machine.time += 0.1
    member.look()

    assert len(machine.started) == 2
    assert member.deaths == 1
    assert member.runs


def test_a_worker_that_stopped_by_itself_is_missed_as_well(machine: Machine, member: Member) -> None:
    member.look()
    machine.started[0].status = 0
    member.look()
    machine.time += 1
    member.look()

    assert member.runs


def test_a_worker_that_refuses_to_start_ends_the_pool(machine: Machine, member: Member) -> None:
    member.look()
    machine.started[0].status = 2

    with pytest.raises(SettingsError, match="hall-1 cannot start"):
        member.look()


def test_one_that_refuses_later_is_tried_again_for_the_others_do_their_work(machine: Machine, member: Member) -> None:
    member.look()
    for status in (-9, 2):
        machine.started[-1].status = status
        member.look()
        machine.time += 10
        member.look()

    assert member.runs
    assert member.deaths == 2


def test_a_machine_that_has_no_room_for_a_process_is_asked_again(machine: Machine, member: Member) -> None:
    machine.refuses = True
    member.look()
    assert not member.runs

    machine.refuses = False
    machine.time += 1
    member.look()

    assert member.runs


def test_who_does_not_stop_in_the_longest_time_of_a_job_is_killed(machine: Machine) -> None:
    moments = iter([0.0, 0.0, 0.0, 0.0, STOP_SECONDS - 1, STOP_SECONDS + 1])
    pool = Pool([PLACE], machine.start, now=lambda: next(moments))
    pool.members[0].look()
    stop = threading.Event()
    stop.set()

    pool.run(stop)

    assert machine.started[0].asked == ["terminate", "kill"]


def test_the_metrics_of_all_workers_are_told_apart_by_name() -> None:
    texts = {name: metrics_text(number) for number, name in enumerate(("hall-1", "hall-2"), start=1)}

    shown = metrics_of(*merged(texts)).splitlines()

    assert shown.count("# TYPE layerwatch_done_total counter") == 1
    assert 'layerwatch_done_total{stage="melt",worker="hall-1"} 1.0' in shown
    assert 'layerwatch_done_total{stage="melt",worker="hall-2"} 2.0' in shown
    assert 'layerwatch_last_seconds{worker="hall-2"} 2.0' in shown


def metrics_text(number: int) -> str:
    registry = CollectorRegistry()
    Counter("layerwatch_done_total", "Done.", ["stage"], registry=registry).labels(stage="melt").inc(number)
    Gauge("layerwatch_last_seconds", "When.", registry=registry).set(number)
    return generate_latest(registry).decode()


def metrics_of(*metrics: Metric) -> str:
    class Given(Collector):
        def collect(self) -> tuple[Metric, ...]:
            return metrics

    registry = CollectorRegistry()
    registry.register(Given())
    return generate_latest(registry).decode()


def test_a_cut_lifeline_is_noticed() -> None:
    noticed = threading.Event()
    with lifeline() as line:
        copy = os.dup(line)
        when_cut(copy, noticed.set)
        assert not noticed.wait(0.05)

    assert noticed.wait(5)
    os.close(copy)


@pytest.mark.parametrize(
    ("status", "text"), [(1, "exit status 1"), (-11, "SIGSEGV"), (-9, "SIGKILL"), (-63, "signal 63")]
)
def test_the_end_of_a_process_is_told_in_words(status: int, text: str) -> None:
    assert describe_status(status) == text
