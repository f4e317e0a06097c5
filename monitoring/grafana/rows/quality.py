"""What the verdicts say, and which pictures they could not be given for."""

from monitoring.grafana.panels import Row, Unit, lines, stack
from monitoring.grafana.promql import PRINTER, RATE, quantile

ROW = Row(
    title="Quality",
    panels=(
        lines(
            "Not passed",
            "Share of the layer sets of half an hour.",
            Unit.SHARE,
            {
                "{{printer}} {{decision}}": (
                    f'printer_decision:layerwatch_decisions:ratio30m{{decision!="pass", {PRINTER}}}'
                )
            },
        ),
        stack(
            "Rejected and to be reviewed",
            "An hour, by printer.",
            Unit.HOURLY,
            {
                "{{printer}} {{decision}}": (
                    "3600 * sum by (printer, decision) "
                    f'(rate(layerwatch_decisions_total{{decision=~"review|reject", {PRINTER}}}[{RATE}]))'
                )
            },
        ),
        lines(
            "Defective area",
            "Share of the judged pixels of a layer; 95 in 100 layers have less.",
            Unit.SHARE,
            {"{{stage}}": quantile(0.95, "layerwatch_defect_area_ratio_bucket", "stage")},
        ),
        lines(
            "Layers missing, repeated, out of order",
            "As ingest counts them.",
            Unit.COUNT,
            {
                "{{printer}} {{irregularity}}": (
                    f"sum by (printer, irregularity) (layerwatch_ingest_irregular_layers{{{PRINTER}}})"
                )
            },
        ),
        lines(
            "Layer sets that are not whole",
            "An hour, by what was wrong when they were queued.",
            Unit.HOURLY,
            {
                "{{printer}} {{outcome}}": (
                    "3600 * sum by (printer, outcome) (rate(layerwatch_ingest_layer_sets_total"
                    f'{{outcome=~"incomplete|duplicate|unequal|unusable|refused", {PRINTER}}}[{RATE}]))'
                )
            },
        ),
        lines(
            "Events over layers",
            "An hour, by kind.",
            Unit.HOURLY,
            {"{{kind}}": f"3600 * sum by (kind) (rate(layerwatch_events_total[{RATE}]))"},
        ),
    ),
)
