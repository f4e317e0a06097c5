from pathlib import Path

from demo.plan import DemoPlan, Ports
from demo.tally import Tally, tally, written_sets
from layerwatch.layers import LayerKey, Stage
from layerwatch.profile import load_profile


def test_layer_sets_are_counted_from_the_folder(tmp_path: Path) -> None:
    for name in ("A0001a.PNG", "A0001b.PNG", "B0001a.PNG", "notes.txt", ".A0002a.PNG.part"):
        (tmp_path / name).touch()

    found = written_sets(tmp_path, load_profile("nist-ammt"), printer="demo", build="x")

    assert found == {
        LayerKey(printer="demo", build="x", layer=1, stage=Stage.RECOAT),
        LayerKey(printer="demo", build="x", layer=1, stage=Stage.MELT),
    }


def test_a_set_without_verdict_is_lost() -> None:
    key = LayerKey(printer="demo", build="x", layer=1, stage=Stage.MELT)

    assert tally([key], []) == Tally(layer_sets=1, verdicts=0, lost=1, median_seconds=0.0)


def test_the_summary_is_one_line() -> None:
    summary = str(Tally(layer_sets=16, verdicts=16, lost=0, median_seconds=0.4567))

    assert summary == "16 layer sets, 16 verdicts, 0 lost, median file-to-verdict 0.46 s"


def plan(tmp_path: Path, redis_url: str | None) -> DemoPlan:
    ports = Ports(redis=6379, page=8000, ingest=9101, worker=9102, record=9103)
    return DemoPlan(
        run_dir=tmp_path, profile="nist-ammt", layers=8, period=2, size=1000, seed=7,
        source=None, once=True, ports=ports, redis_url=redis_url, build="x",
    )  # fmt: skip


def test_a_redis_of_the_users_own_is_not_started_again(tmp_path: Path) -> None:
    assert "redis" in plan(tmp_path, None).commands()
    assert "redis" not in plan(tmp_path, "redis://:hunter2@host/0").commands()


def test_the_address_of_redis_stands_in_no_command_line(tmp_path: Path) -> None:
    own = plan(tmp_path, "redis://:hunter2@host/0")

    assert not any("hunter2" in command for command in own.commands().values())
    assert "hunter2" not in repr(own)
    assert own.environment()["REDIS_URL"] == "redis://:hunter2@host/0"
