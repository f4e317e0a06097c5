"""Which model judges, and whether the world moves away from it."""

from monitoring.grafana.panels import Row, Unit, lines
from monitoring.grafana.promql import BUNDLE, PRINTER, RATE

ROW = Row(
    title="Model and drift",
    panels=(
        lines(
            "Model in use",
            "Workers that judge with it.",
            Unit.COUNT,
            {
                "{{bundle}} {{precision}} {{backend}}": (
                    f"count by (bundle, precision, backend) (layerwatch_model_info{{{BUNDLE}}})"
                )
            },
        ),
        lines(
            "Decisions by model",
            "Share of the layer sets of an hour that did not pass.",
            Unit.SHARE,
            {
                "{{bundle}} {{decision}}": (
                    f'bundle_decision:layerwatch_model_decisions:ratio1h{{decision!="pass", {BUNDLE}}}'
                )
            },
        ),
        lines(
            "Swaps of the model",
            "By outcome, and workers that cannot use the promoted one.",
            Unit.COUNT,
            {
                "{{outcome}}": "sum by (outcome) (layerwatch_model_swaps_total)",
                "refuse it now": "sum(layerwatch_model_refused)",
            },
        ),
        lines(
            "Drift of the defect rate",
            "Share of flagged layer sets against the printer's own past; 1 is as ever.",
            Unit.COUNT,
            {"{{printer}}": f"max by (printer) (layerwatch_drift_defect_rate_ratio{{{PRINTER}}})"},
        ),
        lines(
            "Drift of the pictures",
            "How far they are from the printer's own past; 1 is a drift.",
            Unit.COUNT,
            {"{{printer}}": f"max by (printer) (layerwatch_drift_picture_score{{{PRINTER}}})"},
        ),
        lines(
            "Attempts until the verdict",
            "In the mean; 1 is as it should be.",
            Unit.COUNT,
            {
                "attempts": f"sum(rate(layerwatch_inspection_attempts_sum[{RATE}]))"
                f" / sum(rate(layerwatch_inspection_attempts_count[{RATE}]))"
            },
        ),
    ),
)
