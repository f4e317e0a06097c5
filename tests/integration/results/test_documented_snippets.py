"""The short programs of docs/subscribing.md, run as they stand there but for address and cursor."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.processes import end
from tests.publisher import Publisher
from tests.subscribing_page import SOME_CURSOR, SOME_URL, program

pytestmark = pytest.mark.redis
ROOT = Path(__file__).parents[3]


@contextmanager
def running(text: str, url: str, cursor: str = "") -> Iterator[IO[str]]:
    """Yield what the program with this text prints."""
    code = program(text).replace(SOME_URL, url).replace(SOME_CURSOR, cursor)
    command = [sys.executable, "-u", "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            end(process)


def wait_for_reader(publisher: Publisher) -> None:
    deadline = time.monotonic() + 15
    while not any(client["cmd"] == "xread" for client in publisher.redis.client_list()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_first_program_prints_what_is_new(publisher: Publisher) -> None:
    publisher.publish(2)
    with running("verdict = entry.verdict()", publisher.url) as printed:
        wait_for_reader(publisher)
        (entry,) = publisher.publish(1)

        assert printed.readline().split() == [entry.cursor, "m290", "3", "pass"]


def test_the_program_that_goes_on_says_what_it_missed(publisher: Publisher) -> None:
    entries = publisher.publish(4)
    publisher.trim_to(entries[2])
    with running("class GoOn", publisher.url, entries[0].cursor) as printed:
        said = printed.readline()
        rest = [printed.readline().strip() for _ in range(2)]

    assert said.startswith(f"missed: verdicts behind {entries[0].cursor} were removed")
    assert rest == [entry.cursor for entry in entries[2:]]
