"""The commands of docs/subscribing.md, by the redis-cli that people have."""

import shutil
import subprocess

import pytest

from layerwatch.redis_events import EVENT_BODY, EVENT_STREAM
from layerwatch.redis_results import CHANNEL
from layerwatch.results import Entry
from layerwatch.verdict_stream import STREAM
from tests.publisher import Publisher
from tests.subscribing_page import SOME_CURSOR, redis_command

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(shutil.which("redis-cli") is None, reason="no redis-cli; apt-get install redis-tools"),
]


class Cli:
    """Runs commands of the page on the publisher's Redis."""

    def __init__(self, publisher: Publisher) -> None:
        self._url = publisher.url

    def command(self, *words: str, cursor: str = SOME_CURSOR) -> list[str]:
        _, *rest = redis_command(*words)
        return ["redis-cli", "-u", self._url, "-e", *(part.replace(SOME_CURSOR, cursor) for part in rest)]

    def run(self, *words: str, cursor: str = SOME_CURSOR) -> list[str]:
        """Run the command with these words, and return what it prints, line by line."""
        done = subprocess.run(
            self.command(*words, cursor=cursor), capture_output=True, text=True, check=False, timeout=20
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()


@pytest.fixture
def cli(publisher: Publisher) -> Cli:
    return Cli(publisher)


def shown(entries: list[Entry]) -> list[str]:
    """Entries as redis-cli prints them in a pipe."""
    return [
        line
        for entry in entries
        for line in (entry.cursor, "verdict", entry.body.decode(), "previous", entry.previous or "")
    ]


def test_the_channel_brings_what_is_published_while_one_listens(cli: Cli, publisher: Publisher) -> None:
    with subprocess.Popen(cli.command("SUBSCRIBE"), stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout is not None
        hello = [listening.stdout.readline().strip() for _ in range(3)]
        (entry,) = publisher.publish(1)
        heard = [listening.stdout.readline().strip() for _ in range(3)]
        listening.terminate()

    assert hello == ["subscribe", CHANNEL, "1"]
    assert heard == ["message", CHANNEL, entry.body.decode()]


def test_the_stream_can_be_read_from_its_start_from_its_end_and_behind_a_cursor(cli: Cli, publisher: Publisher) -> None:
    entries = publisher.publish(12)

    assert cli.run("XRANGE", "-") == shown(entries[:10])
    assert cli.run("XREVRANGE", STREAM) == shown(entries[-1:])
    assert cli.run("XREAD", STREAM, cursor=entries[8].cursor) == [CHANNEL, *shown(entries[9:])]
    assert cli.run("XRANGE", "1763769600000") == shown(entries[:10])
    assert cli.run("XINFO", "STREAM")[:2] == ["length", "12"]


def test_events_are_read_the_same_way(cli: Cli, publisher: Publisher) -> None:
    entry = publisher.redis.xadd(EVENT_STREAM, {EVENT_BODY: "{}"}).decode()  # type: ignore[union-attr]

    assert cli.run("XREAD", EVENT_STREAM) == [EVENT_STREAM, entry, "event", "{}"]
    assert cli.run("XREVRANGE", EVENT_STREAM) == [entry, "event", "{}"]


def test_a_group_shares_the_work_and_takes_over_what_one_left(cli: Cli, publisher: Publisher) -> None:
    entries = publisher.publish(15)
    cli.run("CREATE")

    first = cli.run("XREADGROUP", ">")
    again = cli.run("XREADGROUP", "0")
    cli.run("XACK", cursor=entries[0].cursor)
    left = cli.run("XREADGROUP", "0")
    taken = cli.run("XREADGROUP", ">")

    assert first == again == [CHANNEL, *shown(entries[:10])]
    assert left == [CHANNEL, *shown(entries[1:10])]
    assert taken == [CHANNEL, *shown(entries[10:])]
    assert "lag" in cli.run("XINFO", "GROUPS")
    assert cli.run("XAUTOCLAIM")[0] == "0-0"  # nothing is left for a minute yet
    claimed = publisher.redis.xautoclaim(CHANNEL, "mes", "two", 0)
    assert [name.decode() for name, _ in claimed[1]] == [entry.cursor for entry in entries[1:]]


def test_a_group_may_see_from_its_first_entry_that_some_were_trimmed(cli: Cli, publisher: Publisher) -> None:
    entries = publisher.publish(10)
    cli.run("CREATE")
    cli.run("XREADGROUP", ">")
    late = publisher.publish(3)
    publisher.trim_to(late[1])

    groups = cli.run("XINFO", "GROUPS")
    handed_out = cli.run("XREADGROUP", ">")

    assert groups[groups.index("last-delivered-id") + 1] == entries[-1].cursor
    assert handed_out == [CHANNEL, *shown(late[1:])]
    assert late[1].previous == late[0].cursor != entries[-1].cursor


def test_what_was_taken_and_then_trimmed_comes_without_fields(cli: Cli, publisher: Publisher) -> None:
    entries = publisher.publish(3)
    cli.run("CREATE")
    cli.run("XREADGROUP", ">")
    publisher.trim_to(entries[2])

    left = cli.run("XREADGROUP", "0")

    assert left == [CHANNEL, entries[0].cursor, "", entries[1].cursor, "", *shown(entries[2:])]
