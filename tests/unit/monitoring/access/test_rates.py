import time

import pytest
from fastapi import HTTPException

from monitoring.web.access.rates import Rate, Rates, household


def test_one_too_many_is_refused_with_the_time_to_wait() -> None:
    rates = Rates(checks_per_minute=3)
    for _ in range(3):
        rates.take(Rate.CHECK, "anna")

    with pytest.raises(HTTPException, match="too many checks: at most 3 a minute") as refused:
        rates.take(Rate.CHECK, "anna")

    assert refused.value.status_code == 429
    assert refused.value.headers is not None
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 60


def test_each_user_and_each_rate_counts_by_itself() -> None:
    rates = Rates(checks_per_minute=1)

    rates.take(Rate.CHECK, "anna")
    rates.take(Rate.CHECK, "ben")
    rates.take(Rate.WRITE, "anna")

    with pytest.raises(HTTPException):
        rates.take(Rate.CHECK, "ben")


def test_names_that_are_long_gone_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = Rates(checks_per_minute=3)
    storage = rates._limiter.storage
    for number in range(1000):
        rates.take(Rate.CHECK, f"2001:db8::{number}")
    later = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: later)

    rates.take(Rate.CHECK, "anna")
    storage.timer.join()  # type: ignore[attr-defined]  # of the memory storage

    assert len(storage.storage) == 1  # type: ignore[attr-defined]
    assert len(storage.locks) == 1  # type: ignore[attr-defined]


def test_whoever_has_an_ipv6_network_is_one() -> None:
    assert household("2001:db8::1") == household("2001:db8::ffff:2") != household("2001:db8:0:1::1")
    assert household("10.0.0.5") != household("10.0.0.6")
    assert household("unknown") == "unknown"
