"""A limit for a route, in one line: `dependencies=[limited(Rate.CHECK)]`."""

from typing import Any

from fastapi import Depends, Request

from monitoring.web.access.asking import address_of, asking
from monitoring.web.access.rates import Rate, household
from monitoring.web.context import context_of


def limited(rate: Rate) -> Any:  # noqa: ANN401 - as FastAPI types its Depends
    """Return a dependency that refuses with 429 who asks too often."""

    async def check(request: Request) -> None:
        context_of(request).access.rates.take(rate, who_counts(request))

    return Depends(check)


def who_counts(request: Request) -> str:
    """Return whom a limit is for: a user wherever they are, and an address where nobody logs in."""
    user = asking(request)
    return household(address_of(request)) if user is None or user.local else f"user {user.name}"
