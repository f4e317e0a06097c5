"""Bodies that are too large for their route, sent to a page as a process."""

import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.monitoring.access.conftest import Place

UPLOAD_MB = 5
MB = 1_000_000


@pytest.fixture(scope="module")
def place(open_page: Callable[..., Place]) -> Place:
    return open_page(MONITORING_MAX_UPLOAD_MB=str(UPLOAD_MB))


def curl(place: Place, file: Path, *arguments: str) -> tuple[int, str, int]:
    """Return the status, the body, and how many bytes were sent."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    command = ["curl", "-s", "-X", "POST", "-T", str(file), "-w", "\n%{http_code} %{size_upload}", *arguments]
    done = subprocess.run(
        [*command, f"{place.address}/api/inspect"], capture_output=True, text=True, timeout=60, check=True
    )
    body, _, figures = done.stdout.rpartition("\n")
    status, sent = map(int, figures.split())
    return status, body, sent


@pytest.fixture(scope="module")
def two_gigabytes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of zeros that takes no room on the disk."""
    file = tmp_path_factory.mktemp("body") / "zeros"
    with file.open("wb") as zeros:
        zeros.truncate(2_000 * MB)
    return file


@pytest.mark.parametrize("arguments", [("-H", "Expect: 100-continue"), ("-H", "Expect:")], ids=["asks", "sends"])
def test_two_gigabytes_are_answered_before_they_came(
    place: Place, two_gigabytes: Path, arguments: tuple[str, ...]
) -> None:
    status, body, sent = curl(place, two_gigabytes, *arguments)

    assert status == 413
    assert body == (
        '{"detail":"the body is too large: at most 5,000,000 bytes are taken here; '
        'MONITORING_MAX_UPLOAD_MB raises the limit"}'
    )
    assert sent < 1_000 * MB


def test_who_asks_before_sending_sends_nothing(place: Place, two_gigabytes: Path) -> None:
    assert curl(place, two_gigabytes, "-H", "Expect: 100-continue", "--expect100-timeout", "30")[2] == 0


def connect(place: Place) -> socket.socket:
    parts = urlsplit(place.address)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)


def sent_then_read(place: Place, head: str, body: Callable[[socket.socket], None]) -> str:
    """Send all of a request, and only then look for an answer; it ends with the connection."""
    with connect(place) as line:
        line.sendall(f"POST {head}\r\nHost: localhost\r\n".encode())
        body(line)
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    return answer.decode()


def whole(size: int) -> Callable[[socket.socket], None]:
    def send(line: socket.socket) -> None:
        line.sendall(f"Content-Length: {size}\r\n\r\n".encode())
        for _ in range(size // MB):
            line.sendall(bytes(MB))

    return send


def in_chunks(size: int) -> Callable[[socket.socket], None]:
    def send(line: socket.socket) -> None:
        line.sendall(b"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(size // 1000):
            line.sendall(b"3e8\r\n" + b"a" * 1000 + b"\r\n")
        line.sendall(b"0\r\n\r\n")

    return send


def test_who_sends_all_before_reading_is_answered_and_not_cut_off(place: Place) -> None:
    answer = sent_then_read(place, "/api/inspect HTTP/1.1", whole(20 * MB))

    assert answer.startswith("HTTP/1.1 413 ")
    assert "connection: close" in answer.lower()
    assert "at most 5,000,000 bytes" in answer


def test_a_body_that_does_not_say_its_size_is_counted_as_it_comes(place: Place) -> None:
    answer = sent_then_read(place, "/login HTTP/1.1", in_chunks(2 * MB))

    assert answer.startswith("HTTP/1.1 413 ")
    assert "at most 64,000 bytes" in answer
    assert re.search(r"content-security-policy: .*default-src 'none'", answer)


def test_other_routes_take_no_more_than_a_form(place: Place) -> None:
    answer = httpx.post(f"{place.address}/api/session", content=bytes(64_001))
    fits = httpx.post(f"{place.address}/api/session", content=bytes(64_000))

    assert answer.status_code == 413
    assert answer.json()["detail"] == "the body is too large: at most 64,000 bytes are taken here"
    assert fits.status_code == 405


def test_one_connection_goes_on_after_bodies_that_fit(place: Place) -> None:
    with httpx.Client(base_url=place.address) as client:
        found = [client.post("/api/session", content=bytes(1000)).status_code for _ in range(3)]
        found.append(client.get("/api/session").status_code)

    assert found == [405, 405, 405, 200]
    assert "Traceback" not in place.process.said()
