"""Redis over TLS with an authority of our own: clients believe it and nobody else."""

import asyncio
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from deploy.certificates import make_certificates
from layerwatch.redis_connection import UNAVAILABLE, connect, connect_async
from tests.guarded_redis import GuardedRedis, guarded_redis

pytestmark = pytest.mark.redis
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedRedis]:
    binary = shutil.which("redis-server")
    if binary is None or shutil.which("openssl") is None:
        pytest.skip("there is no redis-server, which speaks TLS, or no openssl")
    with guarded_redis(Path(binary), tmp_path_factory.mktemp("tls"), tls=True) as one:
        yield one


def test_clients_log_in_over_tls(server: GuardedRedis) -> None:
    async def ping() -> bool:
        client = connect_async(server.url("page").replace("@", f":{server.password('page')}@"))
        try:
            return bool(await client.ping())
        finally:
            await client.aclose()

    with server.client("worker") as client:
        assert client.ping()
    assert asyncio.run(ping())


def test_a_role_takes_authority_and_password_from_files(server: GuardedRedis) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ingest", "status"],
        cwd=ROOT, env=server.environment("ingest"), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "0 inspections wait on the queue" in done.stdout, done.stderr


@pytest.mark.parametrize("spoiled", ["plain", "another authority", "no authority of ours"])
def test_who_does_not_speak_tls_or_does_not_believe_the_authority_gets_nowhere(
    server: GuardedRedis, spoiled: str, tmp_path: Path
) -> None:
    url = server.url("health").replace("@", f":{server.password('health')}@")
    if spoiled == "plain":
        url = url.replace("rediss://", "redis://").partition("?")[0]
    elif spoiled == "another authority":
        make_certificates(tmp_path, ["127.0.0.1"])
        url = f"{url.partition('?')[0]}?ssl_ca_certs={tmp_path / 'redis_ca.crt'}"
    else:
        url = url.partition("?")[0]

    with connect(url, retries=0) as client, pytest.raises(UNAVAILABLE):
        client.ping()


def test_a_server_of_another_name_is_not_believed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        make_certificates(tmp_path, ["redis.example"])
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tmp_path / "redis.crt", tmp_path / "redis.key")
        Thread(target=_greet, args=(listening, context), daemon=True).start()
        port = listening.getsockname()[1]
        url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={tmp_path / 'redis_ca.crt'}"

        with connect(url, retries=0) as client, pytest.raises(UNAVAILABLE, match="not valid for"):
            client.ping()


def _greet(listening: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        context.wrap_socket(listening.accept()[0], server_side=True)
