"""The audit of the locked packages, by the real pip-audit over a service with OSV's interface."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.audit import LOCKS, main
from tests.conftest import free_port

LOCK = LOCKS / "simulator.txt"
FLAW = {
    "id": "GHSA-0000-0000-0000",
    "summary": "A picture can do what it likes.",
    "affected": [
        {
            "package": {"name": "numpy", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
        }
    ],
}


@contextmanager
def mirror(flaws: dict[str, object]) -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a service that knows of a flaw in some packages, and the names it is asked about."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            asked.append(name)
            body = json.dumps({"vulns": [flaws[name]]} if name in flaws else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query", asked
        server.shutdown()


def locked(lock: Path) -> set[str]:
    return {line.partition("==")[0] for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line}


def test_each_locked_package_is_looked_up_and_without_a_flaw_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    with mirror({}) as (url, asked):
        assert main(["--osv-url", url, str(LOCK)]) == 0

    assert set(asked) <= locked(LOCK)
    assert {"numpy", "opencv-python-headless"} <= set(asked)
    expected = f"audit of simulator.txt: {len(asked)} packages looked up, known vulnerabilities: 0\n"
    assert capsys.readouterr().out == expected


def test_a_known_flaw_is_named_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with mirror({"numpy": FLAW}) as (url, _):
        assert main(["--osv-url", url, str(LOCK)]) == 1

    _, *flaws = capsys.readouterr().out.splitlines()
    assert flaws
    assert all("GHSA-0000-0000-0000, mended in ['99.1']" in flaw for flaw in flaws)


def test_a_mirror_that_does_not_answer_is_an_error_and_not_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}/v1/query"

    assert main(["--osv-url", url, str(LOCK)]) == 2

    assert capsys.readouterr().out == f"audit of simulator.txt: error: {url} does not answer\n"
