"""What the kernel says of a process."""

import os

import pytest

from layerwatch.machine import (
    TICKS_PER_SECOND,
    Memory,
    cpu_seconds_in,
    describe_machine,
    has_proc,
    memory_in,
    memory_of,
)


def test_cpu_time_is_read_past_a_program_name_with_blanks_and_brackets() -> None:
    fields = ["S", *["0"] * 10, str(3 * TICKS_PER_SECOND), str(2 * TICKS_PER_SECOND), "77"]

    assert cpu_seconds_in(f"4711 (a b) c) {' '.join(fields)}\n") == 5.0


def test_memory_is_what_is_resident_now_and_at_its_highest() -> None:
    status = "Name:\tpython\nVmPeak:\t  900 kB\nVmHWM:\t  300 kB\nVmRSS:\t  200 kB\nThreads:\t3\n"

    assert memory_in(status) == Memory(now=200 * 1024, peak=300 * 1024)


@pytest.mark.skipif(not has_proc(), reason="there is no /proc here")
def test_a_process_is_found_by_its_number() -> None:
    before = memory_of().now  # it may grow while it is looked at

    assert memory_of(os.getpid()).peak >= before > 1_000_000


def test_the_machine_is_told_with_its_python() -> None:
    assert " CPUs of " in describe_machine()
    assert ", Python 3." in describe_machine()
