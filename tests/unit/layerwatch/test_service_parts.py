"""Settings, health and command line: what every role is built from."""

import io
import json
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import ClassVar, Literal

import pytest
import structlog
import typer
from prometheus_client import CollectorRegistry, Counter
from pydantic_settings import SettingsConfigDict

from layerwatch.cli import INTERRUPTED, MISUSE, run_app
from layerwatch.errors import ProfileError, SettingsError
from layerwatch.health import health_report, serve_health
from layerwatch.logs import configure_logging
from layerwatch.settings import SharedSettings, load_settings


class SomeSettings(SharedSettings):
    model_config = SettingsConfigDict(env_prefix="SOME_")

    speed: float = 1.0


def test_shared_settings_have_no_prefix_and_own_ones_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", "/srv/artifacts")
    monkeypatch.setenv("SOME_SPEED", "2.5")

    settings = load_settings(SomeSettings)

    assert settings.artifacts_dir == Path("/srv/artifacts")
    assert settings.speed == 2.5


def test_an_option_wins_over_the_environment_unless_it_was_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SPEED", "2.5")

    assert load_settings(SomeSettings, speed=3.0).speed == 3.0
    assert load_settings(SomeSettings, speed=None).speed == 2.5


def test_a_bad_setting_is_named_as_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SPEED", "fast")
    monkeypatch.setenv("LOG_FORMAT", "xml")

    with pytest.raises(SettingsError, match=r"(?s)LOG_FORMAT.*SOME_SPEED|SOME_SPEED.*LOG_FORMAT"):
        load_settings(SomeSettings)


def test_a_password_in_the_address_of_redis_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@redis:6379/0")

    settings = load_settings(SomeSettings)

    assert "hunter2" in settings.redis_url
    assert "hunter2" not in repr(settings)


def broken() -> bool:
    raise ConnectionError


def test_a_check_that_raises_is_a_check_that_fails() -> None:
    healthy, report = health_report({"redis": broken, "folder": lambda: True})

    assert not healthy
    assert report == {"status": "failing", "checks": {"redis": False, "folder": True}}


def test_health_and_metrics_answer_over_http() -> None:
    registry = CollectorRegistry()
    Counter("layerwatch_tests_total", "Tests.", registry=registry).inc()

    with serve_health(0, checks={"self": lambda: True}, registry=registry) as port:
        health = urllib.request.urlopen(f"http://127.0.0.1:{port}/health").read()
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()

    assert json.loads(health) == {"status": "ok", "checks": {"self": True}}
    assert "layerwatch_tests_total 1.0" in metrics


def test_a_role_that_is_not_well_answers_503() -> None:
    with serve_health(0, checks={"redis": broken}, registry=CollectorRegistry()) as port:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health")
        caught.value.close()

    assert caught.value.code == 503


def test_what_a_role_waits_for_does_not_make_it_dead() -> None:
    alive = {"loop": lambda: True}
    with serve_health(0, checks={"redis": broken}, live=alive, registry=CollectorRegistry()) as port:
        live = urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live").read()
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready")
        ready = json.load(caught.value)
        caught.value.close()

    assert json.loads(live) == {"status": "ok", "checks": {"loop": True}}
    assert (caught.value.code, ready["checks"]) == (503, {"redis": False, "loop": True})


def test_a_check_that_hangs_fails_and_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerwatch.health.CHECK_SECONDS", 0.05)
    goes_on = threading.Event()
    checks = {"share": goes_on.wait, "redis": lambda: True}
    with serve_health(0, checks=checks, registry=CollectorRegistry()) as port:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health")
        report = json.load(caught.value)
        caught.value.close()
        goes_on.set()

    assert report["checks"] == {"share": False, "redis": True}


def test_a_port_in_use_is_told_with_a_way_out() -> None:
    with (
        serve_health(0, checks={}, registry=CollectorRegistry()) as port,
        pytest.raises(SettingsError, match=f"{port}.*METRICS_PORT"),
        serve_health(port, checks={}, registry=CollectorRegistry()),
    ):
        pass


def app_that(raises: BaseException | None) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def work() -> None:
        if raises is not None:
            raise raises

    return app


def test_an_expected_error_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(app_that(ProfileError("no such profile")), []) == MISUSE
    assert capsys.readouterr().err == "error: no such profile\n"


def test_ctrl_c_is_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(app_that(KeyboardInterrupt()), []) == INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err


def test_an_exit_status_is_passed_on() -> None:
    assert run_app(app_that(typer.Exit(7)), []) == 7
    assert run_app(app_that(None), []) == 0


def test_an_unknown_option_is_misuse() -> None:
    assert run_app(app_that(None), ["--nonsense"]) == MISUSE


def test_a_bug_stays_a_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run_app(app_that(ZeroDivisionError()), [])


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_logged_traceback_shows_no_local_variables(
    log_format: Literal["console", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "hunter" + "2"
    configure_logging(log_format)

    try:
        raise_with(secret)
    except ZeroDivisionError:
        structlog.get_logger().exception("it_broke", redis="away")

    written = capsys.readouterr().err
    assert "it_broke" in written
    assert "ZeroDivisionError" in written
    assert secret not in written


def raise_with(password: str) -> float:
    return len(password) / 0


def test_a_logged_line_is_one_write_so_that_processes_can_share_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unbuffered(io.StringIO):
        writes: ClassVar[list[str]] = []

        def write(self, text: str) -> int:
            self.writes.append(text)
            return len(text)

    monkeypatch.setattr("sys.stderr", Unbuffered())
    configure_logging("json")

    structlog.get_logger().info("layer_inspected", layer=3)

    (line,) = Unbuffered.writes
    assert json.loads(line)["event"] == "layer_inspected"
    assert line.endswith("}\n")
