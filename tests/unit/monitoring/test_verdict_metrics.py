"""What the page counts of the verdicts, and how little whoever publishes them can make of it."""

from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from layerwatch.verdict import Decision, Verdict
from monitoring.metrics import MOST_BUNDLES, MOST_PRINTERS, VerdictMetrics
from monitoring.redis_metrics import MOST_GROUPS, group_metrics
from monitoring.rows import row_of


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def values(registry: CollectorRegistry, name: str, label: str) -> set[str]:
    return {sample.labels[label] for family in registry.collect() for sample in family.samples if sample.name == name}


def test_a_printer_has_all_its_counts_with_its_first_verdict(
    registry: CollectorRegistry, some_verdict: Callable[..., Verdict]
) -> None:
    VerdictMetrics(registry).count(row_of(some_verdict(decision=Decision.REJECT, areas_px=(900,))))

    about = {"printer": "m290", "stage": "melt"}
    assert registry.get_sample_value("layerwatch_decisions_total", {**about, "decision": "reject"}) == 1
    assert registry.get_sample_value("layerwatch_decisions_total", {**about, "decision": "pass"}) == 0
    assert registry.get_sample_value("layerwatch_file_to_verdict_seconds_sum", about) == 1.5
    model = {"bundle": "starter/1", "decision": "review"}
    assert registry.get_sample_value("layerwatch_model_decisions_total", model) == 0


def test_a_verdict_without_a_model_is_counted_for_none(
    registry: CollectorRegistry, some_verdict: Callable[..., Verdict]
) -> None:
    nobody = some_verdict(decision=Decision.INVALID).model_copy(update={"model": None})

    VerdictMetrics(registry).count(row_of(nobody))

    assert values(registry, "layerwatch_decisions_total", "printer") == {"m290"}
    assert values(registry, "layerwatch_model_decisions_total", "bundle") == set()


def test_ever_new_printers_and_models_become_others(
    registry: CollectorRegistry, some_verdict: Callable[..., Verdict]
) -> None:
    metrics, verdict = VerdictMetrics(registry), some_verdict()
    assert verdict.model is not None
    for number in range(3 * MOST_PRINTERS):
        model = verdict.model.model_copy(update={"bundle": f"made-up/{number}"})
        metrics.count(row_of(verdict.model_copy(update={"printer": f"made-up-{number}", "model": model})))

    printers = values(registry, "layerwatch_decisions_total", "printer")
    bundles = values(registry, "layerwatch_model_decisions_total", "bundle")

    assert (len(printers), len(bundles)) == (MOST_PRINTERS + 1, MOST_BUNDLES + 1)
    assert "others" in printers & bundles


def test_a_lag_that_redis_does_not_know_is_left_out_and_groups_are_so_many_at_most() -> None:
    groups = [{"name": f"{number:03d}".encode(), "pending": number, "lag": None} for number in range(2 * MOST_GROUPS)]

    lag, pending = group_metrics([*groups, {"name": b"\xff\x00", "pending": 1, "lag": 5}])

    assert lag.samples == []
    assert [sample.labels["group"] for sample in pending.samples] == [f"{number:03d}" for number in range(MOST_GROUPS)]
