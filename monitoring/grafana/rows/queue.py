"""What waits, what was given up, and who reads the verdicts."""

from monitoring.grafana.panels import Row, Unit, lines
from monitoring.grafana.promql import PRINTER, RATE

ROW = Row(
    title="Queue and dead letters",
    panels=(
        lines(
            "Jobs",
            "`failed` are the dead letters: python -m ingest quarantine list",
            Unit.COUNT,
            {"{{state}}": "sum by (state) (layerwatch_queue_jobs)"},
        ),
        lines(
            "Oldest job",
            "For how long it has waited on the queue.",
            Unit.SECONDS,
            {"oldest": "max(layerwatch_queue_oldest_job_age_seconds)"},
        ),
        lines(
            "Attempts that failed, jobs that were taken over",
            "An hour.",
            Unit.HOURLY,
            {
                "{{outcome}}": f"3600 * sum by (outcome) (rate(layerwatch_inspection_failures_total[{RATE}]))",
                "taken over": f"3600 * sum(rate(layerwatch_jobs_recovered_total[{RATE}]))",
            },
        ),
        lines(
            "Waiting in the folders",
            "Layer sets that are not on the queue yet, and pictures that are not finished.",
            Unit.COUNT,
            {
                "{{printer}} for {{reason}}": (
                    f"sum by (printer, reason) (layerwatch_ingest_pending_layer_sets{{{PRINTER}}})"
                ),
                "{{printer}} pictures": f"sum by (printer) (layerwatch_ingest_pending_files{{{PRINTER}}})",
            },
        ),
        lines(
            "Readers of the stream",
            "Verdicts that a consumer group was not given, or has not acknowledged; that the history lacks.",
            Unit.COUNT,
            {
                "{{group}} not given": "max by (group) (layerwatch_verdict_stream_group_lag)",
                "{{group}} not acknowledged": "max by (group) (layerwatch_verdict_stream_group_pending)",
                "history": "max(layerwatch_history_lag_verdicts)",
            },
        ),
        lines(
            "Verdicts that the stream holds",
            "The artifacts hold all.",
            Unit.COUNT,
            {"verdicts": "max(layerwatch_verdict_stream_length)"},
        ),
    ),
)
