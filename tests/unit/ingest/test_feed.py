from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from ingest.assembly import Assembly, Emission, Frame
from ingest.audit import Audit
from ingest.feed import Feed, Sink
from ingest.metrics import Outcome
from layerwatch.artifacts import ArtifactFolder
from layerwatch.job import InspectLayer
from layerwatch.layers import LayerKey, Stage
from layerwatch.memory import InMemoryQueue, InMemoryResults, InMemorySources
from layerwatch.profile import load_profile
from layerwatch.verdict import Verdict


class MoodyQueue(InMemoryQueue):
    """A queue that does not answer after so many messages, until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.patience = 10_000

    def enqueue(self, message: InspectLayer, *, ahead: bool = False) -> bool:
        if self.patience <= 0:
            raise RedisConnectionError("connection refused")
        self.patience -= 1
        return super().enqueue(message, ahead=ahead)


@dataclass
class Bench:
    queue: MoodyQueue
    results: InMemoryResults
    sink: Sink
    feed: Feed
    assembly: Assembly
    artifacts: Path

    def emit(self, *layers: int, live: bool = True, content: str = "") -> list[Emission]:
        for layer in layers:
            key = LayerKey(printer="m290", build="job42", layer=layer, stage=Stage.MELT)
            frame = Frame(f"{layer}.png", f"{layer}{content}".encode().ljust(32, b"-"), 10**18)
            self.assembly.add(key, "", frame, settled=0.0, live=live)
        return self.assembly.take_ready(1000.0)

    def send(self, *layers: int, live: bool = True, content: str = "", now: float = 0.0) -> None:
        self.feed.offer(self.emit(*layers, live=live, content=content))
        self.feed.flush(now)

    def send_again(self) -> None:
        known = (self.assembly.again(key) for key in self.assembly.emitted())
        self.feed.offer(emission for emission in known if emission is not None)
        self.feed.flush(1.0)

    def wipe(self) -> None:
        self.queue.messages.clear()
        self.results.__init__()  # type: ignore[misc]  # the same object, as empty as a new one

    @property
    def audit(self) -> Audit:
        return Audit(self.feed, self.assembly, self.sink)

    @property
    def layers(self) -> list[int]:
        return [message.layer for message in self.queue.messages]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    queue, results = MoodyQueue(), InMemoryResults()
    sink = Sink(queue=queue, ledger=results, sources=InMemorySources(), artifacts=ArtifactFolder(tmp_path))
    assembly = Assembly(expected_lights=("",), set_timeout_seconds=30.0, revision_seconds=1.0)
    return Bench(queue, results, sink, Feed(sink, load_profile("single-light")), assembly, tmp_path)


def test_a_set_is_queued_with_its_facts_and_only_once(bench: Bench) -> None:
    bench.send(7)
    bench.send_again()

    (message,) = bench.queue.messages
    assert (message.layer, message.revision, message.problems) == (7, 1, ())
    assert message.captures[0].path == "7.png"
    assert message.settled <= message.queued
    assert bench.feed.outcomes == {Outcome.COMPLETE: 1, Outcome.KNOWN: 1}


def test_a_backlog_waits_while_the_queue_is_full_and_a_live_layer_does_not(
    bench: Bench, verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    bench.feed = Feed(bench.sink, load_profile("single-light"), queue_limit=2)
    bench.send(1, 2, 3, 4, live=False)
    assert (bench.layers, len(bench.feed), bench.feed.is_full) == ([1, 2], 2, True)

    bench.send(9, now=0.0)  # at once, while the backlog waits for its next try
    assert (bench.layers, len(bench.feed)) == ([9, 1, 2], 2)
    for message in (bench.queue.messages.pop(0), bench.queue.messages.pop(0)):
        bench.results.publish(verdict_about(message))
    bench.feed.flush(0.5)
    assert bench.layers == [2]  # not yet tried again
    bench.feed.flush(1.5)
    assert (bench.layers, bench.feed.is_full) == ([2, 3], True)
    bench.queue.messages.clear()
    bench.feed.flush(3.0)

    assert (bench.layers, len(bench.feed), bench.feed.is_full) == ([4], 0, False)


def test_what_has_its_verdict_takes_no_room(bench: Bench, verdict_about: Callable[[InspectLayer], Verdict]) -> None:
    bench.feed = Feed(bench.sink, load_profile("single-light"), queue_limit=1)
    bench.send(1, live=False)
    bench.results.publish(verdict_about(bench.queue.messages.pop()))

    bench.send_again()
    bench.send(2, live=False, now=5.0)

    assert bench.layers == [2]
    assert not bench.feed.is_full


def test_another_content_of_the_same_layer_is_the_next_revision(bench: Bench) -> None:
    bench.send(7)
    bench.send(7, content="rewritten")

    assert [message.revision for message in bench.queue.messages] == [1, 2]


def test_what_has_its_verdict_is_not_queued(bench: Bench, verdict_about: Callable[[InspectLayer], Verdict]) -> None:
    bench.send(7)
    bench.results.publish(verdict_about(bench.queue.messages.pop()))

    bench.send_again()

    assert bench.queue.messages == []
    assert bench.feed.outcomes[Outcome.KNOWN] == 1


def test_a_verdict_on_disk_is_restored_and_not_inspected_again(
    bench: Bench, keep_verdict: Callable[[Path, InspectLayer], Verdict]
) -> None:
    bench.send(7)
    verdict = keep_verdict(bench.artifacts, bench.queue.messages.pop())

    bench.send_again()

    assert bench.queue.messages == []
    assert bench.results.is_published(verdict.id)
    assert bench.feed.outcomes[Outcome.RESTORED] == 1


def test_a_verdict_on_disk_whose_job_still_runs_is_left_to_the_worker(
    bench: Bench, keep_verdict: Callable[[Path, InspectLayer], Verdict]
) -> None:
    bench.send(7)
    verdict = keep_verdict(bench.artifacts, bench.queue.messages[0])

    bench.send_again()

    assert not bench.results.is_published(verdict.id)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\x00"])
def test_a_broken_verdict_on_disk_is_not_believed(bench: Bench, body: bytes) -> None:
    folder = bench.artifacts / "m290/job42/000007_melt"
    folder.mkdir(parents=True)
    (folder / "verdict.json").write_bytes(body)

    bench.send(7)

    assert bench.layers == [7]


def test_the_verdict_of_an_earlier_revision_on_disk_does_not_stand_for_the_new_one(
    bench: Bench, keep_verdict: Callable[[Path, InspectLayer], Verdict]
) -> None:
    bench.send(7)
    keep_verdict(bench.artifacts, bench.queue.messages.pop())

    bench.send(7, content="rewritten")

    assert bench.layers == [7]


def test_after_redis_was_wiped_revisions_count_on_from_the_artifacts(
    bench: Bench, keep_verdict: Callable[[Path, InspectLayer], Verdict]
) -> None:
    bench.send(7)
    bench.send(7, content="rewritten")
    second = bench.queue.messages.pop()
    keep_verdict(bench.artifacts, second)
    bench.wipe()

    bench.send(7, content="rewritten again")

    assert [message.revision for message in bench.queue.messages] == [3]
    assert bench.results.is_published(second.id)


def test_a_wiped_redis_is_noticed_though_its_witness_was_entered_again(
    bench: Bench,
    verdict_about: Callable[[InspectLayer], Verdict],
    keep_verdict: Callable[[Path, InspectLayer], Verdict],
) -> None:
    bench.send(1, 2)
    for message in list(bench.queue.messages):
        bench.results.publish(verdict_about(message))
        keep_verdict(bench.artifacts, message)
    bench.queue.messages.clear()
    bench.audit.run()
    bench.wipe()

    bench.send(2, content="rewritten")  # its former verdict was the witness
    bench.audit.run()
    bench.feed.flush(1.0)

    assert [(message.layer, message.revision) for message in bench.queue.messages] == [(2, 2)]
    assert len(bench.results._published) == 2


def test_a_verdict_that_a_worker_is_about_to_publish_is_not_entered_for_it(
    bench: Bench, keep_verdict: Callable[[Path, InspectLayer], Verdict]
) -> None:
    bench.send(7)
    first = bench.queue.messages[0]
    keep_verdict(bench.artifacts, first)

    bench.send(7, content="rewritten")

    assert not bench.results.is_published(first.id)
    assert [message.revision for message in bench.queue.messages] == [1, 2]


def test_live_layers_go_ahead_of_a_backlog_and_keep_their_order(bench: Bench) -> None:
    bench.send(1, 2, 3, live=False)

    bench.send(8, 9)

    assert bench.layers == [8, 9, 1, 2, 3]


def test_live_layers_line_up_when_the_backlog_is_done(
    bench: Bench, verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    bench.send(1, 2, live=False)
    for message in list(bench.queue.messages):
        bench.results.publish(verdict_about(message))
    bench.queue.messages.clear()

    bench.send(8)
    bench.send(9)

    assert bench.layers == [8, 9]


def test_a_live_layer_goes_ahead_of_the_backlog_of_another_printer(bench: Bench) -> None:
    bench.send(1, 2, live=False)

    bench.feed = Feed(bench.sink, load_profile("single-light"))
    bench.send(9)

    assert bench.layers == [9, 1, 2]


def test_high_priority_goes_ahead_of_other_live_layers_and_low_waits_with_the_backlog(bench: Bench) -> None:
    low, high = (Feed(bench.sink, load_profile("single-light"), priority=priority) for priority in ("low", "high"))
    bench.send(1)
    for feed, layer in ((low, 20), (bench.feed, 2), (high, 10)):
        feed.offer(bench.emit(layer))
        feed.flush(0.0)

    assert bench.layers == [10, 2, 1, 20]
    assert [message.live for message in bench.queue.messages] == [True, True, True, False]


def test_low_priority_waits_while_the_queue_is_full(bench: Bench) -> None:
    bench.send(1)
    low = Feed(bench.sink, load_profile("single-light"), priority="low", queue_limit=1)

    low.offer(bench.emit(2))
    low.flush(0.0)
    assert (bench.layers, low.is_full) == ([1], True)
    bench.queue.messages.clear()
    low.flush(5.0)

    assert bench.layers == [2]


def test_nothing_is_dropped_or_sent_twice_while_redis_is_away(bench: Bench) -> None:
    bench.queue.patience = 1
    bench.send(1, 2, 3, live=False)
    was_down = bench.feed.is_down
    assert len(bench.feed) == 2
    bench.send(4, live=False, now=0.1)
    assert bench.layers == [1]

    bench.queue.patience = 100
    bench.feed.flush(bench.feed.retry_at or 0.0)

    assert bench.layers == [1, 2, 3, 4]
    assert (was_down, bench.feed.is_down) == (True, False)
    assert bench.feed.retry_at is None


def test_the_pauses_grow_while_redis_is_away_but_not_without_end(bench: Bench) -> None:
    bench.queue.patience = 0
    bench.send(1)
    pauses, now = [], 0.0
    for _ in range(10):
        due = bench.feed.retry_at or 0.0
        pauses.append(due - now)
        now = due
        bench.feed.flush(now)

    assert pauses == sorted(pauses)
    assert pauses[0] == 0.25
    assert pauses[-1] == 5.0


def test_a_message_that_cannot_be_made_does_not_block_the_others(bench: Bench) -> None:
    key = LayerKey(printer="m290", build="job42", layer=1, stage=Stage.MELT)
    bench.assembly.add(key, "", Frame("x" * 5000, b"x" * 32, 10**18), settled=0.0, live=True)

    bench.send(2)

    assert bench.layers == [2]
    assert bench.feed.outcomes[Outcome.REFUSED] == 1


def test_jobs_that_the_queue_forgot_are_queued_again(bench: Bench) -> None:
    bench.send(1, 2, 3)
    forgotten = bench.queue.messages.pop(1)

    bench.audit.run()
    bench.feed.flush(1.0)

    assert sorted(bench.layers) == [1, 2, 3]
    assert forgotten.id in bench.feed.outstanding


def test_a_wiped_redis_gets_back_what_is_on_disk_and_the_rest_is_queued(
    bench: Bench,
    verdict_about: Callable[[InspectLayer], Verdict],
    keep_verdict: Callable[[Path, InspectLayer], Verdict],
) -> None:
    bench.send(1, 2, 3)
    done = bench.queue.messages.pop(0)
    bench.results.publish(verdict_about(done))
    keep_verdict(bench.artifacts, done)
    bench.audit.run()
    bench.wipe()

    bench.audit.run()
    bench.feed.flush(1.0)

    assert bench.layers == [2, 3]
    assert bench.results.is_published(done.id)
    assert bench.results.verdicts == []


def test_published_inspections_are_no_longer_watched(
    bench: Bench, verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    bench.send(1, 2)
    bench.results.publish(verdict_about(bench.queue.messages.pop(0)))

    bench.audit.run()

    assert list(bench.feed.outstanding.values()) == [bench.queue.messages[0].layer_set.key]


def test_an_audit_that_redis_interrupts_forgets_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.send(1, 2, 3)
    bench.queue.messages.clear()
    answers = iter([False, False])

    def moody(inspection_id: str) -> bool:
        for answer in answers:
            return answer
        raise RedisConnectionError(inspection_id)

    with monkeypatch.context() as patch:
        patch.setattr(bench.results, "is_published", moody)
        bench.feed.guard(0.0, bench.audit.run)
    assert bench.feed.is_down

    bench.feed.guard(10.0, bench.audit.run)
    bench.feed.flush(10.0)

    assert sorted(bench.layers) == [1, 2, 3]


def test_a_lost_set_that_waits_for_a_light_again_comes_out_when_it_is_ready(tmp_path: Path) -> None:
    queue, results = MoodyQueue(), InMemoryResults()
    sink = Sink(queue=queue, ledger=results, sources=InMemorySources(), artifacts=ArtifactFolder(tmp_path))
    assembly = Assembly(expected_lights=("a", "b"), set_timeout_seconds=30.0, revision_seconds=1.0)
    feed = Feed(sink, load_profile("nist-ammt"))
    key = LayerKey(printer="m290", build="job42", layer=1, stage=Stage.MELT)
    assembly.add(key, "a", Frame("a.png", b"1" * 32, 10**18), settled=0.0, live=True)
    feed.offer(assembly.take_ready(100.0))
    feed.flush(0.0)
    queue.messages.clear()
    assembly.add(key, "a", Frame("a.png", b"2" * 32, 10**18), settled=100.0, live=True)

    Audit(feed, assembly, sink).run()
    feed.flush(1.0)
    assert queue.messages == []
    feed.offer(assembly.take_ready(130.0))
    feed.flush(2.0)

    assert [message.problems for message in queue.messages] == [("missing light b",)]


def test_of_two_sets_of_a_layer_that_wait_only_the_newer_is_sent(bench: Bench) -> None:
    bench.queue.patience = 0
    bench.send(1, live=False)
    bench.send(7, content="incomplete")
    bench.send(8)
    bench.send(7, content="complete")
    bench.queue.patience = 100

    bench.feed.flush(bench.feed.retry_at or 0.0)

    assert [(message.layer, message.revision) for message in bench.queue.messages] == [(7, 1), (8, 1), (1, 1)]
    assert bench.queue.messages[0].captures[0].sha256.startswith(b"7complete".hex())
    assert len(bench.feed) == 0


def test_a_set_that_is_offered_again_while_it_waits_was_ready_when_it_first_came(bench: Bench) -> None:
    first = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
    moments = iter(first + timedelta(seconds=number) for number in range(9))
    bench.feed = Feed(bench.sink, load_profile("single-light"), wall_clock=lambda: next(moments))
    bench.queue.patience = 0
    bench.send(7)
    bench.queue.patience = 100

    bench.send_again()

    assert [message.settled for message in bench.queue.messages] == [first]
