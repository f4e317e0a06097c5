"""One suite for each port, run on the in-memory twin and on real servers: both keep the same promises."""

import hashlib
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from redis import Redis
from rq import Queue
from rq.job import JobStatus
from rq.serializers import JSONSerializer

from layerwatch.job import INSPECT_LAYER_JOB, INSPECT_QUEUE, InspectLayer
from layerwatch.memory import InMemoryPictures, InMemoryQueue, InMemoryResults
from layerwatch.ports import (
    BACKLOG_SHARE,
    GivenUp,
    JobState,
    JobStates,
    LayerQueue,
    Ledger,
    PictureStore,
    Quarantine,
    ResultChannel,
)
from layerwatch.redis_connection import answers, connect
from layerwatch.redis_pictures import RedisPictures
from layerwatch.redis_queue import RETRIES, RedisQueue
from layerwatch.redis_results import CHANNEL, LEDGER, RedisResults
from layerwatch.verdict import Verdict
from layerwatch.verdict_stream import BODY, STREAM

pytestmark = pytest.mark.redis
TWINS = ["memory", "server"]


class Results(Ledger, ResultChannel):
    """What both twins are."""


class QueueWithQuarantine(LayerQueue, JobStates, Quarantine):
    """What both twins are."""


@pytest.fixture(params=TWINS)
def results(request: pytest.FixtureRequest) -> Results:
    twin = InMemoryResults() if request.param == "memory" else RedisResults(request.getfixturevalue("any_redis"))
    return cast("Results", twin)


@pytest.fixture(params=TWINS)
def queue(request: pytest.FixtureRequest) -> QueueWithQuarantine:
    twin = InMemoryQueue() if request.param == "memory" else RedisQueue(request.getfixturevalue("any_redis"))
    return cast("QueueWithQuarantine", twin)


@pytest.fixture(params=TWINS)
def quarantine(
    request: pytest.FixtureRequest,
    some_message: Callable[..., InspectLayer],
    give_up: Callable[[Redis, InspectLayer], None],
) -> QueueWithQuarantine:
    """One that holds the layers 1 and 2."""
    messages = [some_message(layer=layer) for layer in (1, 2)]
    if request.param == "memory":
        twin = InMemoryQueue()
        twin.failed = {each.id: GivenUp(id=each.id, message=each, reason="", at=None) for each in messages}
        return cast("QueueWithQuarantine", twin)
    client: Redis = request.getfixturevalue("any_redis")
    for message in messages:
        give_up(client, message)
    return cast("QueueWithQuarantine", RedisQueue(client))


ROOM = 1000
OpenStore = Callable[..., PictureStore]


@pytest.fixture(params=TWINS)
def open_store(request: pytest.FixtureRequest) -> OpenStore:
    """Opens a store of ROOM bytes: `open_store(ttl_seconds=0.2)`; on a server each call opens the same."""
    if request.param == "memory":
        return lambda *, ttl_seconds=60.0: InMemoryPictures(limit_bytes=ROOM, ttl_seconds=ttl_seconds)
    client: Redis = request.getfixturevalue("any_redis")
    return lambda *, ttl_seconds=60.0: RedisPictures(client, limit_bytes=ROOM, ttl_seconds=ttl_seconds)


@pytest.fixture
def store(open_store: OpenStore) -> PictureStore:
    return open_store()


def send(store: PictureStore, inspection_id: str, *contents: bytes, live: bool = True) -> list[str]:
    """Put pictures there for an inspection, and return what they are called; none where there is no room."""
    pictures = {hashlib.sha256(content).hexdigest(): content for content in contents}
    if not store.reserve(inspection_id, {name: len(content) for name, content in pictures.items()}, live=live):
        return []
    for name, content in pictures.items():
        store.put(name, content)
    return list(pictures)


@pytest.fixture
def some_verdict(
    some_message: Callable[..., InspectLayer], verdict_about: Callable[[InspectLayer], Verdict]
) -> Callable[..., Verdict]:
    def build(*, layer: int = 1, revision: int = 1, content: str = "") -> Verdict:
        return verdict_about(some_message(layer=layer, revision=revision, content=content))

    return build


def test_a_verdict_is_published_once(results: Results, some_verdict: Callable[..., Verdict]) -> None:
    verdict = some_verdict()

    assert not results.is_published(verdict.id)
    assert results.publish(verdict)
    assert not results.publish(verdict)
    assert results.is_published(verdict.id)
    assert [body for _, body in results.since("0", wait_seconds=0.01)] == [verdict]


