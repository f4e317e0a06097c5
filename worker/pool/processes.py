"""Starting the workers of a pool: the command that a user would type, with settings of their own."""

import os
import socket
import subprocess
import sys

from worker.pool.places import Place
from worker.settings import WorkerSettings

LOOPBACK = "127.0.0.1"


class WorkerProcesses:
    """Starts workers.

    Attributes:
        ports: a worker's name -> where on this machine it serves its /metrics and /health.
    """

    def __init__(self, settings: WorkerSettings, line: int) -> None:
        """Start none yet.

        Args:
            settings: of the pool; what else is in its environment holds for the workers too.
            line: of a lifeline; when it is cut, they stop after the job in hand.
        """
        self.ports: dict[str, int] = {}
        self._line = line
        self._settings = {
            "WORKER_MODEL": settings.model,
            "WORKER_BACKEND": settings.backend,
            "WORKER_METRICS_HOST": LOOPBACK,
        }
        if settings.precision is not None:
            self._settings["WORKER_PRECISION"] = settings.precision

    def start(self, place: Place) -> subprocess.Popen[bytes]:
        """Start a worker; its log goes where that of the pool goes.

        Raises:
            OSError: there can be no further process now.
        """
        port = free_port()
        own = {"WORKER_NAME": place.name, "WORKER_THREADS": str(place.threads), "WORKER_METRICS_PORT": str(port)}
        process = subprocess.Popen(
            [sys.executable, "-m", "worker", "run", "--lifeline", str(self._line)],
            env={**os.environ, **self._settings, **own},
            stdin=subprocess.DEVNULL,
            pass_fds=(self._line,),
            process_group=0,  # Ctrl-C on the terminal is for the pool, which asks them to stop
        )
        self.ports[place.name] = port
        return process


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))
        return int(bound.getsockname()[1])
