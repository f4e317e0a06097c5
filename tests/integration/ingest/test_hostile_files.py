"""A folder full of files that no printer should write, before real processes of ingest and of a worker."""

import json
import os
import re
import struct
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import pytest
from redis import Redis

from layerwatch.redis_results import RedisResults
from layerwatch.verdict import Decision, Verdict
from tests.processes import end

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc"),
]
ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 90.0
INGEST_MIB, WORKER_MIB = 250, 600  # measured: 74 and 283
HARMLESS = ""  # nothing is wrong with the file itself
CUT_OFF = r"cut off|still being written|damaged|ends (before|inside)|not a PNG, TIFF, JPEG or BMP"
NO_PICTURE = "not a PNG, TIFF, JPEG or BMP"
SIDE = 30_000


class Server(Protocol):
    """What `any_redis_server` of conftest.py gives."""

    url: str


@dataclass(frozen=True)
class Hostile:
    """A file whose name says a layer, and what its verdict has to say against it."""

    name: str
    content: bytes
    reason: str = HARMLESS


def grey(kind: type = np.uint8, size: tuple[int, int] = (60, 80)) -> Any:  # noqa: ANN401 - pixels of any kind
    """Return a picture with texture, dark grey to light grey."""
    texture = np.random.default_rng(5).integers(60, 180, size)
    return texture.astype(kind) * (257 if kind is np.uint16 else 1)


def encoded(extension: str, pixels: Any, *options: int) -> bytes:  # noqa: ANN401 - pixels of any kind
    return bytes(cv2.imencode(extension, pixels, options)[1])


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def zeros(size: int) -> bytes:
    """Return a zlib stream of so many zeros (a multiple of 1 MiB), without packing all of them."""
    packer = zlib.compressobj(9)
    header = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = (size % 65521) << 16 | 1  # Adler-32 of zeros
    return header + block * (size >> 20) + b"\x03\x00" + checksum.to_bytes(4, "big")


