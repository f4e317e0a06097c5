"""What a run takes for itself: an empty folder, and ports that nobody listens on."""

import fcntl
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.plan import Ports
from layerwatch.errors import LayerwatchError


@contextmanager
def fresh_folder(folder: Path) -> Iterator[None]:
    """Empty the folder of an earlier demo and keep a second demo out of it.

    Raises:
        LayerwatchError: another demo runs in it, or it holds something else.
    """
    marker = folder / ".layerwatch-demo"
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise LayerwatchError(f"{folder} is not empty and not an earlier demo's; name another with --run-dir")
    folder.mkdir(parents=True, exist_ok=True)
    with marker.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LayerwatchError(f"a demo runs in {folder} already; stop it, or name another --run-dir") from error
        for entry in folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry != marker:
                entry.unlink()
        yield


def free_ports(page: int) -> Ports:
    """Return ports to listen on: the wanted ones where they are free."""
    wanted = (6379, page, 0, 0, 0)
    sockets = [_bound(port) for port in wanted]
    numbers = [bound.getsockname()[1] for bound in sockets]
    for bound in sockets:
        bound.close()
    return Ports(redis=numbers[0], page=numbers[1], ingest=numbers[2], worker=numbers[3], record=numbers[4])


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.bind(("127.0.0.1", 0))
    return bound
