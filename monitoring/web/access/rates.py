"""How often somebody may do something."""

import ipaddress
import math
import time
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

from fastapi import HTTPException
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

FAILED_LOGINS_PER_MINUTE = 10
WRITES_PER_MINUTE = 120
HOUSEHOLD_BITS = 64  # of an IPv6 address: whoever has one has as many as they like


class Rate(StrEnum):
    """What is counted; each by itself."""

    LOGIN = "logins that failed"
    WRITE = "changes"
    CHECK = "checks"


class Rates:
    """Counts in memory, over the minute that ends now; what is older is forgotten. May be shared by threads."""

    def __init__(self, *, checks_per_minute: int) -> None:
        self._most: Mapping[Rate, RateLimitItem] = {
            Rate.LOGIN: RateLimitItemPerMinute(FAILED_LOGINS_PER_MINUTE),
            Rate.WRITE: RateLimitItemPerMinute(WRITES_PER_MINUTE),
            Rate.CHECK: RateLimitItemPerMinute(checks_per_minute),
        }
        # Not its moving window: that keeps each name for ever.
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def take(self, rate: Rate, who: str) -> None:
        """Count one.

        Raises:
            HTTPException: that is one too many; 429 with Retry-After.
        """
        most = self._most[rate]
        if self._limiter.hit(most, rate.name, who):
            return
        reset = self._limiter.get_window_stats(most, rate.name, who).reset_time
        seconds = max(1, math.ceil(reset - time.time()))
        raise HTTPException(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"too many {rate}: at most {most.amount} a minute are taken; try again in {seconds} s",
            headers={"Retry-After": str(seconds)},
        )


def household(address: str) -> str:
    """Return what an address counts as."""
    try:
        network = ipaddress.ip_network((address, HOUSEHOLD_BITS), strict=False)
    except ValueError:
        return address  # IPv4 has no 64 bits
    return str(network.network_address)
