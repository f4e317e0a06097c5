"""The simulator's pictures, the starter's verdicts, and what is told about them on a real Redis."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from redis import Redis

from layerwatch.events import Event, EventKind
from layerwatch.layers import Stage
from layerwatch.redis_events import RedisEvents
from layerwatch.verdict import Verdict
from monitoring.over_layers.escalation import Escalation
from monitoring.over_layers.limits import RiskLimits
from monitoring.over_layers.metrics import RiskMetrics
from monitoring.over_layers.watch import BuildWatch

pytestmark = pytest.mark.redis
ROOT = Path(__file__).resolve().parents[3]
SEED = 4
STREAK = ("streak@3-7",)
BLIPS = ("pit@2", "debris@3:recoat", "spatter@5:melt", "super-elevation@6", "pit@8:melt")


def run(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr


def printed(folder: Path, *defects: str) -> list[Verdict]:
    """The verdicts on eight layers with these defects and no others, in the order of printing."""
    asked = [word for defect in defects for word in ("--defect", defect)]
    options = ["--layers", "8", "--size", "640", "--seed", str(SEED), "--defect-rate", "0", "--period", "0"]
    run("simulator", "run", "--out", str(folder / "pictures"), "--write", "plain", *options, *asked)
    inspect = ["--profile", "nist-ammt", "--model", str(ROOT / "models" / "starter"), "--out", str(folder / "found")]
    run("worker", "inspect", str(folder / "pictures"), *inspect)
    verdicts = [Verdict.from_json(path.read_bytes()) for path in (folder / "found").glob("*/verdict.json")]
    return sorted(verdicts, key=lambda verdict: (verdict.layer, verdict.stage is Stage.MELT))


def told(client: Redis, verdicts: list[Verdict]) -> list[Event]:
    """What a recorder's observer tells, which is killed and started again in the middle."""
    channel, half = RedisEvents(client), len(verdicts) // 2
    first = Escalation(BuildWatch(RiskLimits()), channel, RiskMetrics(CollectorRegistry()))
    for verdict in verdicts[:half]:
        first.see(verdict)
    second = Escalation(BuildWatch(RiskLimits()), channel, RiskMetrics(CollectorRegistry()))
    for verdict in verdicts:
        second.see(verdict)
    return [event for _, event in channel.since("0", wait_seconds=0.01)]


def test_a_streak_over_five_layers_puts_the_build_at_risk(any_redis: Redis, tmp_path: Path) -> None:
    verdicts = printed(tmp_path, *STREAK)

    events = told(any_redis, verdicts)

    at_risk = [event for event in events if event.kind is EventKind.BUILD_AT_RISK]
    assert at_risk
    assert len({event.id for event in events}) == len(events) <= 5
    truth = json.loads((tmp_path / "pictures-truth" / "truth.json").read_text())
    streaks = [region["bbox"] for region in truth["layer_sets"]["000005_recoat"]["regions"]]
    for evidence in at_risk[0].evidence:
        assert evidence.bbox is not None
        assert any(overlap(evidence.bbox, streak) for streak in streaks)
        assert {seen.layer for seen in evidence.layers} <= set(range(3, 8))
        assert all((tmp_path / "found" / str(seen.overlay)).is_file() for seen in evidence.layers)


def overlap(one: tuple[int, int, int, int], other: list[int]) -> bool:
    return all(
        max(one[axis], other[axis]) < min(one[axis] + one[axis + 2], other[axis] + other[axis + 2]) for axis in (0, 1)
    )


def test_five_single_blips_are_nobody_s_concern(any_redis: Redis, tmp_path: Path) -> None:
    verdicts = printed(tmp_path, *BLIPS)

    assert sum(bool(verdict.regions) for verdict in verdicts) >= 5
    assert told(any_redis, verdicts) == []
