"""A Redis with the users that `make secrets` makes, over TLS if asked for; nobody gets in without a password."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from deploy.certificates import make_certificates
from deploy.set_up import make_secrets
from layerwatch.redis_connection import connect
from tests.conftest import free_port


class GuardedRedis:
    """The running server; users are those of deploy/redis/users.acl."""

    def __init__(self, folder: Path, *, tls: bool) -> None:
        self.secrets = folder / "secrets"
        self.port = free_port()
        self.tls = tls

    def url(self, user: str) -> str:
        """Return the REDIS_URL of a user, without a password."""
        options = f"?ssl_ca_certs={self.secrets / 'redis_ca.crt'}" if self.tls else ""
        return f"{'rediss' if self.tls else 'redis'}://{user}@127.0.0.1:{self.port}/0{options}"

    def password(self, user: str) -> str:
        return (self.secrets / f"redis_{user}").read_text(encoding="utf-8")

    def environment(self, user: str) -> dict[str, str]:
        """Return the environment in which a role logs in as a user."""
        return {
            **os.environ,
            "REDIS_URL": self.url(user),
            "REDIS_PASSWORD_FILE": str(self.secrets / f"redis_{user}"),
        }

    def client(self, user: str) -> Redis:
        """Return a client that has logged in, at its first command."""
        return connect(self.url(user).replace("@", f":{self.password(user)}@"), retries=0)

    def refusals(self) -> list[str]:
        """Return what was refused to whom since the start."""
        with self.client("admin") as admin:
            entries = cast("list[dict[str, Any]]", admin.acl_log())
        return [f"{entry['username']}: {entry['reason']} {entry['object']}" for entry in entries]


@contextmanager
def guarded_redis(binary: Path, folder: Path, *, tls: bool = False) -> Iterator[GuardedRedis]:
    server = GuardedRedis(folder, tls=tls)
    make_secrets(server.secrets)
    words = ["--port", str(server.port)]
    if tls:
        make_certificates(server.secrets, ["localhost", "127.0.0.1"])
        files = {"cert": "redis.crt", "key": "redis.key", "ca-cert": "redis_ca.crt"}
        words = ["--port", "0", "--tls-port", str(server.port), "--tls-auth-clients", "no"]
        words += [word for name, file in files.items() for word in (f"--tls-{name}-file", str(server.secrets / file))]
    command = [str(binary), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "yes", *words]
    with (folder / "server.log").open("wb") as log:
        users = ["--aclfile", str(server.secrets / "users.acl")]
        process = subprocess.Popen([*command, *users], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        _wait_for(server, process, folder / "server.log")
        yield server
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(server: GuardedRedis, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with server.client("health") as client:
                client.ping()
        except RedisConnectionError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"the server does not start: {log.read_text(encoding='utf-8')}")
