"""/metrics of a pool whose workers answer, hang up in the middle, or do not run."""

from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from prometheus_client import generate_latest

from worker.pool.members import Pool
from worker.pool.metrics import pool_registry
from worker.pool.places import Place


class Running:
    """A process that does not end."""

    pid = 1

    def poll(self) -> None:
        return None

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Worker(BaseHTTPRequestHandler):
    """Says what its class says, and that it is longer by so much."""

    text = b"# TYPE layerwatch_done_total counter\nlayerwatch_done_total 3\n"
    missing = 0

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.text) + self.missing))
        self.end_headers()
        self.wfile.write(self.text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - signature of http.server
        """Nothing."""


class DyingWorker(Worker):
    """Is killed while it answers."""

    missing = 100


@pytest.fixture
def ports() -> Iterator[dict[str, int]]:
    with ExitStack() as stack:
        found = {}
        for name, handler in {"hall-1": Worker, "hall-2": DyingWorker, "hall-3": Worker}.items():
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            found[name] = server.server_address[1]
        yield found


def test_a_worker_that_dies_while_it_answers_is_left_out_and_the_others_are_not(ports: dict[str, int]) -> None:
    places = [Place(name=name, threads=1) for name in (*ports, "hall-4")]
    pool = Pool(places, lambda _: Running())
    for member in pool.members[:3]:
        member.look()

    shown = generate_latest(pool_registry(pool, {**ports, "hall-4": ports["hall-1"]})).decode().splitlines()

    assert [line for line in shown if line.startswith("layerwatch_done_total{")] == [
        'layerwatch_done_total{worker="hall-1"} 3.0',
        'layerwatch_done_total{worker="hall-3"} 3.0',
    ]
    assert "layerwatch_pool_workers 3.0" in shown
