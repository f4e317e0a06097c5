"""What the routes share: built once in the application, handed over with each request."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

from fastapi import Request
from jinja2 import Environment
from prometheus_client import CollectorRegistry
from redis import Redis

from layerwatch.artifacts import Artifacts
from monitoring.settings import MonitoringSettings
from monitoring.web.access.parts import Access
from monitoring.web.build.making import PictureMaking
from monitoring.web.check.desk import CheckDesk
from monitoring.web.history import PageHistory
from monitoring.web.live.event_stream import EventStream
from monitoring.web.live.feed import Feed
from monitoring.web.now.present import Present


@dataclass(kw_only=True)
class Context:
    """The parts of the running page.

    Attributes:
        present: what the page / shows.
        events: what readers of /api/events are sent.
        redis: for short commands, in threads.
        check: takes the layers that people upload.
        readers: counts open event streams.
    """

    feed: Feed
    present: Present
    events: EventStream
    artifacts: Artifacts
    registry: CollectorRegistry
    templates: Environment
    settings: MonitoringSettings
    history: PageHistory
    access: Access
    redis: Redis
    check: CheckDesk
    pictures: PictureMaking
    readers: int = 0

    def close(self) -> None:
        self.history.close()
        self.redis.close()

    async def counted(self, events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self.readers += 1
        try:
            async for event in events:
                yield event
        finally:
            self.readers -= 1


def context_of(request: Request) -> Context:
    return cast("Context", request.app.state.context)
