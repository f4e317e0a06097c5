"""CPU quota, stopwatch and settings."""

from pathlib import Path

import pytest

from layerwatch.errors import SettingsError
from layerwatch.settings import load_settings
from worker.cpus import cpu_quota, usable_cpus
from worker.settings import WorkerSettings
from worker.stopwatch import Stopwatch


@pytest.mark.parametrize(("text", "expected"), [("150000 100000\n", 1.5), ("max 100000\n", None), ("nonsense", None)])
def test_the_quota_of_cgroup_2(tmp_path: Path, text: str, expected: float | None) -> None:
    (tmp_path / "cpu.max").write_text(text, encoding="ascii")

    assert cpu_quota(tmp_path) == expected


@pytest.mark.parametrize(("quota", "expected"), [("50000\n", 0.5), ("-1\n", None)])
def test_the_quota_of_cgroup_1(tmp_path: Path, quota: str, expected: float | None) -> None:
    folder = tmp_path / "cpu"
    folder.mkdir()
    (folder / "cpu.cfs_quota_us").write_text(quota, encoding="ascii")
    (folder / "cpu.cfs_period_us").write_text("100000\n", encoding="ascii")

    assert cpu_quota(tmp_path) == expected


def test_half_a_cpu_is_one_thread(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("50000 100000\n", encoding="ascii")

    assert usable_cpus(tmp_path) == 1


def test_without_a_cgroup_the_affinity_counts(tmp_path: Path) -> None:
    assert usable_cpus(tmp_path) >= 1


def test_a_step_inside_another_counts_for_itself_only() -> None:
    moments = iter([0.0, 2.0, 5.0, 6.0])
    watch = Stopwatch(lambda: next(moments))

    with watch.step("postprocess"), watch.step("inference"):
        pass

    assert watch.seconds().postprocess == pytest.approx(3.0)
    assert watch.seconds().inference == pytest.approx(3.0)


def test_steps_of_one_name_add_up() -> None:
    moments = iter([0.0, 2.0, 10.0, 11.0])
    watch = Stopwatch(lambda: next(moments))

    for _ in range(2):
        with watch.step("read"):
            pass

    assert watch.seconds().read == pytest.approx(3.0)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_PRECISION", "float32")
    monkeypatch.setenv("WORKER_NAME", "hall-2")

    settings = load_settings(WorkerSettings)

    assert settings.precision == "float32"
    assert settings.name == "hall-2"


def test_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_PRECISION", "int4")

    with pytest.raises(SettingsError, match="WORKER_PRECISION"):
        load_settings(WorkerSettings)


def test_a_worker_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "hall_2.example.org")

    assert load_settings(WorkerSettings).name == "hall-2-example-org"


def test_limits_come_from_the_environment_where_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_REVIEW_PX", "30")
    monkeypatch.setenv("WORKER_REJECT_MM2", "2.5")

    assert load_settings(WorkerSettings).limits == {"review_px": 30, "reject_mm2": 2.5}


def test_a_limit_that_no_region_can_reach_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_REJECT_PX", "0")

    with pytest.raises(SettingsError, match="WORKER_REJECT_PX"):
        load_settings(WorkerSettings)


@pytest.mark.parametrize(("heartbeat", "dead_after", "beat"), [("3", "15", 3.0), ("3", "5", 5 / 3), ("8", "6", 2.0)])
def test_a_heartbeat_that_comes_late_is_no_death(
    monkeypatch: pytest.MonkeyPatch, heartbeat: str, dead_after: str, beat: float
) -> None:
    monkeypatch.setenv("WORKER_HEARTBEAT_SECONDS", heartbeat)
    monkeypatch.setenv("WORKER_DEAD_AFTER_SECONDS", dead_after)

    assert load_settings(WorkerSettings).beat_seconds == pytest.approx(beat)
