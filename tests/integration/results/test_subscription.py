"""The client on a real Redis, with and without asyncio."""

import threading
import time
from collections.abc import Callable

import pytest
from redis import Redis
from redis.exceptions import RedisError

from layerwatch.errors import CursorError, VerdictsMissedError
from layerwatch.results import START, Entry, Subscription, Watch, subscribe, subscribe_async
from layerwatch.verdict_stream import BODY, NOTHING, STREAM, position
from tests.publisher import Publisher, Reader, Server, VerdictOf, in_a_loop_of_its_own

pytestmark = pytest.mark.redis


class Heard(Watch):
    """Notes what it hears, and lets reading go on; `then` happens when Redis is away."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.errors: list[VerdictsMissedError] = []
        self.heard: list[str] = []
        self._then = then

    def away(self, error: RedisError) -> None:
        self.heard.append(type(error).__name__)
        self._then()

    def back(self) -> None:
        self.heard.append("back")

    def missed(self, error: VerdictsMissedError) -> None:
        self.errors.append(error)


def test_a_reader_gets_the_exact_bodies_and_goes_on_behind_its_cursor(publisher: Publisher, reader: Reader) -> None:
    published = publisher.publish(450)

    first = reader(publisher.url, 120, after=START)
    rest = reader(publisher.url, 330, after=first[-1].cursor)

    assert first + rest == published
    assert [entry.verdict().layer for entry in first[:3]] == [1, 2, 3]


def test_a_reader_may_begin_at_a_time(publisher: Publisher, reader: Reader) -> None:
    publisher.publish(2)
    time.sleep(0.01)
    moment = str(int(time.time() * 1000))
    time.sleep(0.01)  # what is published in that very millisecond may be behind it or not
    late = publisher.publish(2)

    assert reader(publisher.url, 2, after=moment) == late


def test_a_reader_without_a_cursor_gets_what_is_new(publisher: Publisher) -> None:
    publisher.publish(2)
    subscription = Subscription(publisher.redis)

    assert list(subscription.until_quiet(0.01)) == []
    new = publisher.publish(2)

    assert list(subscription.until_quiet(0.01)) == new
    assert subscription.cursor == new[-1].cursor


def test_each_entry_names_the_one_before_it_also_where_that_one_is_gone(publisher: Publisher) -> None:
    first, second = publisher.publish(2)
    publisher.redis.xtrim(STREAM, maxlen=0, approximate=False)
    (third,) = publisher.publish(1)

    assert [first.previous, second.previous, third.previous] == [NOTHING, first.cursor, second.cursor]


@pytest.mark.parametrize("left", [0, 1, 2])
def test_trimming_what_was_read_is_no_alarm(publisher: Publisher, reader: Reader, left: int) -> None:
    entries = publisher.publish(8)
    publisher.trim_to(entries[5 - left])

    assert reader(publisher.url, 3, after=entries[4].cursor) == entries[5:]


def test_trimming_everything_in_a_quiet_time_is_no_alarm(publisher: Publisher, reader: Reader) -> None:
    last = publisher.publish(3)[-1]
    publisher.redis.xtrim(STREAM, maxlen=0, approximate=False)
    new = publisher.publish(2)

    assert reader(publisher.url, 2, after=last.cursor) == new


def test_trimming_what_was_not_read_is_an_alarm_and_resuming_gets_all_that_is_left(
    publisher: Publisher, reader: Reader
) -> None:
    entries = publisher.publish(9)
    publisher.trim_to(entries[6])

    with pytest.raises(VerdictsMissedError, match=r"removed.*verdict\.json") as caught:
        reader(publisher.url, 1, after=entries[4].cursor)
    missed = caught.value

    assert (missed.after, missed.first) == (entries[4].cursor, entries[6].cursor)
    assert reader(publisher.url, 3, after=missed.resume) == entries[6:]


def test_a_watch_may_let_reading_go_on(publisher: Publisher, reader: Reader) -> None:
    entries = publisher.publish(9)
    publisher.trim_to(entries[6])
    watch = Heard()

    assert reader(publisher.url, 3, after=entries[4].cursor, watch=watch) == entries[6:]
    assert [error.resume for error in watch.errors] == [entries[5].cursor]


def test_what_was_trimmed_before_the_very_first_read_is_an_alarm_where_a_reader_began_on_an_empty_stream(
    publisher: Publisher, reader: Reader
) -> None:
    subscription = Subscription(publisher.redis)
    assert list(subscription.until_quiet(0.01)) == []
    entries = publisher.publish(3)
    publisher.trim_to(entries[1])

    with pytest.raises(VerdictsMissedError):
        reader(publisher.url, 1, after=subscription.cursor)

    assert reader(publisher.url, 2, after=START) == entries[1:]


def test_an_entry_deleted_from_the_middle_is_told_of_where_it_was(publisher: Publisher, reader: Reader) -> None:
    entries = publisher.publish(6)
    publisher.redis.xdel(STREAM, entries[3].cursor)
    watch = Heard()

    found = reader(publisher.url, 5, after=START, watch=watch)

    assert found == entries[:3] + entries[4:]
    assert [(error.after, error.first) for error in watch.errors] == [(entries[2].cursor, entries[4].cursor)]


@pytest.mark.parametrize("wipe", ["flushall", "delete"])
def test_a_stream_that_is_gone_is_an_alarm_before_new_ones_come(
    publisher: Publisher, reader: Reader, wipe: str
) -> None:
    cursor = publisher.publish(3)[-1].cursor
    publisher.redis.flushall() if wipe == "flushall" else publisher.redis.delete(STREAM)

    with pytest.raises(VerdictsMissedError, match="does not know") as caught:
        reader(publisher.url, 1, after=cursor)

    assert (caught.value.first, caught.value.resume) == (None, NOTHING)


def test_a_stream_that_was_begun_anew_is_an_alarm_and_goes_on(publisher: Publisher, reader: Reader) -> None:
    cursor = publisher.publish(3)[-1].cursor
    publisher.redis.flushall()
    time.sleep(0.002)  # ids of the same millisecond would be smaller than the cursor
    new = publisher.publish(2)
    watch = Heard()

    assert reader(publisher.url, 2, after=cursor, watch=watch) == new
    assert [(error.after, error.resume) for error in watch.errors] == [(cursor, NOTHING)]


def test_nobody_waits_for_a_stream_to_come_to_a_cursor_from_another_one(publisher: Publisher, reader: Reader) -> None:
    entries = publisher.publish(2)

    with pytest.raises(VerdictsMissedError, match="does not know"):
        reader(publisher.url, 1, after="9999999999999-0")

    assert reader(publisher.url, 2, after=START) == entries


def test_a_reader_that_waits_hears_that_the_stream_went_back_to_lower_ids(publisher: Publisher) -> None:
    (entry,) = publisher.publish(1)
    subscription = Subscription(publisher.redis, after=START)
    reading = iter(subscription)
    assert next(reading) == entry

    wiped = threading.Timer(0.2, publisher.begin_anew)
    wiped.start()
    with pytest.raises(VerdictsMissedError, match="does not know") as caught:
        next(reading)
    wiped.join()

    assert caught.value.resume == "1-0"


def test_a_stream_that_was_put_back_to_an_older_state_is_an_alarm(publisher: Publisher, reader: Reader) -> None:
    old = publisher.publish(2)
    backup = publisher.redis.dump(STREAM) or b""
    cursor = publisher.publish(1)[-1].cursor
    publisher.redis.restore(STREAM, 0, backup, replace=True)
    watch = Heard()
    time.sleep(0.002)
    new = publisher.publish(2)

    assert reader(publisher.url, 2, after=cursor, watch=watch) == new
    assert [error.resume for error in watch.errors] == [old[-1].cursor]


def test_entries_from_before_there_were_links_are_believed_while_the_cursors_entry_is_there(
    publisher: Publisher, reader: Reader, verdict_of: VerdictOf
) -> None:
    for layer in range(6):
        publisher.redis.xadd(STREAM, {BODY: verdict_of(layer).to_json()})
    names = [entry.cursor for entry in publisher.entries()]
    linked = publisher.publish(1)

    found = reader(publisher.url, 7, after=START)
    publisher.redis.xtrim(STREAM, minid=names[2], approximate=False)

    assert found[-1:] == linked
    assert reader(publisher.url, 4, after=names[2])[-1:] == linked
    with pytest.raises(VerdictsMissedError):
        reader(publisher.url, 1, after=names[1])


def test_a_body_that_nobody_can_read_stops_no_reader(publisher: Publisher, reader: Reader) -> None:
    publisher.redis.xadd(STREAM, {"something": "else"})
    good = publisher.publish(1)

    found = reader(publisher.url, 2, after=START)

    assert found[0].body == b""
    assert found[1:] == good


def test_a_restart_of_redis_is_waited_out(own_redis_server: Server, verdict_of: VerdictOf, reader: Reader) -> None:
    with Redis.from_url(own_redis_server.url) as client:
        here = Publisher(client, verdict_of)
        before = here.publish(2)
        own_redis_server.stop()
        watch = Heard(then=own_redis_server.start)

        found = reader(own_redis_server.url, 2, after=START, watch=watch)

    assert found == before
    assert watch.heard == ["ConnectionError", "back"]
    assert watch.errors == []


def test_a_watch_may_end_the_waiting(own_redis_server: Server, reader: Reader) -> None:
    class Impatient(Watch):
        def away(self, error: RedisError) -> None:
            raise error

    own_redis_server.stop()

    with pytest.raises(RedisError):
        reader(own_redis_server.url, 1, after=START, watch=Impatient())


def test_a_subscription_goes_on_where_it_is_told_to(publisher: Publisher) -> None:
    entries = publisher.publish(4)
    subscription = Subscription(publisher.redis, after=START)
    list(subscription.until_quiet(0.01))

    subscription.cursor = entries[1].cursor

    assert list(subscription.until_quiet(0.01)) == entries[2:]
    with pytest.raises(CursorError):
        subscription.cursor = "yesterday"


def test_batches_are_what_one_answer_brought(publisher: Publisher) -> None:
    entries = publisher.publish(250)

    async def first_two() -> list[list[Entry]]:
        subscription = subscribe_async(publisher.url, after=START)
        batches = subscription.batches()
        found = [await anext(batches), await anext(batches)]
        await batches.aclose()
        await subscription.aclose()
        return found

    found = in_a_loop_of_its_own(first_two)

    assert [len(batch) for batch in found] == [200, 50]
    assert [entry for batch in found for entry in batch] == entries


def test_what_is_no_cursor_is_refused_before_redis_is_asked() -> None:
    with pytest.raises(CursorError):
        subscribe("redis://127.0.0.1:1/0", after="yesterday")


def test_a_reader_needs_no_more_rights_than_the_page_says(publisher: Publisher, reader: Reader) -> None:
    entries = publisher.publish(2)
    publisher.redis.acl_setuser(
        "reader", enabled=True, passwords="+secret", commands=["+xread", "+xinfo|stream", "+xrange"], keys=[STREAM]
    )
    try:
        found = reader(publisher.url.replace("//", "//reader:secret@"), 2, after=START)
    finally:
        publisher.redis.acl_deluser("reader")

    assert found == entries
    assert position(found[0].cursor) < position(found[1].cursor)
