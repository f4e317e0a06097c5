"""What can be broken about a running stack, as a crash, a hang, a cable, a restart or a full disk would."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from tests.compose import PROJECT, Stack

# The engine restarts what died by itself, not what it was told to kill: so the signal comes from beside it.
KILL: Final = "import os, sys; [os.kill(int(pid), 9) for pid in sys.argv[1:]]"
FILL: Final = """
import os
with open("/artifacts/filling", "wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(65536))
    except OSError:
        pass
    try:
        while True:
            file.write(b"0")
    except OSError as error:
        print(error.strerror)
"""


def kill(stack: Stack, pids: Sequence[int]) -> None:
    """End processes, by their numbers on the engine's machine, at once and without a word."""
    stack.docker(
        "run", "--rm", "--network", "none", "--pid", "host", "--user", "0", "--cap-add", "KILL",
        "--entrypoint", "python", f"{PROJECT}/ingest:0.1.0", "-c", KILL, *map(str, pids),
    )  # fmt: skip


def pids_of(stack: Stack, services: Sequence[str]) -> list[int]:
    """Return the first process of each service."""
    names = [stack.name_of(service) for service in services]
    return [int(pid) for pid in stack.docker("inspect", "--format", "{{.State.Pid}}", *names).split()]


def worker_of_the_pool(stack: Stack) -> int:
    """Return the process of one worker, a child of the pool."""
    (pool,) = pids_of(stack, ["worker"])
    lines = [line.split() for line in stack.docker("top", stack.name_of("worker"), "-eo", "pid,ppid").splitlines()[1:]]
    return next(int(pid) for pid, parent in lines if int(parent) == pool)


@contextmanager
def paused(stack: Stack, service: str) -> Iterator[None]:
    """Let a service stand still, as on a machine that swaps or hangs: connections stay, nobody answers."""
    stack.docker("pause", stack.name_of(service))
    try:
        yield
    finally:
        stack.docker("unpause", stack.name_of(service))


@contextmanager
def cut_off(stack: Stack, service: str) -> Iterator[None]:
    """Take a service off all of its networks: packets vanish, no connection is closed."""
    name = stack.name_of(service)
    told = stack.docker("inspect", "--format", "{{range $net, $_ := .NetworkSettings.Networks}}{{$net}} {{end}}", name)
    networks = told.split()
    for network in networks:
        stack.docker("network", "disconnect", network, name)
    try:
        yield
    finally:
        for network in networks:
            stack.docker("network", "connect", "--alias", service, network, name)


@contextmanager
def room_kept(stack: Stack) -> Iterator[str]:
    """Yield a container that keeps the volume of the artifacts, which lies in memory, while nobody else uses it."""
    name = f"{stack.project}-room"
    stack.docker(
        "run", "--detach", "--no-healthcheck", "--name", name, "--network", "none",
        "--volume", f"{stack.project}_artifacts:/artifacts",
        "--label", f"com.docker.compose.project={stack.project}",
        "--entrypoint", "python", f"{PROJECT}/ingest:0.1.0", "-c", "import time; time.sleep(1e9)",
    )  # fmt: skip
    try:
        yield name
    finally:
        stack.docker("rm", "--force", name)


@contextmanager
def no_room(stack: Stack, keeper: str) -> Iterator[None]:
    """Fill the artifacts' volume to the last byte."""
    told = stack.docker("exec", keeper, "python", "-c", FILL)
    assert "No space left" in told
    try:
        yield
    finally:
        stack.docker("exec", keeper, "rm", "/artifacts/filling")
