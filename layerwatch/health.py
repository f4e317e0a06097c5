"""`/metrics` and `/health` of a role, served from a thread.

`/health/live` says whether the process itself works, so that only a restart would help where it does not;
`/health/ready`, the same as `/health`, also whether all that it needs is there.
"""

import json
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, disable_created_metrics, generate_latest

from layerwatch.errors import SettingsError
from layerwatch.timely import Timely

Checks = Mapping[str, Callable[[], bool]]
CHECK_SECONDS = 2.0  # whoever asks for /health gives up after a few more


def exposition(registry: CollectorRegistry) -> bytes:
    """Return the body of /metrics, without the series `_created`: a third of all, and nothing reads them."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus-client has no annotation here
    return generate_latest(registry)


def health_report(checks: Checks) -> tuple[bool, dict[str, object]]:
    """Return whether all checks hold, and the body of /health; a check that raises does not hold."""
    results = {name: _holds(check) for name, check in checks.items()}
    healthy = all(results.values())
    return healthy, {"status": "ok" if healthy else "failing", "checks": results}


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return bool(check())
    except Exception:  # noqa: BLE001 - whatever broke, the role is not well
        return False


@contextmanager
def serve_health(
    port: int,
    *,
    checks: Checks,
    live: Checks | None = None,
    host: str = "127.0.0.1",
    registry: CollectorRegistry = REGISTRY,
) -> Iterator[int]:
    """Serve while the block runs; yields the port, a free one for 0.

    Args:
        port: 0 for a free one.
        checks: what the role needs; /health and /health/ready hold where they and those of `live` all hold.
        live: what only a restart would mend; /health/live asks nothing else.
        host: address to listen on.
        registry: what /metrics shows.

    Raises:
        SettingsError: the port cannot be taken.
    """
    alive = {name: Timely(check) for name, check in (live or {}).items()}
    ready = {name: Timely(check) for name, check in checks.items()} | alive
    handler = _handler({"/health": ready, "/health/ready": ready, "/health/live": alive}, registry)
    try:
        server = ThreadingHTTPServer((host, port), handler)
    except OSError as error:
        raise SettingsError(
            f"cannot serve /metrics on {host}:{port} ({error.strerror}); "
            "choose another METRICS_PORT, 0 takes a free one"
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(
    reports: Mapping[str, Mapping[str, Timely[bool]]], registry: CollectorRegistry
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # a client that sends nothing does not hold a thread for ever

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, exposition(registry))
            elif self.path in reports:
                asked = {name: check.begin() for name, check in reports[self.path].items()}
                wait(asked.values(), timeout=CHECK_SECONDS)
                healthy, report = health_report({name: partial(one.result, 0) for name, one in asked.items()})
                self._answer(200 if healthy else 503, "application/json", json.dumps(report).encode())
            else:
                self._answer(
                    404, "text/plain; charset=utf-8", b"try /metrics, /health, /health/live or /health/ready\n"
                )

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - signature of http.server
            """Scrapes are not logged."""

    return Handler


def main(argv: Sequence[str] | None = None) -> int:
    """Ask a role's /health, for container health checks: `python -m layerwatch.health URL`."""
    url = (sys.argv[1:] if argv is None else list(argv))[0]
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310 - the address is the operator's own
            return 0 if answer.status == 200 else 1
    except OSError as error:
        sys.stderr.write(f"{url}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
