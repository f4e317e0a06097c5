"""Runs the application until it is told to stop, and then ends the open event streams first."""

import signal
import socket
from collections.abc import Callable

import uvicorn

from layerwatch.errors import SettingsError
from monitoring.settings import MonitoringSettings
from monitoring.web.access.listening import check_listening
from monitoring.web.app import create_app
from monitoring.web.live.feed import Feed

GRACE_SECONDS = 3


class PageServer(uvicorn.Server):
    """A server whose event streams, which have no end of their own, do not hold it up."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self._feed = feed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._feed.close()
        await super().shutdown(sockets)


def run_server(settings: MonitoringSettings, *, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `announce` takes the address.

    Raises:
        SettingsError: the address cannot be taken, or must not be without access control, or a setting is wrong.
    """
    listening = _listen(settings.host, settings.port, access=settings.access)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn believes any process of this machine; see access/proxies.py
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = PageServer(config, app.state.context.feed)
    # uvicorn hands signals on when it has stopped; being terminated is a normal end here.
    signal.signal(signal.SIGTERM, lambda *_: None)
    announce(_address(listening))
    server.run(sockets=[listening])


def _listen(host: str, port: int, *, access: str) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        check_listening(access, str(address[0]))
        listening = socket.create_server(address[:2], family=family, backlog=512)
        # Its connections inherit this. Without it, an answer whose body follows its head waits 40 ms for the browser.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another --port, 0 takes a free one"
        ) from error
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
