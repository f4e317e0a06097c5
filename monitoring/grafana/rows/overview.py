"""What somebody sees first: does it run, what does it say."""

from monitoring.grafana.panels import Row, Unit, lines, number, stack
from monitoring.grafana.promql import PRINTER, RATE

ROW = Row(
    title="Overview",
    panels=(
        number("Redis", "1 while Redis answers.", Unit.COUNT, "min(layerwatch_redis_up)", red_below=1),
        number(
            "Workers",
            "That live, on all machines.",
            Unit.COUNT,
            'sum(layerwatch_workers{state=~"idle|busy"})',
            red_below=1,
        ),
        number("Waiting", "Layer sets on the queue.", Unit.COUNT, 'sum(layerwatch_queue_jobs{state="queued"})'),
        number("Since the last verdict", "Of any printer.", Unit.SECONDS, "min(layerwatch_last_verdict_age_seconds)"),
        number(
            "Builds at risk",
            "As the layers over each other say.",
            Unit.COUNT,
            "sum(layerwatch_builds_at_risk)",
            red_from=1,
        ),
        number(
            "Rejected",
            "Layer sets in the time that is shown.",
            Unit.COUNT,
            f'sum(increase(layerwatch_decisions_total{{decision="reject", {PRINTER}}}[$__range]))',
            red_from=1,
        ),
        stack(
            "Verdicts",
            "An hour, by decision.",
            Unit.HOURLY,
            {"{{decision}}": f"3600 * sum by (decision) (rate(layerwatch_decisions_total{{{PRINTER}}}[{RATE}]))"},
        ),
        lines(
            "File to verdict",
            "From the printer's last write to the published verdict, of 95 in 100.",
            Unit.SECONDS,
            {"{{printer}}": f"printer:layerwatch_file_to_verdict_seconds:p95_10m{{{PRINTER}}}"},
        ),
        lines(
            "Alerts",
            "That are firing; docs/runbook.md says what to do.",
            Unit.COUNT,
            {"{{severity}} {{alertname}}": 'sum by (severity, alertname) (ALERTS{alertstate="firing"})'},
        ),
    ),
)
