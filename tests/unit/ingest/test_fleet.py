"""Several loops at once."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.feed import Sink
from ingest.fleet import Fleet
from ingest.service import Ingest
from ingest.settings import Printer
from layerwatch.artifacts import ArtifactFolder
from layerwatch.memory import InMemoryQueue, InMemoryResults, InMemorySources
from layerwatch.profile import load_profile


@pytest.fixture
def sink(tmp_path: Path) -> Sink:
    return Sink(
        queue=InMemoryQueue(),
        ledger=InMemoryResults(),
        sources=InMemorySources(),
        artifacts=ArtifactFolder(tmp_path / "artifacts"),
    )


@pytest.fixture
def loop(tmp_path: Path, sink: Sink) -> Callable[[str], Ingest]:
    def build(name: str) -> Ingest:
        root = tmp_path / name
        root.mkdir()
        profile = load_profile("single-light").model_copy(update={"settle_seconds": 0.05})
        return Ingest(
            Printer(name=name, root=root, folder=name, default_build="job", max_depth=2, profile=profile), sink
        )

    return build


def test_what_each_printer_wrote_goes_to_the_queue_by_its_path_below_the_sources(
    tmp_path: Path, sink: Sink, loop: Callable[[str], Ingest], png: Callable[[int], bytes]
) -> None:
    fleet = Fleet({name: loop(name) for name in ("a", "b")})
    for number, name in enumerate(("a", "b")):
        (tmp_path / name / f"x_{number}.png").write_bytes(png(number))

    fleet.run(once=True)

    assert isinstance(sink.queue, InMemoryQueue)
    paths = {message.printer: message.captures[0].path for message in sink.queue.messages}
    assert paths == {"a": "a/x_0.png", "b": "b/x_1.png"}


def test_one_that_stalls_holds_up_no_other(
    tmp_path: Path,
    sink: Sink,
    loop: Callable[[str], Ingest],
    png: Callable[[int], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stalled, released = loop("stalled"), threading.Event()
    monkeypatch.setattr(stalled, "tick", lambda: released.wait(30) and 0.0)
    fleet = Fleet({"stalled": stalled, "b": loop("b")})
    thread = threading.Thread(target=fleet.run)
    thread.start()
    (tmp_path / "b" / "x_1.png").write_bytes(png(1))

    assert isinstance(sink.queue, InMemoryQueue)
    deadline = time.monotonic() + 20
    while not sink.queue.messages and time.monotonic() < deadline:
        time.sleep(0.02)
    fleet.stop()
    released.set()
    thread.join(20)

    assert not thread.is_alive()
    assert [message.printer for message in sink.queue.messages] == ["b"]


def test_one_that_breaks_ends_the_process_with_its_error(
    loop: Callable[[str], Ingest], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = loop("broken"), loop("other")

    def break_down() -> float:
        raise ZeroDivisionError

    monkeypatch.setattr(broken, "tick", break_down)

    with pytest.raises(ZeroDivisionError):
        Fleet({"broken": broken, "other": other}).run()


def test_health_asks_each_printer_by_its_name(loop: Callable[[str], Ingest]) -> None:
    one, two = loop("one"), loop("two")

    assert {*Fleet({"one": one}).source_checks, *Fleet({"one": one}).loop_checks} == {"source", "loop"}
    fleet = Fleet({"one": one, "two": two})
    checks = {**fleet.source_checks, **fleet.loop_checks}
    assert set(checks) == {"source_one", "loop_one", "source_two", "loop_two"}
    assert all(check() for check in checks.values())
    one._printer.root.rmdir()
    assert [name for name, check in checks.items() if not check()] == ["source_one"]
