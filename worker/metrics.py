"""What a worker counts."""

from prometheus_client import Counter, Gauge, Histogram

from layerwatch.layers import Stage
from layerwatch.verdict import Decision, ModelFacts, Verdict

STEP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
AREA_BUCKETS = (0.0, 0.00001, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
ATTEMPT_BUCKETS = (1, 2, 3)
WAIT_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)

INSPECTIONS = Counter("layerwatch_inspections_total", "Verdicts published by this worker.", ["stage", "decision"])
STEP_SECONDS = Histogram(
    "layerwatch_inspection_step_seconds", "Time in one step of an inspection.", ["step"], buckets=STEP_BUCKETS
)
INSPECTION_SECONDS = Histogram(
    "layerwatch_inspection_seconds", "Job started to verdict published.", ["stage"], buckets=STEP_BUCKETS
)
QUEUE_SECONDS = Histogram("layerwatch_queue_wait_seconds", "Job queued to job started.", buckets=WAIT_BUCKETS)
DEFECT_AREA = Histogram(
    "layerwatch_defect_area_ratio",
    "Share of a layer's judged pixels that are defective; layers that cannot be judged do not count.",
    ["stage"],
    buckets=AREA_BUCKETS,
)
ATTEMPTS = Histogram("layerwatch_inspection_attempts", "Attempts until the verdict.", buckets=ATTEMPT_BUCKETS)
FAILURES = Counter("layerwatch_inspection_failures_total", "Attempts that ended in an error.", ["outcome"])
RECOVERED = Counter("layerwatch_jobs_recovered_total", "Jobs of dead workers that were queued again.")
LAST_VERDICT = Gauge("layerwatch_last_verdict_timestamp_seconds", "When this worker published its last verdict.")
MODEL_INFO = Gauge(
    "layerwatch_model_info", "1 for the model that this worker judges with.", ["bundle", "precision", "backend"]
)
MODEL_SINCE = Gauge("layerwatch_model_since_timestamp_seconds", "When this worker began to judge with its model.")
MODEL_SWAPS = Counter(
    "layerwatch_model_swaps_total", "Times the registry's version was swapped in, or could not be used.", ["outcome"]
)
MODEL_REFUSED = Gauge(
    "layerwatch_model_refused", "1 while the registry's version cannot be used, and the one before it judges."
)
SWAPPED, FAILED = (MODEL_SWAPS.labels(outcome=outcome) for outcome in ("swapped", "failed"))  # there from the start
ARTIFACTS_WRITABLE = Gauge(
    "layerwatch_worker_artifacts_writable", "1 while this worker can write its artifacts; else it inspects nothing."
)
ARTIFACTS_WRITABLE.set(1)
RETRY, UNWRITABLE, REFUSED, GAVE_UP = (
    FAILURES.labels(outcome=outcome) for outcome in ("retry", "unwritable", "refused", "gave_up")
)
for _stage in Stage:
    for _decision in Decision:
        INSPECTIONS.labels(stage=_stage, decision=_decision)


def count_verdict(verdict: Verdict, *, publish_seconds: float) -> None:
    """Count a verdict that was published just now, and how long that took."""
    stage, timing = verdict.stage, verdict.timing
    INSPECTIONS.labels(stage=stage, decision=verdict.decision).inc()
    for step, seconds in timing.seconds.model_dump().items():
        STEP_SECONDS.labels(step=step).observe(seconds)
    STEP_SECONDS.labels(step="publish").observe(publish_seconds)
    ATTEMPTS.observe(verdict.attempt)
    if verdict.decision is not Decision.INVALID:
        DEFECT_AREA.labels(stage=stage).observe(verdict.defect_area_ratio)
    INSPECTION_SECONDS.labels(stage=stage).observe((timing.published - timing.started).total_seconds())
    QUEUE_SECONDS.observe(max(0.0, (timing.started - timing.queued).total_seconds()))
    LAST_VERDICT.set(timing.published.timestamp())


def show_model(facts: ModelFacts) -> None:
    """Make the model the one that the metrics name."""
    MODEL_INFO.clear()
    MODEL_INFO.labels(bundle=facts.bundle, precision=facts.precision, backend=facts.backend).set(1)
    MODEL_SINCE.set_to_current_time()