def png(width: int, height: int, rows: bytes, extra: bytes = b"") -> bytes:
    """Return a PNG of 8 bits a pixel, from packed rows."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), extra, chunk(b"IDAT", rows), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def broken_checksum() -> bytes:
    content = bytearray(encoded(".png", grey()))
    content[len(content) // 2] ^= 1
    return bytes(content)


def cut_files() -> Iterator[Hostile]:
    for extension, kind in ((".png", np.uint16), (".jpg", np.uint8), (".tiff", np.uint16)):
        whole = encoded(extension, grey(kind))
        for percent in range(5, 100, 5):
            content = whole[: len(whole) * percent // 100]
            yield Hostile(f"cut-{percent}-of{extension[1:]}_000001{extension}", content, CUT_OFF)


def hostile_files() -> list[Hostile]:
    one_row = zlib.compress(bytes([0, 90]))
    note = chunk(b"zTXt", b"Comment\0\0" + zeros(1 << 30)) + chunk(b"iCCP", b"profile\0\0" + zeros(1 << 30))
    return [
        *cut_files(),
        Hostile("empty_000001.png", b"", "the file is empty"),
        Hostile(
            "bomb_000001.png", png(SIDE, SIDE, zeros(-(-SIDE * (SIDE + 1) >> 20) << 20)), "too large: 30000 x 30000"
        ),
        Hostile("bomb-in-a-note_000001.png", png(1, 1, one_row, note)),
        Hostile("text_000001.png", b"layer 1 was fine\n" * 100, NO_PICTURE),
        Hostile("pdf_000001.png", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n" * 20, NO_PICTURE),
        Hostile("program_000001.png", b"\x7fELF\x02\x01\x01" + bytes(2000), NO_PICTURE),
        Hostile("jpeg-called-png_000001.png", encoded(".jpg", grey())),
        Hostile("png-called-jpeg_000001.jpg", encoded(".png", grey())),
        Hostile("a-thousand-pages_000001.tiff", bytes(cv2.imencodemulti(".tiff", [grey()] * 1000)[1]), "too many"),
        Hostile("float_000001.tiff", encoded(".tiff", grey(np.float32)), "floating-point"),
        Hostile("one-bit_000001.png", encoded(".png", grey() // 120 * 255, cv2.IMWRITE_PNG_BILEVEL, 1)),
        Hostile("sixteen-bit_000001.png", encoded(".png", grey(np.uint16))),
        Hostile("checksum_000001.png", broken_checksum(), "does not match its checksum"),
        Hostile("one-pixel_000001.png", encoded(".png", grey(size=(1, 1)))),
        Hostile("one-row_000001.png", encoded(".png", grey(size=(1, 20_000)))),
        Hostile("folder\nof two lines/one_000001.png", encoded(".png", grey())),
    ]


def write_files(root: Path, files: Sequence[Hostile]) -> dict[str, Hostile]:
    """Write the files, and return them by their paths below the root."""
    for file in files:
        path = root / file.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(file.content)
    return {file.name: file for file in files}


def write_locked(root: Path, name: str) -> Path:
    """Write a picture that nobody may read; root may all the same."""
    path = root / name
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0), "wb") as file:
        file.write(encoded(".png", grey()))
    return path


def write_oddities(root: Path) -> dict[str, int]:
    """Write what is no file of a layer, and return what has to be counted, by why it is ignored."""
    (root / "device_000001.png").symlink_to("/dev/zero")
    (root / "folder_000001.png").mkdir()
    os.mkfifo(root / "pipe_000001.png")
    (root / "two\nlines_000001.png").write_bytes(encoded(".png", grey()))
    with open(os.fsencode(root) + b"/latin-\xe9_000001.png", "wb") as file:  # noqa: PTH123 - a name in bytes
        file.write(encoded(".png", grey()))
    return {"link_out": 1, "no_file": 2, "unmatched": 1, "bad_name": 1}


class Site:
    """Real processes on one folder and one Redis; they are ended with the test."""

    def __init__(self, folder: Path, url: str, stack: ExitStack) -> None:
        self.root, self.folder, self._stack = folder / "incoming", folder, stack
        self.root.mkdir()
        self._environment = {
            **os.environ,
            "REDIS_URL": url,
            "SOURCES_DIR": str(self.root),
            "ARTIFACTS_DIR": str(folder / "artifacts"),
            "INGEST_LEDGER_DIR": str(folder / "ledger"),
            "INGEST_PROFILE": "single-light",
            "INGEST_RESCAN_SECONDS": "1",
            "INGEST_GRACE_SECONDS": "1",
            "WORKER_MODEL": str(ROOT / "models" / "starter"),
            "WORKER_THREADS": "1",
            "LOG_FORMAT": "json",
        }

    def start(self, role: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{role}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", role, "run"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._stack.callback(end, process)
        return process

    def log(self, role: str) -> str:
        return (self.folder / f"{role}.log").read_text(errors="replace")

    def status(self) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "ingest", "status", "--json"],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def health(self) -> int:
        port = re.findall(r'"health_port": (\d+)', self.log("ingest"))[-1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
            return int(answer.status)


@pytest.fixture
def site(tmp_path: Path, any_redis: Redis, any_redis_server: Server) -> Iterator[Site]:
    assert any_redis.dbsize() == 0
    with ExitStack() as stack:
        yield Site(tmp_path, any_redis_server.url, stack)


def wait_until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def peak_mib(process: subprocess.Popen[bytes]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) >> 10


def table(verdicts: Mapping[str, Verdict], files: Mapping[str, Hostile]) -> str:
    """Return what became of each file, a line each."""
    unknown = "no verdict"
    lines = [
        f"{name!a:40} {verdicts[name].decision if name in verdicts else unknown:10} "
        f"{'; '.join(verdicts[name].reasons) if name in verdicts else ''}"
        for name in sorted(files)
    ]
    return "\n".join(["", *lines])


def is_right(verdict: Verdict, file: Hostile) -> bool:
    """Whether a verdict says what is wrong with the file, in words, or nothing against reading it."""
    reasons = "; ".join(verdict.reasons)
    if re.search(r"Error|Exception|Traceback|gave up", reasons):
        return False
    if file.reason == HARMLESS:
        return verdict.images[0].width is not None
    return verdict.decision is Decision.INVALID and bool(re.search(file.reason, reasons))


@pytest.mark.timeout(240)
def test_every_hostile_file_is_answered_or_ignored_with_a_reason_and_no_process_suffers(
    site: Site, any_redis: Redis
) -> None:
    ingest = site.start("ingest")
    assert wait_until(lambda: '"watching"' in site.log("ingest")), site.log("ingest")

    files, oddities = write_files(site.root, hostile_files()), write_oddities(site.root)
    if not os.access(write_locked(site.folder, "probe"), os.R_OK):
        name = write_locked(site.root, "locked_000001.png").name
        files[name] = Hostile(name, b"", "the file cannot be read")

    assert wait_until(lambda: any_redis.llen("rq:queue:inspect") == len(files)), site.log("ingest")
    assert wait_until(lambda: site.status()["sources"][0]["ignored"] == oddities), site.status()
    assert site.status()["queue_depth"] == len(files)
    assert site.health() == 200
    worker = site.start("worker")
    results = RedisResults(any_redis)
    stream = "layerwatch:verdicts"
    assert wait_until(lambda: any_redis.xlen(stream) >= len(files)), site.log("worker")
    verdicts = {verdict.images[0].path: verdict for _, verdict in results.since("0", wait_seconds=0.1)}
    wrong = [name for name, file in files.items() if name not in verdicts or not is_right(verdicts[name], file)]
    assert not wrong, f"{wrong}{table(verdicts, files)}"
    assert (ingest.poll(), worker.poll()) == (None, None)
    assert "Traceback" not in site.log("ingest") + site.log("worker")
    assert peak_mib(ingest) <= INGEST_MIB
    assert peak_mib(worker) <= WORKER_MIB
