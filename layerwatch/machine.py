"""What a measurement says of the machine that it was taken on, and of a process there (Linux: /proc)."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident bytes of a process, now and at their highest."""

    now: int
    peak: int


def describe_machine() -> str:
    """Return processors and Python in words."""
    cpuinfo = Path("/proc/cpuinfo")
    models = [line for line in cpuinfo.read_text().splitlines() if "model name" in line] if cpuinfo.is_file() else []
    name = models[0].split(":", 1)[1].strip() if models else platform.processor()
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cpus} CPUs of {name}, Python {platform.python_version()}"


def has_proc() -> bool:
    return Path("/proc/self/stat").is_file()


def memory_of(process: int | str = "self") -> Memory:
    return memory_in(Path(f"/proc/{process}/status").read_text(encoding="ascii"))


def cpu_seconds_of(process: int | str = "self") -> float:
    return cpu_seconds_in(Path(f"/proc/{process}/stat").read_text(encoding="utf-8"))


def memory_in(status: str) -> Memory:
    """Return VmRSS and VmHWM from /proc/PID/status."""
    kib = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.startswith("Vm")}
    return Memory(now=1024 * int(kib["VmRSS"]), peak=1024 * int(kib["VmHWM"]))


def cpu_seconds_in(stat: str) -> float:
    """Return user and system seconds of all threads from /proc/PID/stat, fields 14 and 15 of proc_pid_stat(5)."""
    after_name = stat.rpartition(")")[2].split()  # the name of a program may hold anything
    return (int(after_name[11]) + int(after_name[12])) / TICKS_PER_SECOND
