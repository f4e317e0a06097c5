"""The dashboard as Grafana wants it, built with Grafana's own SDK."""

from itertools import count
from typing import Final

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models

from monitoring.grafana.panels import Kind, Panel
from monitoring.grafana.rows import ROWS

DATASOURCE: Final = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
GREEN, RED = "green", "red"

# A worker that swapped its model says since when it judges with it; a worker that was only started did not swap.
PROMOTIONS: Final = (
    "max by (bundle) (layerwatch_model_since_timestamp_seconds"
    " * on (job, instance, worker) group_left (bundle) layerwatch_model_info"
    ' and on (job, instance, worker) layerwatch_model_swaps_total{outcome="swapped"} > 0) * 1000'
)


def layerwatch_json() -> str:
    """Return the dashboard as the text of layerwatch.json."""
    encoder = JSONEncoder(sort_keys=True, indent=2)
    return f"{encoder.encode(layerwatch_dashboard())}\n"


def layerwatch_dashboard() -> models.Dashboard:
    page = (
        dashboard.Dashboard("layerwatch")
        .uid("layerwatch")
        .description("Made by python -m monitoring.grafana; change the rows there, not here.")
        .tags(["layerwatch"])
        .refresh("15s")
        .time("now-6h", "now")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .annotation(_promotions())
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(_variable("printer", "label_values(layerwatch_ingest_source_up, printer)"))
        .with_variable(_variable("bundle", "label_values(layerwatch_model_info, bundle)"))
    )
    numbers = count(1)
    for row in ROWS:
        page.with_row(dashboard.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            drawn = _number(panel) if panel.kind is Kind.NUMBER else _series(panel)
            page.with_panel(drawn.id(next(numbers)))
    return page.build()


def _variable(name: str, query: str) -> dashboard.QueryVariable:
    every = models.VariableOption(selected=True, text="All", value="$__all")
    return (
        dashboard.QueryVariable(name)
        .label(name.capitalize())
        .datasource(DATASOURCE)
        .query(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(every)
    )


def _promotions() -> dashboard.AnnotationQuery:
    return (
        dashboard.AnnotationQuery()
        .name("Promotions")
        .datasource(DATASOURCE)
        .enable(enable=True)
        .icon_color("purple")
        .expr(PROMOTIONS)
        .step("60s")
        .use_value_for_time(use_value_for_time=True)
        .title_format("{{bundle}} judges")
    )


def _number(panel: Panel) -> stat.Panel:
    return (
        stat.Panel()
        .title(panel.title)
        .description(panel.says)
        .datasource(DATASOURCE)
        .unit(panel.unit)
        .height(4)
        .span(4)
        .reduce_options(parts.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_limits(panel))
        .targets(_targets(panel))
    )


def _limits(panel: Panel) -> dashboard.ThresholdsConfig:
    base = RED if panel.red_below is not None else GREEN
    steps = [models.Threshold(value=None, color=base)]
    steps += [models.Threshold(value=panel.red_below, color=GREEN)] if panel.red_below is not None else []
    steps += [models.Threshold(value=panel.red_from, color=RED)] if panel.red_from is not None else []
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _series(panel: Panel) -> timeseries.Panel:
    drawn = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.says)
        .datasource(DATASOURCE)
        .unit(panel.unit)
        .min(0)
        .height(8)
        .span(8)
        .fill_opacity(10)
        .show_points(common.VisibilityMode.NEVER)
        .legend(
            parts.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(show_legend=True)
        )
        .tooltip(parts.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
        .targets(_targets(panel))
    )
    if panel.kind is Kind.STACK:
        drawn.stacking(parts.StackingConfig().mode(common.StackingMode.NORMAL)).fill_opacity(60)
    return drawn


def _targets(panel: Panel) -> list[Builder[variants.Dataquery]]:
    queries = [
        prometheus.Dataquery().ref_id(chr(ord("A") + place)).datasource(DATASOURCE).expr(expr).legend_format(legend)
        for place, (legend, expr) in enumerate(panel.queries.items())
    ]
    # A number is that of now, or none: not the last one before whoever counts went away.
    return [query.instant() if panel.kind is Kind.NUMBER else query for query in queries]
