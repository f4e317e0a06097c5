"""Answers in time, of what hangs, too."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from layerwatch.timely import Timely


def test_an_answer_and_an_error_come_as_they_are() -> None:
    asked = []

    def ask() -> int:
        asked.append(1)
        if len(asked) == 2:
            raise OSError("away")
        return 7

    timely = Timely(ask)

    assert timely.within(10) == 7
    with pytest.raises(OSError, match="away"):
        timely.within(10)
    assert timely.within(10) == 7


def test_what_hangs_is_asked_once_however_often_one_wants_to_know() -> None:
    asked, goes_on = [], threading.Event()

    def ask() -> str:
        asked.append(1)
        goes_on.wait()
        return "late"

    timely = Timely(ask)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            timely.within(0.01)
    with ThreadPoolExecutor(2) as readers:
        waiting = [readers.submit(timely.within, 10) for _ in range(2)]
        goes_on.set()

    assert [one.result() for one in waiting] == ["late", "late"]
    assert len(asked) == 1
