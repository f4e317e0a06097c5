"""`python -m trainer.jobs.leash train …`: the trainer's command line, which stops when whoever started it is gone.

Its standard input is a pipe that the other end holds open and never writes to. A worker that is killed cannot tell its
child, but the system closes the pipe; the training then saves its state and leaves the work folder to the next worker.
"""

import os
import signal
import sys
import threading

from trainer.__main__ import main
from trainer.memory import keep_freed_memory


def stop_at_end_of_input() -> None:
    """Send this process SIGTERM as soon as its standard input ends."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="leash", daemon=True).start()


if __name__ == "__main__":
    keep_freed_memory(sys.orig_argv[1:], os.environ)
    stop_at_end_of_input()
    sys.exit(main())
