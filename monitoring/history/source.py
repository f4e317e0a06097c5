"""The verdict stream as the recorder reads it: in batches, and never past what it lost."""

from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from layerwatch.errors import LayerwatchError
from layerwatch.redis_results import STREAM
from monitoring.history.store import Position
from monitoring.stream import BATCH, START, Entry, entries_of, position


class VerdictsLostError(LayerwatchError):
    """The stream no longer holds all that came behind a cursor.

    Attributes:
        entries: how many entries it has lost from its start, None where Redis does not say (before 7.0).
    """

    def __init__(self, cursor: str, *, entries: int | None) -> None:
        super().__init__(f"the stream was trimmed behind {cursor}, or is another one; the artifacts have the rest")
        self.entries = entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What Redis says of the stream.

    Attributes:
        added: how many entries it ever took, None where Redis does not say.
        lost: how many of them it no longer holds.
        last: id of the last one.
    """

    added: int | None
    lost: int | None
    last: str

    @classmethod
    def read(cls, answer: dict[str, Any] | ResponseError) -> "Facts":
        if isinstance(answer, ResponseError):  # there is no stream
            return cls(added=0, lost=0, last=START)
        added = answer.get("entries-added")
        lost = None if added is None else added - answer["length"]
        return cls(added=added, lost=lost, last=answer["last-generated-id"].decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Entries behind a position, in order; `count` is how many the stream had taken up to the last, if known."""

    entries: tuple[Entry, ...]
    count: int | None


class StreamSource:
    """Reads behind a position; raises what redis raises."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    def after(self, at: Position, *, wait_seconds: float) -> Batch:
        """Return what came behind a position, at most so many entries; nothing if nothing came for so long.

        Raises:
            VerdictsLostError: something in between is gone.
        """
        self._redis.xread({STREAM: at.cursor}, count=1, block=max(1, int(wait_seconds * 1000)))
        with self._redis.pipeline(transaction=True) as together:  # so that nothing is trimmed in between
            together.xrange(STREAM, at.cursor, at.cursor)
            together.xrange(STREAM, f"({at.cursor}", count=BATCH)
            together.xinfo_stream(STREAM)
            here, raw, told = together.execute(raise_on_error=False)
        for answer in (here, raw):
            if isinstance(answer, RedisError):
                raise answer
        facts = Facts.read(told)
        if not here and _has_lost(at, facts):
            raise VerdictsLostError(at.cursor, entries=facts.lost)
        return Batch(entries=tuple(entries_of(raw)), count=_count(at, len(raw), facts))


def _has_lost(at: Position, facts: Facts) -> bool:
    """Return whether a stream that does not hold the entry at a position may have lost others behind it."""
    if at.entries is None or facts.lost is None:
        return at.cursor != START
    return facts.lost != at.entries or position(facts.last) < position(at.cursor)


def _count(at: Position, entries: int, facts: Facts) -> int | None:
    if entries < BATCH:  # the end of the stream, where its own count is right
        return facts.added
    before = facts.lost if at.entries is None else at.entries
    return None if before is None else before + entries
