"""The pure parts of what times ingest: nothing here is timed."""

from bench.frames import LIGHTS, PROFILE, pictures_of
from bench.ingest_process import TICKS_PER_SECOND, Memory, cpu_seconds_in, memory_in
from layerwatch.profile import load_profile


def test_every_picture_of_a_backlog_differs_and_is_of_the_printer() -> None:
    profile = load_profile(PROFILE)

    pictures = list(pictures_of(range(21_840, 21_850), profile))  # the counter passes 2^16 in these

    assert len(profile.expected_lights) == LIGHTS
    assert pictures[0][0] == "B0840a.PNG"
    assert len({content for _, content in pictures}) == len({name for name, _ in pictures}) == 10 * LIGHTS


def test_cpu_time_is_read_past_a_program_name_with_blanks_and_brackets() -> None:
    fields = ["S", *["0"] * 10, str(3 * TICKS_PER_SECOND), str(2 * TICKS_PER_SECOND), "77"]

    assert cpu_seconds_in(f"4711 (a b) c) {' '.join(fields)}\n") == 5.0


def test_memory_is_what_is_resident_now_and_at_its_highest() -> None:
    status = "Name:\tpython\nVmPeak:\t  900 kB\nVmHWM:\t  300 kB\nVmRSS:\t  200 kB\nThreads:\t3\n"

    assert memory_in(status) == Memory(now=200 * 1024, peak=300 * 1024)
