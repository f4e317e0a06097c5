"""A folder of hostile files: ingest and a worker live, stay small, and every file has its reason."""

import json
import os
import re
import struct
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import pytest
from redis import Redis

from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Decision, Verdict

pytestmark = [pytest.mark.redis, pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs /proc")]
ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60.0
MOST_MIB = 400  # of one process; a decoded bomb would take 900


class Server(Protocol):
    """What `any_redis_server` of conftest.py gives."""

    url: str


def grey(dtype: type = np.uint8, *, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 200, size).astype(dtype)


def encoded(extension: str, pixels: np.ndarray) -> bytes:
    return cv2.imencode(extension, pixels)[1].tobytes()


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_of_zeros(width: int, height: int, *, depth: int = 8) -> bytes:
    """A black PNG that is small on the disk, however large it is when decoded."""
    rows = zlib.compressobj(9)
    row = bytes(1 + (width * depth + 7) // 8)
    packed = b"".join(rows.compress(row) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    chunks = (png_chunk(b"IHDR", header), png_chunk(b"IDAT", packed), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff_of_pages(pages: int) -> bytes:
    return cv2.imencodemulti(".tiff", [grey(size=(8, 8))] * pages)[1].tobytes()


def hostile_contents() -> dict[str, bytes]:
    """What is wrong -> content; the extension is part of the name."""
    whole = {extension: encoded(extension, grey()) for extension in (".png", ".jpg", ".tiff")}
    cuts = {
        f"cut at {share} %{extension}": content[: len(content) * share // 100]
        for extension, content in whole.items()
        for share in range(5, 100, 5)
    }
    damaged = bytearray(whole[".png"])
    damaged[len(damaged) // 2] ^= 0xFF
    return cuts | {
        "empty.png": b"",
        "bomb.png": png_of_zeros(30_000, 30_000),
        "long.png": png_of_zeros(20_000, 1),
        "dot.png": png_of_zeros(1, 1),
        "one bit.png": png_of_zeros(64, 48, depth=1),
        "text.png": b"this is a letter\n" * 50,
        "pdf.png": b"%PDF-1.7\n" + bytes(500),
        "program.jpg": b"\x7fELF\x02\x01\x01" + bytes(500),
        "jpeg inside.png": whole[".jpg"],
        "png inside.jpg": whole[".png"],
        "wrong checksum.png": bytes(damaged),
        "thousand pages.tiff": tiff_of_pages(1000),
        "float.tiff": encoded(".tiff", grey(np.float32)),
        "sixteen bits.tiff": encoded(".tiff", grey(np.uint16)),
    }


JUDGED = {"long.png", "dot.png", "one bit.png", "jpeg inside.png", "png inside.jpg", "sixteen bits.tiff"}


class Folder:
    """The hostile files, each under a name that says a layer, and things that no layer can be."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.what: dict[int, str] = {}
        for layer, (what, content) in enumerate(hostile_contents().items(), start=1):
            self.what[layer] = what
            (root / f"Image{layer}{Path(what).suffix}").write_bytes(content)
        self._add_what_is_no_picture()

    def _add_what_is_no_picture(self) -> None:
        (self.root.parent / "secret.png").write_bytes(encoded(".png", grey()))
        (self.root / "Image9001.png").symlink_to(self.root.parent / "secret.png")
        (self.root / "Image9002.png").mkdir()
        os.mkfifo(self.root / "Image9003.png")
        (self.root / "Image9004\n.png").write_bytes(b"a line ends in its name")
        Path(os.fsdecode(os.fsencode(self.root) + b"/Image\xff9005.png")).write_bytes(b"not UTF-8")


@pytest.fixture
def site(
    tmp_path: Path, any_redis: Redis, any_redis_server: Server, tiny_bundle: Path
) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """A starter of roles; each logs to a file of its name in tmp_path."""
    assert any_redis.dbsize() == 0
    environment = {
        **os.environ,
        "REDIS_URL": any_redis_server.url,
        "SOURCES_DIR": str(tmp_path / "incoming"),
        "ARTIFACTS_DIR": str(tmp_path / "artifacts"),
        "INGEST_PROFILE": "single-light",
        "INGEST_GRACE_SECONDS": "1",
        "INGEST_RESCAN_SECONDS": "1",
        "WORKER_MODEL": str(tiny_bundle),
        "LOG_FORMAT": "json",
    }
    with ExitStack() as stack:

        def start(role: str) -> subprocess.Popen[bytes]:
            log = stack.enter_context((tmp_path / role).open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", role, "run"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return process

        yield start


def peak_mib(process: subprocess.Popen[bytes]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024


def health_of(log: Path) -> int:
    port = re.findall(r'"health_port": (\d+)', log.read_text())[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
        return int(answer.status)


def ignored_by(redis_url: str) -> dict[str, int]:
    command = [sys.executable, "-m", "ingest", "status", "--json"]
    environment = {**os.environ, "REDIS_URL": redis_url}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout)["sources"][0]["ignored"])


def verdicts_on(client: Redis, number: int) -> dict[int, Verdict]:
    found: dict[int, Verdict] = {}
    deadline = time.monotonic() + PATIENCE
    while len(found) < number and time.monotonic() < deadline:
        found = {verdict.layer: verdict for _, verdict in RedisResults(client).since("0", wait_seconds=0.5)}
    return found


def test_every_hostile_file_gets_its_reason_and_nothing_dies(
    tmp_path: Path, any_redis: Redis, any_redis_server: Server, site: Callable[..., subprocess.Popen[bytes]]
) -> None:
    (tmp_path / "incoming").mkdir()
    folder = Folder(tmp_path / "incoming")

    ingest, worker = site("ingest"), site("worker")
    verdicts = verdicts_on(any_redis, len(folder.what))

    said = {folder.what.get(layer, str(layer)): verdict for layer, verdict in verdicts.items()}
    assert {what for what in folder.what.values() if what not in said} == set()
    assert said.keys() == set(folder.what.values())
    judged = {what for what, verdict in said.items() if verdict.decision is not Decision.INVALID}
    assert judged <= JUDGED, {what: said[what].decision for what in judged - JUDGED}
    reasons = {what: verdict.reasons for what, verdict in said.items() if verdict.decision is Decision.INVALID}
    assert [what for what, texts in reasons.items() if not all(len(text) > 10 for text in texts) or not texts] == []
    assert "too large" in reasons["bomb.png"][0]
    assert ignored_by(any_redis_server.url) == {"link_out": 1, "no_file": 2, "unmatched": 1, "bad_name": 1}
    assert health_of(tmp_path / "ingest") == 200
    assert (ingest.poll(), worker.poll()) == (None, None)
    assert "Traceback" not in (tmp_path / "ingest").read_text()
    assert (peak_mib(ingest) < MOST_MIB, peak_mib(worker) < MOST_MIB) == (True, True)