def test_a_verdict_is_found_by_its_id_as_it_was_published(
    results: Results, some_verdict: Callable[..., Verdict]
) -> None:
    first, second, restored = (some_verdict(layer=layer) for layer in range(3))
    for verdict in (first, second, first.model_copy(update={"worker": "late"})):
        results.publish(verdict)
    results.restore(restored)

    assert results.published(first.id) == first
    assert results.published(second.id) == second
    assert results.published(restored.id) is None
    assert results.published("m290_job42_000099_melt-0123456789ab") is None


def test_a_reader_goes_on_behind_its_cursor(results: Results, some_verdict: Callable[..., Verdict]) -> None:
    verdicts = [some_verdict(layer=layer) for layer in range(5)]
    for verdict in verdicts[:3]:
        results.publish(verdict)
    first = list(results.since("0", wait_seconds=0.01))
    cursor = results.latest_cursor()
    for verdict in verdicts[3:]:
        results.publish(verdict)

    rest = list(results.since(cursor, wait_seconds=0.01))

    assert [body for _, body in first + rest] == verdicts
    assert first[-1][0] == cursor


def test_an_empty_channel_has_a_cursor_too(results: Results) -> None:
    assert list(results.since(results.latest_cursor(), wait_seconds=0.01)) == []


def test_revisions_count_the_contents_of_a_layer(results: Results, some_verdict: Callable[..., Verdict]) -> None:
    old, new = some_verdict(), some_verdict(content="rewritten")

    assert results.revision(old.key, old.id) == 1
    assert results.revision(new.key, new.id) == 2
    assert results.revision(old.key, old.id) == 1
    assert results.revision(some_verdict(layer=2).key, some_verdict(layer=2).id) == 1


def test_a_restored_verdict_counts_as_published_without_being_published(
    results: Results, some_verdict: Callable[..., Verdict]
) -> None:
    second = some_verdict(revision=2)

    results.restore(second)
    results.restore(second)

    assert results.is_published(second.id)
    assert not results.publish(second)
    assert list(results.since("0", wait_seconds=0.01)) == []
    assert results.revision(second.key, second.id) == 2
    assert results.revision(second.key, some_verdict(content="rewritten").id) == 3


def test_the_same_inspection_is_queued_once(queue: LayerQueue, some_message: Callable[..., InspectLayer]) -> None:
    assert queue.enqueue(some_message())
    assert not queue.enqueue(some_message())
    assert queue.enqueue(some_message(layer=2))
    assert queue.depth() == 2
    assert queue.holds(some_message().id)
    assert not queue.holds(some_message(layer=3).id)


def test_a_job_waits_or_is_unknown(queue: QueueWithQuarantine, some_message: Callable[..., InspectLayer]) -> None:
    queue.enqueue(some_message())

    assert queue.state(some_message().id) is JobState.QUEUED
    assert queue.state(some_message(layer=3).id) is None


def test_what_a_worker_has_is_running(any_redis: Redis, some_message: Callable[..., InspectLayer]) -> None:
    queue = RedisQueue(any_redis)
    queue.enqueue(some_message())
    job = Queue(INSPECT_QUEUE, connection=any_redis, serializer=JSONSerializer).jobs[0]
    job.set_status(JobStatus.STARTED)

    assert queue.state(some_message().id) is JobState.RUNNING


def test_a_job_is_json_named_by_a_string_and_retried(
    redis_db: Redis, some_message: Callable[..., InspectLayer]
) -> None:
    message = some_message()
    RedisQueue(redis_db).enqueue(message)

    job = Queue(INSPECT_QUEUE, connection=redis_db, serializer=JSONSerializer).jobs[0]

    assert job.id == message.id
    assert job.func_name == INSPECT_LAYER_JOB
    assert InspectLayer.from_wire(job.args[0]) == message
    assert job.retries_left == RETRIES


def test_a_layer_that_is_being_printed_goes_ahead(redis_db: Redis, some_message: Callable[..., InspectLayer]) -> None:
    queue = RedisQueue(redis_db)
    for layer in (1, 2):
        queue.enqueue(some_message(layer=layer))

    queue.enqueue(some_message(layer=9), ahead=True)

    waiting = Queue(INSPECT_QUEUE, connection=redis_db, serializer=JSONSerializer).job_ids
    assert waiting == [some_message(layer=layer).id for layer in (9, 1, 2)]


