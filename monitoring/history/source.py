"""The verdict stream as the recorder reads it: a batch behind a position, and how much of the stream that is."""

from dataclasses import dataclass
from typing import Self

from redis import Redis
from redis.exceptions import ResponseError

from layerwatch.results import Subscription
from layerwatch.verdict_stream import NOTHING, START, STREAM, Entry
from monitoring.history.store import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What Redis counts of the stream, None before Redis 7.

    Attributes:
        added: how many entries it ever took.
        lost: how many of them it no longer holds.
        last: id of the last one.
    """

    added: int | None
    lost: int | None
    last: str

    @classmethod
    def ask(cls, client: Redis) -> Self:
        try:
            told = client.xinfo_stream(STREAM)
        except ResponseError:  # there is no stream
            return cls(added=0, lost=0, last=NOTHING)
        added = told.get("entries-added")
        lost = None if added is None else added - told["length"]
        return cls(added=added, lost=lost, last=told["last-generated-id"].decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What came behind a position.

    Attributes:
        entries: in order.
        cursor: behind which reading goes on.
        count: how many entries the stream had taken up to there, None while nobody knows.
    """

    entries: tuple[Entry, ...]
    cursor: str
    count: int | None


class StreamSource:
    """Reads behind a position; raises what redis raises."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._subscription = Subscription(client, after=START)

    def after(self, at: Position, *, wait_seconds: float) -> Batch:
        """Return what came behind a position; no entries if none came for so long.

        Raises:
            VerdictsMissedError: something in between is gone.
        """
        self._subscription.cursor = at.cursor
        entries = tuple(self._subscription.batch(wait_seconds))
        # Behind START anything may follow; behind NOTHING only the first entry that was ever written.
        stayed = NOTHING if at.cursor == START else at.cursor
        cursor = entries[-1].cursor if entries else stayed
        count = _count(at, cursor, len(entries), Facts.ask(self._redis))
        return Batch(entries=entries, cursor=cursor, count=count)


def _count(at: Position, cursor: str, entries: int, facts: Facts) -> int | None:
    if cursor == facts.last:  # at the end of the stream its own count is right
        return facts.added
    before = facts.lost if at.entries is None else at.entries
    return None if before is None else before + entries
