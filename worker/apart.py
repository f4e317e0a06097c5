"""Inspecting in a process of its own what may have ended a worker before: a second crash ends only that process."""

import signal
import subprocess
import sys
from dataclasses import dataclass

from layerwatch.errors import ArtifactsUnwritableError, LayerwatchError
from layerwatch.job import InspectLayer
from layerwatch.signals import describe_status
from layerwatch.verdict import Verdict
from worker.lifeline import lifeline

UNWRITABLE = 73  # EX_CANTCREAT: how the process says that no artifact can be written
# What native code ends with; other signals come from outside, as from the system where memory is short.
CRASHES = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE})


class InspectionCrashedError(LayerwatchError):
    """Native code gave up on the pictures; no attempt will go better."""


class InspectionFailedError(LayerwatchError):
    """The inspection ended in an error; trying again may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionApart:
    """Inspects in a new process with this worker's settings; it takes a second or two longer.

    Attributes:
        options: of `python -m worker inspect-apart`.
    """

    options: tuple[str, ...] = ()

    def inspect(self, message: InspectLayer, *, attempt: int) -> Verdict:
        """Return the verdict on a layer set, whose artifacts are then written.

        Raises:
            InspectionCrashedError: native code ended the process.
            ArtifactsUnwritableError: it could not write the artifacts.
            InspectionFailedError: it ended in another error, or was killed.
        """
        with lifeline() as line:
            command = [sys.executable, "-m", "worker", "inspect-apart", "--attempt", str(attempt), *self.options]
            done = subprocess.run(  # noqa: PLW1510 - the status is looked at
                [*command, "--lifeline", str(line)],
                input=message.model_dump_json(by_alias=True).encode(),
                capture_output=True,
                pass_fds=(line,),
            )
        if -done.returncode in CRASHES:
            raise InspectionCrashedError(
                f"the inspection of these pictures crashes ({describe_status(done.returncode)})"
            )
        if done.returncode < 0:
            raise InspectionFailedError(f"the process that inspected was ended by {describe_status(done.returncode)}")
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            told = lines[-1] if lines else describe_status(done.returncode)
            if done.returncode == UNWRITABLE:
                raise ArtifactsUnwritableError(told.removeprefix("error: "))
            raise InspectionFailedError(told)
        return Verdict.from_json(done.stdout)