def test_the_queue_tells_whether_a_backlog_waits(queue: LayerQueue, some_message: Callable[..., InspectLayer]) -> None:
    assert not queue.ends_in_backlog()
    queue.enqueue(some_message(layer=1))
    assert not queue.ends_in_backlog()
    queue.enqueue(some_message(layer=2).model_copy(update={"live": False}))
    queue.enqueue(some_message(layer=3), ahead=True)
    assert queue.ends_in_backlog()


def test_what_was_given_up_on_is_told_and_counted_until_it_is_forgotten(
    quarantine: QueueWithQuarantine, some_message: Callable[..., InspectLayer]
) -> None:
    messages = [some_message(layer=layer) for layer in (1, 2)]

    assert [one.message for one in quarantine.given_up()] == messages
    assert quarantine.state(messages[0].id) is JobState.FAILED
    assert quarantine.count_given_up() == 2
    assert quarantine.forget(messages[0].id)
    assert not quarantine.forget(messages[0].id)
    assert [one.id for one in quarantine.given_up()] == [messages[1].id]
    assert quarantine.count_given_up() == 1


UNREADABLE: dict[str, Callable[[Redis, str], object]] = {
    "a message that is no JSON": lambda client, record: client.hset(record, "data", b"no json"),
    "a time that is none": lambda client, record: client.hset(record, "created_at", "yesterday"),
    "no message": lambda client, record: client.hdel(record, "data"),
    "no record": lambda client, record: client.delete(record),
}


@pytest.mark.parametrize("broken", UNREADABLE)
def test_a_failed_job_that_cannot_be_read_is_given_up_on_too_until_it_is_forgotten(
    redis_db: Redis,
    some_message: Callable[..., InspectLayer],
    give_up: Callable[[Redis, InspectLayer], None],
    broken: str,
) -> None:
    queue, message, other = RedisQueue(redis_db), some_message(layer=1), some_message(layer=2)
    for each in (message, other):
        give_up(redis_db, each)
    UNREADABLE[broken](redis_db, f"rq:job:{message.id}")

    assert {one.id: one.message for one in queue.given_up()} == {message.id: None, other.id: other}
    assert {one.layer for one in queue.given_up()} == {str(message.layer_set.key), str(other.layer_set.key)}
    assert queue.forget(message.id)
    assert not queue.holds(message.id)
    assert queue.enqueue(message)


def test_what_a_worker_wrote_to_a_record_that_was_gone_is_no_job(
    redis_db: Redis, some_message: Callable[..., InspectLayer]
) -> None:
    queue, message = RedisQueue(redis_db), some_message()
    redis_db.hset(f"rq:job:{message.id}", mapping={"status": "started", "last_heartbeat": "2026-05-04T12:00:00Z"})

    assert not queue.holds(message.id)
    assert queue.state(message.id) is None
    assert queue.enqueue(message)
    assert not queue.enqueue(message)
    assert queue.state(message.id) is JobState.QUEUED


def test_channel_and_stream_carry_the_same_body(redis_db: Redis, some_verdict: Callable[..., Verdict]) -> None:
    listener: Any = cast("Any", redis_db).pubsub(ignore_subscribe_messages=True)
    listener.subscribe(CHANNEL)
    listener.get_message(timeout=1)
    verdict = some_verdict()

    RedisResults(redis_db).publish(verdict)

    heard = listener.get_message(timeout=2)
    (_, fields), *more = cast("list[Any]", redis_db.xrange(STREAM))
    listener.close()
    assert heard is not None
    assert not more
    assert heard["data"] == fields[BODY.encode()] == verdict.to_json().encode()


def test_of_many_publishers_one_wins(redis_url: str, redis_db: Redis, some_verdict: Callable[..., Verdict]) -> None:
    verdict = some_verdict()
    won: list[bool] = []

    def publish() -> None:
        client = connect(redis_url)
        won.append(RedisResults(client).publish(verdict))
        client.close()

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == [False] * 7 + [True]
    assert redis_db.xlen(STREAM) == redis_db.hlen(LEDGER) == 1


def test_the_stream_forgets_the_oldest_and_the_ledger_none(
    redis_db: Redis, some_verdict: Callable[..., Verdict]
) -> None:
    results = RedisResults(redis_db, keep=100)

    for layer in range(400):
        results.publish(some_verdict(layer=layer))

    assert 100 <= redis_db.xlen(STREAM) < 400
    assert redis_db.hlen(LEDGER) == 400


