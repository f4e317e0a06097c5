"""Inspecting in a process of its own what may have ended a worker before: a second crash ends only that process."""

import subprocess
import sys
from dataclasses import dataclass

from layerwatch.errors import LayerwatchError
from layerwatch.job import InspectLayer
from layerwatch.signals import describe_status
from layerwatch.verdict import Verdict


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
            InspectionCrashedError: a signal ended the process.
            InspectionFailedError: it ended in an error.
        """
        command = [sys.executable, "-m", "worker", "inspect-apart", "--attempt", str(attempt), *self.options]
        done = subprocess.run(command, input=message.model_dump_json(by_alias=True).encode(), capture_output=True)  # noqa: PLW1510 - the status is looked at
        if done.returncode < 0:
            raise InspectionCrashedError(
                f"the inspection of these pictures crashes ({describe_status(done.returncode)})"
            )
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise InspectionFailedError(lines[-1] if lines else describe_status(done.returncode))
        return Verdict.from_json(done.stdout)
