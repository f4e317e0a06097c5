"""How long a layer takes, and where."""

from monitoring.grafana.panels import Row, Unit, lines, stack
from monitoring.grafana.promql import PRINTER, quantile

ROW = Row(
    title="Latency by stage",
    panels=(
        lines(
            "File to verdict",
            "Half, and 95 in 100, are faster.",
            Unit.SECONDS,
            {
                "{{printer}} {{stage}} half": quantile(
                    0.5, f"layerwatch_file_to_verdict_seconds_bucket{{{PRINTER}}}", "printer", "stage"
                ),
                "{{printer}} {{stage}} 95 %": quantile(
                    0.95, f"layerwatch_file_to_verdict_seconds_bucket{{{PRINTER}}}", "printer", "stage"
                ),
            },
        ),
        lines(
            "In ingest",
            "95 in 100 are faster: from the file to the queue, and of that from complete to the queue.",
            Unit.SECONDS,
            {
                "{{printer}} {{stage}} file": quantile(
                    0.95, f"layerwatch_ingest_file_to_queued_seconds_bucket{{{PRINTER}}}", "printer", "stage"
                ),
                "{{printer}} {{stage}} complete": quantile(
                    0.95, f"layerwatch_ingest_settled_to_queued_seconds_bucket{{{PRINTER}}}", "printer", "stage"
                ),
            },
        ),
        lines(
            "On the queue and in the worker",
            "95 in 100 are faster.",
            Unit.SECONDS,
            {
                "on the queue": quantile(0.95, "layerwatch_queue_wait_seconds_bucket"),
                "inspection {{stage}}": quantile(0.95, "layerwatch_inspection_seconds_bucket", "stage"),
            },
        ),
        stack(
            "Steps of an inspection",
            "In the mean.",
            Unit.SECONDS,
            {"{{step}}": "step:layerwatch_inspection_step_seconds:mean10m"},
        ),
        lines(
            "Slowest of the steps",
            "95 in 100 are faster.",
            Unit.SECONDS,
            {"{{step}}": "step:layerwatch_inspection_step_seconds:p95_10m"},
        ),
        lines(
            "Scans of the folders",
            "How long the last one took.",
            Unit.SECONDS,
            {"{{printer}}": f"max by (printer) (layerwatch_ingest_scan_seconds{{{PRINTER}}})"},
        ),
    ),
)