def test_pictures_lie_there_until_their_inspection_is_finished(store: PictureStore) -> None:
    one, two = send(store, "first", bytes(range(256)), b"")

    assert (store.get(one), store.get(two)) == (bytes(range(256)), b"")
    assert store.keep("first")
    assert store.held_bytes() == 256
    store.discard("first")
    store.discard("first")

    assert (store.get(one), store.get(two)) == (None, None)
    assert not store.keep("first")
    assert store.held_bytes() == 0


def test_a_picture_that_two_inspections_wait_for_lies_there_once_and_until_both_are_finished(
    store: PictureStore,
) -> None:
    shared, _ = send(store, "first", b"shared", b"one")
    send(store, "second", b"shared", b"other")
    send(store, "second", b"shared", b"other")  # ingest died in between, and sends again
    assert store.held_bytes() == len(b"shared" + b"one" + b"other")

    store.discard("first")
    assert store.get(shared) == b"shared"
    assert store.keep("second")
    store.discard("second")

    assert store.get(shared) is None
    assert store.held_bytes() == 0


def test_there_is_room_for_so_much_and_for_all_pictures_of_a_set_or_none(store: PictureStore) -> None:
    send(store, "first", bytes(500))

    assert not send(store, "second", b"a" * 200, b"b" * 301)
    assert store.held_bytes() == 500
    assert not store.keep("second")
    assert send(store, "first", bytes(500))  # what lies there takes no more
    assert send(store, "third", bytes(500), b"a" * 500)
    store.discard("first")
    store.discard("third")
    assert send(store, "second", b"a" * 200, b"b" * 301)


def test_a_backlog_leaves_room_for_layers_that_are_being_printed(store: PictureStore) -> None:
    send(store, "first", bytes(round(ROOM * BACKLOG_SHARE)), live=False)

    assert not send(store, "second", b"a", live=False)
    assert send(store, "third", b"a", live=True)


def test_a_set_larger_than_all_the_room_goes_alone(store: PictureStore) -> None:
    assert send(store, "large", bytes(2 * ROOM), live=False)
    assert not send(store, "small", b"a")
    store.discard("large")
    assert send(store, "small", b"a")
    assert not send(store, "large", bytes(2 * ROOM))


def test_pictures_that_nobody_fetches_end_and_make_room(open_store: OpenStore) -> None:
    store = open_store(ttl_seconds=0.3)
    (name,) = send(store, "first", bytes(900))
    assert not send(store, "second", b"a" * 900)

    deadline = time.monotonic() + 10
    while store.get(name) is not None and time.monotonic() < deadline:
        time.sleep(0.02)

    assert store.get(name) is None
    assert not store.keep("first")
    assert send(store, "second", b"a" * 900)
    assert store.held_bytes() == 900


def test_pictures_that_are_kept_do_not_end(open_store: OpenStore) -> None:
    store = open_store(ttl_seconds=1.5)
    names = send(store, "first", b"one", b"two")
    send(store, "second", b"other")

    for _ in range(5):
        time.sleep(0.4)
        assert store.keep("first")

    assert all(store.get(name) is not None for name in names)
    assert not store.keep("second")


def test_a_picture_that_the_server_lost_is_missed_and_may_be_put_again(any_redis: Redis) -> None:
    store = RedisPictures(any_redis, limit_bytes=ROOM)
    (name,) = send(store, "first", b"abc")
    any_redis.delete(f"layerwatch:picture:{name}")

    assert not store.keep("first")
    assert send(store, "first", b"abc") == [name]
    assert store.keep("first")
    assert store.held_bytes() == 3


def test_every_key_of_a_picture_ends_by_itself_or_with_it(any_redis: Redis) -> None:
    store = RedisPictures(any_redis, limit_bytes=ROOM, ttl_seconds=60)
    (name,) = send(store, "first", b"abc")

    assert 0 < any_redis.pttl(f"layerwatch:picture:{name}") <= 60_000
    store.discard("first")
    assert list(any_redis.scan_iter("layerwatch:picture*")) == [b"layerwatch:pictures:users"]
    assert any_redis.hgetall("layerwatch:pictures:users") == {b"bytes": b"0"}


def test_a_server_that_is_away_does_not_answer() -> None:
    client = connect("redis://127.0.0.1:1/0", retries=0)

    assert not answers(client)
