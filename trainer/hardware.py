"""What a network is trained on: Lightning Fabric knows the devices and lets several of them share the work."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerwatch.errors import TrainingError

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What to train on.

    Attributes:
        device: auto (the fastest there is), cpu, cuda or mps.
        devices: how many of them on each machine; 0 for all.
        nodes: machines; the same command is started on each.
        strategy: of Lightning, by which several devices share the work.
        threads: of the CPU, for each process; None for all that it may use.
    """

    device: str = "auto"
    devices: int = 1
    nodes: int = 1
    strategy: str = "auto"
    threads: int | None = None

    @property
    def cpu_threads(self) -> int:
        """How many threads one process takes; the processes of a CPU divide them."""
        processes = max(1, self.devices) if self.device == "cpu" else 1
        return self.threads or max(1, len(os.sched_getaffinity(0)) // processes)

    def start(self, *, mixed_precision: bool) -> "Fabric":
        """Return the launched Fabric; with several devices, each process comes here.

        Raises:
            TrainingError: there is no such device or strategy here.
        """
        from lightning_fabric import Fabric  # noqa: PLC0415 - torch takes seconds to import

        try:
            fabric = Fabric(
                accelerator=self.device,
                devices=self.devices or "auto",
                num_nodes=self.nodes,
                strategy=self.strategy,
                precision="bf16-mixed" if mixed_precision else "32-true",
            )
        except (RuntimeError, ValueError, TypeError) as error:
            raise TrainingError(f"this machine cannot train on {self}: {error}") from error
        fabric.launch()
        return fabric

    def __str__(self) -> str:
        return f"{self.devices or 'all'} x {self.device}, {self.nodes} nodes, strategy {self.strategy}"
