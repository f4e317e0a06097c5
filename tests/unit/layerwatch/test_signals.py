import os
import signal
from collections.abc import Iterator

import pytest

from layerwatch.signals import whole

STOPS = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture(autouse=True)
def interrupted_by_both() -> Iterator[None]:
    before = {number: signal.signal(number, signal.default_int_handler) for number in STOPS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def held(*numbers: signal.Signals, done: list[str]) -> None:
    """Be sent signals while something is done whole, and write down what was reached."""
    with whole():
        for number in numbers:
            os.kill(os.getpid(), number)
            done.append(f"behind {number.name}")
    done.append("behind the block")


@pytest.mark.parametrize("number", STOPS)
def test_what_is_done_whole_is_interrupted_when_it_is_done(number: signal.Signals) -> None:
    done: list[str] = []

    with pytest.raises(KeyboardInterrupt):
        held(number, done=done)

    assert done == [f"behind {number.name}"]


def test_who_asks_twice_does_not_wait() -> None:
    done: list[str] = []

    with pytest.raises(KeyboardInterrupt):
        held(signal.SIGTERM, signal.SIGINT, done=done)

    assert done == ["behind SIGTERM"]


def test_afterwards_signals_do_what_they_did_before() -> None:
    with whole():
        pass

    assert [signal.getsignal(number) for number in STOPS] == [signal.default_int_handler] * 2
